"""Signature: an SSH signature, its armor and parts, verified in process.

Format: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig.
"""

import hashlib
import re
from base64 import b64decode, b64encode
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
    """The parts of a signature; `blob` is its public key in the form of SSH."""

    key: PublicKey
    blob: bytes
    namespace: bytes
    digest: bytes
    value: bytes

    def is_of(self, content: bytes) -> bool:
        """Return whether its key made it for the content."""
        hashed = _DIGESTS[self.digest](content).digest()
        signed = _MAGIC + b"".join(map(_string, (self.namespace, b"", self.digest, hashed)))
        try:
            if isinstance(self.key, Ed25519PublicKey):
                self.key.verify(self.value, signed)
            else:
                first, second = (int.from_bytes(part) for part in _strings(self.value))
                value = encode_dss_signature(first, second)
                self.key.verify(value, signed, ECDSA(_CURVE_HASHES[self.key.curve.key_size]))
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            return False
        return True


def parse_signature(armored: bytes) -> Signature | None:
    """Return the signature of an armored text; None for another format or type of key."""
    found = _ARMOR.fullmatch(armored)
    head = _MAGIC + _VERSION.to_bytes(4)
    try:
        content = b64decode(found[1].replace(b"\n", b""), validate=True) if found else b""
        blob, namespace, reserved, digest, signed = _strings(content.removeprefix(head))
        key_type, value = _strings(signed)
    except ValueError:
        return None
    key = parse_key(key_type.decode(errors="replace"), b64encode(blob).decode())
    if key is None or reserved or digest not in _DIGESTS or not content.startswith(head):
        return None
    return Signature(*key, namespace, digest, value)


def parse_key(key_type: str, encoded: str) -> tuple[PublicKey, bytes] | None:
    """Return a public key and its form of SSH; None where it is not whole or of another type."""
    try:
        blob = b64decode(encoded, validate=True)
        key = load_ssh_public_key(f"{key_type} {encoded}".encode())
    except (ValueError, UnsupportedAlgorithm, NotImplementedError):  # the last: a compressed point
        return None
    return (key, blob) if key_type in KEY_TYPES and isinstance(key, PublicKey) else None


def fingerprint(blob: bytes) -> str:
    """Return the fingerprint of a public key, as ssh-keygen writes it."""
    return f"SHA256:{b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"


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
