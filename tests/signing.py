"""A signer of the tests: SSH signatures by cryptography, each part of which can be made wrong."""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY = Ed25519PrivateKey.from_private_bytes(b"a key of the tests, of 32 bytes.")
STRANGER = Ed25519PrivateKey.from_private_bytes(b"another key of them, of 32 bytes")
NAMESPACE = b"trueup-retest-receipt@v1"


def public(key: Ed25519PrivateKey) -> str:
    """Return the public half, as in a .pub file without its comment."""
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def string(content: bytes) -> bytes:
    return len(content).to_bytes(4) + content


def signed(
    content: bytes,
    key: Ed25519PrivateKey = KEY,
    *,
    magic: bytes = b"SSHSIG",
    version: int = 1,
    namespace: bytes = NAMESPACE,
    reserved: bytes = b"",
    digest: bytes = b"sha512",
    key_type: bytes = b"ssh-ed25519",
    own_key: bytes | None = None,
    extra: bytes = b"",
) -> bytes:
    """Return an armored signature of a content."""
    hashed = hashlib.sha512(content).digest()
    parts = (namespace, reserved, digest, hashed)
    value = string(key_type) + string(key.sign(magic + b"".join(map(string, parts))))
    blob = base64.b64decode(public(key).split()[1]) if own_key is None else own_key
    whole = (blob, namespace, reserved, digest, value)
    return armored(magic + version.to_bytes(4) + b"".join(map(string, whole)) + extra)


def armored(blob: bytes) -> bytes:
    text = base64.b64encode(blob).decode()
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    head, foot = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
    return "\n".join([head, *lines, foot, ""]).encode()
