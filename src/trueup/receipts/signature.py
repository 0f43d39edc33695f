"""Signature: an SSH signature, its armor and parts, verified in process.

Format: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig. Whatever differs
from the format in a byte is no signature.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

NAMESPACE = "trueup-retest-receipt@v1"
"""Namespace of the signatures of receipts: one made for git or a file is none of these."""
MOST_BYTES = 4096
"""Of an armored signature; that of the largest supported key has 600."""
KEY_TYPES = ("ssh-ed25519", *(f"ecdsa-sha2-nistp{bits}" for bits in (256, 384, 521)))
_ARMOR = re.compile(
    rb"-----BEGIN SSH SIGNATURE-----\n((?:[A-Za-z0-9+/=]{1,76}\n)+)-----END SSH SIGNATURE-----\n?"
)
_MAGIC, _VERSION = b"SSHSIG", 1
_DIGESTS = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
_CURVE_HASHES = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey


@dataclass(frozen=True)
class Signature:
    """The parts of a signature; `key` is the public key in the form of SSH."""

    key: bytes
    namespace: bytes
    reserved: bytes
    digest: bytes
    key_type: bytes
    value: bytes

    def is_of(self, content: bytes, key: PublicKey) -> bool:
        """Return whether a key made it for the content; `key` is that of `self.key`."""
        hashed = _DIGESTS[self.digest](content).digest()
        parts = (self.namespace, self.reserved, self.digest, hashed)
        signed = _MAGIC + b"".join(map(_string, parts))
        try:
            if isinstance(key, Ed25519PublicKey):
                key.verify(self.value, signed)
            else:
                value = encode_dss_signature(*_numbers(self.value))
                key.verify(value, signed, ECDSA(_CURVE_HASHES[key.curve.key_size]))
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            return False
        return True


def parse_signature(armored: bytes) -> Signature | None:
    """Return the signature of an armored text; None where a byte differs from the format."""
    found = _ARMOR.fullmatch(armored) if len(armored) <= MOST_BYTES else None
    blob = decode_base64(found[1].replace(b"\n", b"")) if found else None
    if blob is None or not blob.startswith(_MAGIC + _VERSION.to_bytes(4)):
        return None
    try:
        key, namespace, reserved, digest, value = _strings(blob[len(_MAGIC) + 4 :])
        key_type, raw = _strings(value)
        own_type = next(_strings(key))
    except (ValueError, StopIteration):
        return None
    if digest not in _DIGESTS or reserved or key_type != own_type:
        return None
    return Signature(key, namespace, reserved, digest, key_type, raw)


def parse_key(key_type: str, encoded: str) -> tuple[PublicKey, bytes] | None:
    """Return a public key and its form of SSH; None where it is not whole or of another type."""
    blob = decode_base64(encoded.encode(errors="replace"))
    if blob is None or key_type not in KEY_TYPES:
        return None
    try:
        key = load_ssh_public_key(f"{key_type} {encoded}".encode())
        own_type = next(_strings(blob))
    except (ValueError, UnsupportedAlgorithm, StopIteration):
        return None
    if own_type != key_type.encode() or not isinstance(key, PublicKey):
        return None
    return key, blob


def fingerprint(key: bytes) -> str:
    """Return the fingerprint of a public key, as ssh-keygen writes it."""
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode()
    return f"SHA256:{digest.rstrip('=')}"


def decode_base64(text: bytes) -> bytes | None:
    """Return the bytes of base64 in its one canonical form; None for any other text."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if base64.b64encode(content) == text else None


def _strings(content: bytes) -> Iterator[bytes]:
    """Yield the strings of SSH in a content; ValueError where it does not end with one."""
    while content:
        size = int.from_bytes(content[:4])
        if len(content) < 4 + size:
            raise ValueError("cut off")
        yield content[4 : 4 + size]
        content = content[4 + size :]


def _string(content: bytes) -> bytes:
    return len(content).to_bytes(4) + content


def _numbers(value: bytes) -> tuple[int, int]:
    """Return the two numbers of a signature by ECDSA; ValueError for a form that is not SSH's."""
    first, second = (int.from_bytes(part, signed=True) for part in _strings(value))
    if first <= 0 or second <= 0 or _string(_number(first)) + _string(_number(second)) != value:
        raise ValueError("not in the form of SSH")
    return first, second


def _number(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1)
