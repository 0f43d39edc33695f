"""Signers: the file of allowed signers in git's format, and its verdict on a receipt's signature.

Format: ALLOWED SIGNERS in the manual of ssh-keygen.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from trueup.message import Message
from trueup.model import Policy
from trueup.place import Place
from trueup.receipts.chain import Link, read_file
from trueup.receipts.signature import (
    KEY_TYPES,
    NAMESPACE,
    PublicKey,
    fingerprint,
    parse_key,
    parse_signature,
)

LARGEST_FILE = 64_000
"""Bytes of a file of signers: some hundred keys."""
_FIELD = re.compile(r'(?:[^\s"]|"[^"]*")+')
_OPTION = re.compile(r'([A-Za-z-]+)(?:="([^"]*)"|=([^",]*))?(?:,|$)')
_MOMENT = re.compile(r"(\d{8})(\d{4}(?:\d\d)?)?Z")


@dataclass(frozen=True)
class Signer:
    """A line of the file: a key, with where and when it is valid. Both times are inclusive."""

    line: int
    key: PublicKey
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
        own = [signer for signer in self.allowed if signer.blob == signature.key]
        if not own:
            return f"is signed by {fingerprint(signature.key)}, which is not in {self.path}"
        if not signature.is_of(link.content, own[0].key):
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
    file = top / policy.signers
    try:
        is_inside = file.resolve().is_relative_to(top.resolve())
    except (OSError, RuntimeError, ValueError):  # RuntimeError: a loop of links
        is_inside = False
    content = read_file(file, LARGEST_FILE) if is_inside else None
    return parse_signers(content, policy.signers)


def parse_signers(content: bytes | None, path: str) -> Signers:
    """Return the signers of a file's content, None where it could not be read."""
    where, text = Place(path), None
    if content is not None:
        try:
            text = content.decode()
        except UnicodeDecodeError:
            return Signers(path, (), (Message(where, "not valid UTF-8", "Save it as UTF-8."),))
    if text is None:
        problem = f"no file of the repository, or larger than {LARGEST_FILE} bytes"
        fix = "Add the file, or correct signers of the policy."
        return Signers(path, (), (Message(where, problem, fix),))
    allowed, problems = [], []
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.strip()
        if not fields or fields.startswith("#"):
            continue
        signer = _signer(fields, number)
        if isinstance(signer, Signer):
            allowed.append(signer)
        else:
            problems.append(Message(Place(path, number), *signer))
    if not allowed and not problems:
        problems.append(Message(where, "it allows no signer", "Add a line with a public key."))
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


def _signer(text: str, line: int) -> Signer | tuple[str, str]:
    """Return the signer of a line, or the problem and the fix."""
    fields = _FIELD.findall(text)
    options = ""
    if len(fields) > 2 and not re.match("(ssh|ecdsa|sk)-", fields[1]):
        options = fields.pop(1)
    if len(fields) < 3 or " ".join(text.split()).count('"') % 2:
        return "not a line of allowed signers", "Write principals, options, key type and key."
    principals, key_type, encoded = fields[:3]
    if key_type not in KEY_TYPES:
        return f"keys of type {key_type} are not supported", f"Use one of {', '.join(KEY_TYPES)}."
    parsed = parse_key(key_type, encoded)
    if parsed is None:
        return f"not a public key of type {key_type}", "Copy the line of the .pub file again."
    found = _options(options)
    if isinstance(found, tuple):
        return found
    namespaces = found.get("namespaces")
    times: dict[str, datetime] = {}
    for name in ("valid-after", "valid-before"):
        if name in found:
            moment = _moment(found[name])
            if moment is None:
                problem = f"{name} is {found[name]!r}, expected a time in UTC"
                return problem, "Write YYYYMMDDZ or YYYYMMDDHHMMSSZ."
            times[name] = moment
    after, before = times.get("valid-after"), times.get("valid-before")
    return Signer(line, *parsed, principals, namespaces, after, before)


def _options(text: str) -> dict[str, str] | tuple[str, str]:
    """Return the options by name in small letters, or the problem and the fix."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        option = _OPTION.match(text, at)
        if option is None:
            return "the options cannot be read", 'Write them as name="value", without spaces.'
        name, value = option[1].lower(), option[2] if option[2] is not None else option[3]
        if name not in ("namespaces", "valid-after", "valid-before") or value is None:
            fix = "Remove it; only namespaces, valid-after and valid-before are supported."
            return f"the option {name} is not supported", fix
        if name in found:
            return f"the option {name} is given twice", "Remove one."
        found[name] = value
        at = option.end()
    return found


def _moment(text: str) -> datetime | None:
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    try:
        return datetime.strptime(f"{found[1]}{found[2] or '0000':0<6}", "%Y%m%d%H%M%S").replace(
            tzinfo=UTC
        )
    except ValueError:
        return None


def _is_listed(name: str, patterns: str) -> bool:
    """Return whether a list of patterns has a name; `!` before a pattern excludes it."""
    is_listed = False
    for pattern in patterns.split(","):
        parts = {"*": ".*", "?": "."}
        regex = "".join(parts.get(one, re.escape(one)) for one in pattern.removeprefix("!"))
        if re.fullmatch(regex, name):
            if pattern.startswith("!"):
                return False
            is_listed = True
    return is_listed
