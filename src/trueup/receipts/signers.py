"""Signers: the file of allowed signers in git's format, and its verdict on a receipt's signature.

Format: ALLOWED SIGNERS in the manual of ssh-keygen.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from trueup.errors import BadInput
from trueup.message import Message
from trueup.model import Policy
from trueup.place import Place
from trueup.receipts.chain import Link, read_plain
from trueup.receipts.signature import (
    KEY_TYPES,
    NAMESPACE,
    fingerprint,
    parse_key,
    parse_signature,
)

LARGEST_FILE = 64_000
"""Bytes of a file of signers: some hundred keys."""
_FIELD = re.compile(r'(?:[^\s"]|"[^"]*")+')
_COMMA = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')  # outside of quotes
_TIMES = {9: "%Y%m%dZ", 13: "%Y%m%d%H%MZ", 15: "%Y%m%d%H%M%SZ"}
"""The forms of a time by their length."""


@dataclass(frozen=True)
class Signer:
    """A line of the file: a key, with where and when it is valid. Both times are inclusive."""

    line: int
    blob: bytes
    principals: str
    namespaces: str | None = None
    valid_after: datetime | None = None
    valid_before: datetime | None = None

    def is_valid_at(self, at: datetime) -> bool:
        """Return whether the key is valid at a time."""
        is_early = self.valid_after is not None and at < self.valid_after
        return not is_early and (self.valid_before is None or at <= self.valid_before)

    def covers(self, namespace: str) -> bool:
        """Return whether the key may sign in a namespace."""
        return self.namespaces is None or _is_listed(namespace, self.namespaces)

    @property
    def terms(self) -> tuple[object, ...]:
        """Everything in the line but its place."""
        times = (self.valid_after, self.valid_before)
        return (fingerprint(self.blob), self.principals, self.namespaces, *times)


@dataclass(frozen=True)
class Signers:
    """The allowed signers, with what is wrong in their file; a line with a problem allows none."""

    path: str
    allowed: tuple[Signer, ...] = ()
    problems: tuple[Message, ...] = ()

    def fault(self, link: Link, site: str | None, now: datetime | None = None) -> str | None:
        """Return why a receipt is not signed by one of them for the site, or None.

        With `now`, the key must be valid then too, not only at the time of the receipt.
        """
        assert link.receipt is not None
        if link.signature is None:
            return "has no signature"
        signature = parse_signature(link.signature)
        if signature is None:
            return "has a signature that is not valid"
        if signature.namespace != NAMESPACE.encode():
            return f"is signed for another namespace than {NAMESPACE}"
        own = [signer for signer in self.allowed if signer.blob == signature.blob]
        if not own:
            return f"is signed by {fingerprint(signature.blob)}, which is not in {self.path}"
        if not signature.is_of(link.content):
            return "has a signature of another content"
        if link.receipt.site != site:
            return f"is signed for the site {link.receipt.site!r}, expected {site!r}"
        times = [at for at in (*(tried.at for tried in link.receipt.attempts), now) if at]
        if not any(
            signer.covers(NAMESPACE) and all(map(signer.is_valid_at, times)) for signer in own
        ):
            line = f"line {own[0].line} of {self.path}"
            return f"is signed by a key that {line} does not allow for it"
        return None


def load_signers(top: Path, policy: Policy) -> Signers | None:
    """Return the signers that a policy names, None where it names none.

    A file that cannot be used allows nobody, and is one problem.
    """
    if policy.signers is None:
        return None
    content = read_plain(top / policy.signers, top, LARGEST_FILE)
    return parse_signers(content, policy.signers)


def parse_signers(content: bytes | None, path: str) -> Signers:
    """Return the signers of a file's content, None where it could not be read."""
    allowed, problems = [], []
    for number, line in enumerate((content or b"").decode(errors="replace").split("\n"), 1):
        if line.strip() and not line.strip().startswith("#"):
            try:
                allowed.append(_signer(line, Place(path, number)))
            except BadInput as error:
                problems.append(error.message)
    if not allowed and not problems:
        problem, fix = "it allows no signer", "Add a line with a public key."
        if content is None:
            problem = f"no file of the repository, or larger than {LARGEST_FILE} bytes"
            fix = "Add the file, or correct signers of the policy."
        problems.append(Message(Place(path), problem, fix))
    return Signers(path, tuple(allowed), tuple(problems))


def changed_signers(old: Signers, new: Signers) -> Iterator[tuple[int, str]]:
    """Yield the line (0 for none) and the text of each difference between two files of signers."""
    was = {signer.terms: signer for signer in old.allowed}
    now = {signer.terms: signer for signer in new.allowed}
    old_keys, new_keys = ({one.blob for one in file.values()} for file in (was, now))
    for terms, signer in now.items():
        if terms not in was:
            change = "changed" if signer.blob in old_keys else "added"
            yield signer.line, f"the signer {fingerprint(signer.blob)} was {change}"
    for terms, signer in was.items():
        if terms not in now and signer.blob not in new_keys:
            yield 0, f"the signer {fingerprint(signer.blob)} was removed"


def _signer(text: str, place: Place) -> Signer:
    """Return the signer of a line. Raises BadInput."""
    fields = _FIELD.findall(text)
    options = ""
    if len(fields) > 2 and not re.match("(ssh|ecdsa|sk)-", fields[1]):
        options = fields.pop(1)
    if len(fields) < 3 or text.count('"') % 2:
        fix = "Write principals, options, key type and key."
        raise BadInput(place, "not a line of allowed signers", fix)
    principals, key_type, encoded = fields[:3]
    key = parse_key(key_type, encoded)
    if key is None:
        fix = f"Copy the line of the .pub file again; types are {', '.join(KEY_TYPES)}."
        raise BadInput(place, f"not a whole public key of a supported type ({key_type})", fix)
    found = _options(options, place)
    times = [_moment(found, name, place) for name in ("valid-after", "valid-before")]
    return Signer(place.line, key[1], principals, found.get("namespaces"), *times)


def _options(text: str, place: Place) -> dict[str, str]:
    """Return the options by name in small letters. Raises BadInput."""
    found: dict[str, str] = {}
    for option in _COMMA.split(text) if text else ():
        name, equals, value = option.partition("=")
        name = name.lower()
        if name not in ("namespaces", "valid-after", "valid-before") or not equals:
            fix = "Remove it; only namespaces, valid-after and valid-before are supported."
            raise BadInput(place, f"the option {name!r} is not supported", fix)
        if name in found:
            raise BadInput(place, f"the option {name} is given twice", "Remove one.")
        found[name] = value.removeprefix('"').removesuffix('"')
    return found


def _moment(options: dict[str, str], name: str, place: Place) -> datetime | None:
    text = options.get(name)
    if text is None:
        return None
    with suppress(ValueError):
        return datetime.strptime(text, _TIMES.get(len(text), "")).replace(tzinfo=UTC)
    problem = f"{name} is {text!r}, expected a time in UTC"
    raise BadInput(place, problem, "Write YYYYMMDDZ or YYYYMMDDHHMMSSZ.")


def _is_listed(name: str, patterns: str) -> bool:
    """Return whether a list of patterns has a name; `!` before a pattern excludes it."""
    fitting = [
        pattern
        for pattern in patterns.split(",")
        if fnmatchcase(name, pattern.removeprefix("!").replace("[", "[[]"))
    ]
    return bool(fitting) and not any(pattern.startswith("!") for pattern in fitting)
