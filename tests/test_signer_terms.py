"""Signers: each term of a line, each attempt of a receipt, each number of a signature."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from signing import KEY, public, signed, string
from test_receipts_signature import AT, CONTENT, REAL, RECEIPT, link, signers

from trueup.receipts import changed_signers
from trueup.receipts.signature import parse_signature

LINE = f'a@b namespaces="*",valid-after="20260101Z",valid-before="20270101Z" {public(KEY)}'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a@b", "a@b,c@d"),
        ('namespaces="*"', 'namespaces="trueup-*"'),
        ('namespaces="*",', ""),
        ("20260101Z", "20260102Z"),
        ("20270101Z", "20280101Z"),
    ],
)
def test_each_changed_term_of_a_signer_is_named(old: str, new: str) -> None:
    ((_, text),) = changed_signers(signers(LINE), signers(LINE.replace(old, new)))
    assert text.endswith(" was changed")


@pytest.mark.parametrize(("begin", "is_signed"), [("1159", True), ("1201", False)])
def test_a_key_is_valid_at_each_attempt_of_a_receipt(begin: str, is_signed: bool) -> None:
    later = RECEIPT.attempts[0].model_copy(update={"at": AT + timedelta(minutes=5)})
    receipt = RECEIPT.model_copy(update={"attempts": (*RECEIPT.attempts, later)})
    known = signers(f'a@b valid-after="20260420{begin}Z" {public(KEY)}')
    assert receipt.render().encode() != CONTENT
    one = link(signed(receipt.render().encode()), receipt)
    assert (known.fault(one, receipt.site) is None) == is_signed


NUMBERS: dict[str, tuple[Callable[[bytes, bytes], tuple[bytes, ...]], bool]] = {
    "as written": (lambda first, second: (first, second), True),
    "a negative one": (lambda first, second: (b"\xff" + first, second), False),
    "none": (lambda first, second: (b"", second), False),
    "zero": (lambda first, second: (first, b"\0"), False),
    "a third one": (lambda first, second: (first, second, second), False),
}


@pytest.mark.parametrize("what", NUMBERS)
def test_other_numbers_in_a_signature_are_not_valid(what: str) -> None:
    signature = parse_signature((REAL / "nistp256.sig").read_bytes())
    assert signature
    size = int.from_bytes(signature.value[:4])
    change, is_valid = NUMBERS[what]
    numbers = change(signature.value[4 : 4 + size], signature.value[8 + size :])
    changed = replace(signature, value=b"".join(map(string, numbers)))
    assert changed.is_of(b"a receipt\n") == is_valid
