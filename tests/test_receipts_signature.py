"""Signatures of receipts: their format, the file of allowed signers, and the verdict of both."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from signing import KEY, STRANGER, armored, public, signed, string

from trueup.model import Policy, Sent, Source
from trueup.receipts import Attempt, Link, RetestReceipt, changed_signers, load_signers
from trueup.receipts.signature import NAMESPACE, parse_key, parse_signature
from trueup.receipts.signers import Signers, parse_signers

REAL = Path(__file__).with_name("signatures")
AT = datetime(2026, 4, 20, 12, tzinfo=UTC)
SENT = Sent(base_url="https://api.example.com", request="GET /v1/x", auth="bearer", body={})
RECEIPT = RetestReceipt(
    site="docs.example.com",
    endpoint="acorn/images",
    target="production",
    language="curl",
    block="curl",
    sha256=sha256(b"curl").hexdigest(),
    containment="namespace",
    attempts=(Attempt(at=AT, outcome="output", sent=SENT),),
)
CONTENT = RECEIPT.render().encode()


def signers(*lines: str) -> Signers:
    return parse_signers("\n".join(lines).encode(), "signers")


def link(signature: bytes | None, receipt: RetestReceipt = RECEIPT) -> Link:
    source = Source(receipt=receipt.path, sha256="0" * 64)
    content = receipt.render().encode()
    return Link(source, Path(receipt.path), content, None, receipt, signature)


@pytest.mark.parametrize("name", ["ed25519", "nistp256", "nistp384", "nistp521"])
def test_a_signature_of_ssh_keygen_is_valid_for_its_content_alone(name: str) -> None:
    key_type, encoded = (REAL / f"{name}.pub").read_text().split()[:2]
    key = parse_key(key_type, encoded)
    signature = parse_signature((REAL / f"{name}.sig").read_bytes())
    assert key and signature and signature.blob == key[1]
    assert signature.namespace == NAMESPACE.encode()
    assert signature.is_of(b"a receipt\n") and not signature.is_of(b"a receipt")


def test_no_changed_byte_of_a_signature_is_valid() -> None:
    for name in ("ed25519", "nistp256"):
        lines = (REAL / f"{name}.sig").read_text().split("\n")
        blob = base64.b64decode("".join(lines[1:-2]))
        allowed = signers(f"a@b {(REAL / f'{name}.pub').read_text()}").allowed
        for at in range(len(blob)):
            changed = armored(blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :])
            signature = parse_signature(changed)
            assert signature is None or not any(
                signer.blob == signature.blob and signature.is_of(b"a receipt\n")
                for signer in allowed
            )
            assert parse_signature(armored(blob[:at])) is None


MALFORMED: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no text": lambda: b"\xff\x00" * 20,
    "another magic": lambda: signed(CONTENT, magic=b"SSHSIX"),
    "another version": lambda: signed(CONTENT, version=2),
    "reserved bytes": lambda: signed(CONTENT, reserved=b"x"),
    "another digest": lambda: signed(CONTENT, digest=b"sha1"),
    "another type of key inside": lambda: signed(CONTENT, key_type=b"ecdsa-sha2-nistp256"),
    "extra bytes in the blob": lambda: signed(CONTENT, extra=b"\x00"),
    "an extra string in the blob": lambda: signed(CONTENT, extra=string(b"x")),
    "an empty key": lambda: signed(CONTENT, own_key=b""),
    "text before it": lambda: b"\n" + signed(CONTENT),
    "text behind it": lambda: signed(CONTENT) + b"x",
    "two signatures": lambda: signed(CONTENT) * 2,
    "other line ends": lambda: signed(CONTENT).replace(b"\n", b"\r\n"),
    "huge": lambda: armored(bytes(100_000)),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_what_differs_from_the_format_is_not_valid(kind: str) -> None:
    known = signers(f"a@b {public(KEY)}")
    fault = known.fault(link(MALFORMED[kind]()), RECEIPT.site)
    assert fault == "has a signature that is not valid"


def other(**update: object) -> RetestReceipt:
    return RECEIPT.model_copy(update=update)


@pytest.mark.parametrize(
    ("case", "fault"),
    [
        (link(signed(CONTENT)), None),
        (link(None), "has no signature"),
        (link(signed(CONTENT, STRANGER)), "which is not in signers"),
        (link(signed(b"another receipt")), "has a signature of another content"),
        (link(signed(CONTENT), other(endpoint="acorn/edits")), "signature of another content"),
        (link(signed(CONTENT, namespace=b"git")), "another namespace"),
        (
            link(signed(other(site="x").render().encode()), other(site="x")),
            "for the site 'x', expected 'docs.example.com'",
        ),
        (
            link(signed(other(site=None).render().encode()), other(site=None)),
            "for the site None, expected 'docs.example.com'",
        ),
    ],
)
def test_a_receipt_is_signed_by_an_allowed_signer_for_the_site(
    case: Link, fault: str | None
) -> None:
    found = signers("# ours", "", f"retest@example.com {public(KEY)} ci").fault(case, RECEIPT.site)
    assert found is None if fault is None else fault in str(found)


@pytest.mark.parametrize(
    ("options", "is_signed", "is_new"),
    [
        ("", True, True),
        ('namespaces="git,trueup-*" ', True, True),
        ('namespaces="git" ', False, False),
        ('namespaces="*,!trueup-retest-receipt@v?" ', False, False),
        ('valid-after="20260420Z",valid-before="20260421Z" ', True, False),
        ('valid-before="202604201159Z" ', False, False),
        ('VALID-AFTER="20260420120001Z" ', False, False),
        ('valid-before="20260420120000Z" ', True, False),
    ],
)
def test_options_bound_where_and_when_a_key_is_valid(
    options: str, is_signed: bool, is_new: bool
) -> None:
    known = signers(f"retest@example.com {options}{public(KEY)}")
    assert not known.problems
    one, now = link(signed(CONTENT)), datetime(2026, 5, 1, tzinfo=UTC)
    assert (known.fault(one, RECEIPT.site) is None) == is_signed
    assert (known.fault(one, RECEIPT.site, now) is None) == is_new


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("retest@example.com", "not a line of allowed signers"),
        (f'retest@example.com namespaces="x {public(KEY)}', "not a line of allowed signers"),
        (f"a@b {(REAL / 'rsa.pub').read_text().strip()}", "a supported type (ssh-rsa)"),
        (f"a@b {(REAL / 'certificate.pub').read_text().strip()}", "a supported type (ssh-ed25519-"),
        ("a@b sk-ssh-ed25519@openssh.com AAAA", "a supported type (sk-ssh-ed25519@openssh.com)"),
        ("a@b ssh-ed25519 AAAA", "not a whole public key of a supported type (ssh-ed25519)"),
        (f"a@b ecdsa-sha2-nistp256 {public(KEY).split()[1]}", "a supported type (ecdsa-sha2-"),
        (f"a@b cert-authority {public(KEY)}", "the option 'cert-authority' is not supported"),
        (f"a@b verify-required {public(KEY)}", "the option 'verify-required' is not supported"),
        (f'a@b valid-before="20260101" {public(KEY)}', "expected a time in UTC"),
        (f'a@b valid-before="20261301Z" {public(KEY)}', "expected a time in UTC"),
        (f'a@b namespaces="x",namespaces="y" {public(KEY)}', "namespaces is given twice"),
        (f"a@b =,x {public(KEY)}", "the option '' is not supported"),
    ],
)
def test_a_broken_line_of_signers_has_its_place_and_allows_none(line: str, problem: str) -> None:
    known = signers("# ours", line)
    (message,) = known.problems
    assert (message.where.path, message.where.line) == ("signers", 2)
    assert problem in message.problem
    assert not known.allowed


def policy(path: str) -> Policy:
    return Policy.model_validate(
        {"reported_until": AT.date(), "signers": path, "site": "docs.example.com"}
    )


def test_the_file_of_signers_is_one_of_the_repository(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    text = f"a@b {public(KEY)}\n"
    for file in (top / "signers", tmp_path / "outside"):
        file.write_text(text)
    (top / "link").symlink_to(tmp_path / "outside")
    (top / "folder").symlink_to(tmp_path)
    (top / "large").write_text(text + "#" * 70_000)
    (top / "latin").write_bytes(b"a@b \xff")
    (top / "empty").write_text("# nobody\n")
    refused = ["../outside", "link", "folder/outside", "absent", ".", "large", "latin", "empty"]
    for path in [*refused, "a\x00b"]:
        found = load_signers(top, policy(path))
        assert found is not None and found.problems and not found.allowed, path
    found = load_signers(top, policy("signers"))
    assert found is not None and len(found.allowed) == 1 and not found.problems


def test_each_difference_between_two_files_of_signers_is_named() -> None:
    ours, theirs = f"a@b {public(KEY)}", f"c@d {public(STRANGER)}"
    retired = f'a@b valid-before="20260501Z" {public(KEY)}'
    rows = [
        ((ours,), (ours,), []),
        ((ours,), ("# text", f"{ours} comment"), []),
        ((ours,), (ours, theirs), [(2, "added")]),
        ((ours, theirs), (ours,), [(0, "removed")]),
        ((ours,), (retired,), [(1, "changed")]),
        ((ours,), (theirs,), [(1, "added"), (0, "removed")]),
    ]
    for old, new, expected in rows:
        found = changed_signers(signers(*old), signers(*new))
        assert [(line, text.rpartition(" ")[2]) for line, text in found] == expected
