"""Signing: receipts signed by ssh-keygen with a key or an agent that no block can read."""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from trueup.errors import BadInput
from trueup.receipts import Signers
from trueup.receipts.signature import (
    KEY_TYPES,
    NAMESPACE,
    Signature,
    fingerprint,
    parse_signature,
)
from trueup.sandbox import Containment, visible_paths

WAIT_S = 120
"""Longest wait for a signature: a person may have to touch or unlock the agent's key."""
LARGEST_KEY = 64_000
"""Bytes of a file with a key; that of the largest supported one has a thousand."""


@dataclass(frozen=True)
class SigningKey:
    """A key that has signed once already; `path` is that of its private or public half."""

    path: Path
    program: str
    blob: bytes

    def sign(self, content: bytes) -> str:
        """Return the armored signature of a content. Raises BadInput where it cannot be made."""
        armored, signature = _sign(self.path, self.program, content)
        if signature.blob != self.blob:
            raise BadInput(f"--sign {self.path}", "the key has changed", "Restore it.")
        return armored


def open_signing_key(
    path: Path, top: Path, signers: Signers, containment: Containment
) -> SigningKey:
    """Return the key at a path once it has signed for one of the signers.

    Raises BadInput where it cannot sign, and where a block of the containment could read it.
    """
    where = f"--sign {path}"
    if containment != "namespace":
        problem = f"blocks of the containment {containment} could read the key or its agent"
        raise BadInput(where, problem, "Install bubblewrap, so that blocks run in a namespace.")
    file = path.absolute()
    for folder in (str(top.absolute()), *visible_paths()):
        if any(one.is_relative_to(Path(folder).resolve()) for one in (file, file.resolve())):
            problem = f"the key is in {folder}, which is published or which blocks can read"
            raise BadInput(where, problem, "Keep it elsewhere, such as in ~/.ssh.")
    program = shutil.which("ssh-keygen")
    if program is None:
        raise BadInput("ssh-keygen", "not found", "Install openssh-client: it signs receipts.")
    _, signature = _sign(file, program, b"a test of the key")
    if signature.blob not in {signer.blob for signer in signers.allowed}:
        problem = f"{fingerprint(signature.blob)} is not in {signers.path}"
        raise BadInput(where, problem, "Give the key of an allowed signer.")
    return SigningKey(file, program, signature.blob)


def _sign(path: Path, program: str, content: bytes) -> tuple[str, Signature]:
    where = f"--sign {path}"
    if not path.is_file() or path.stat().st_size > LARGEST_KEY:
        raise BadInput(where, "no file with a key", "Give the path of a private or public key.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "content")
        file.write_bytes(content)
        command = [program, "-q", "-Y", "sign", "-f", str(path), "-n", NAMESPACE, str(file)]
        try:  # without a terminal no passphrase is read: an encrypted key needs the agent
            run = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=WAIT_S,
                start_new_session=True,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BadInput(where, "ssh-keygen gave no signature", "Try it by hand.") from error
        made = file.with_name("content.sig")
        armored = made.read_bytes() if run.returncode == 0 and made.is_file() else b""
    if not armored:
        said = " ".join(run.stderr.decode(errors="replace").split())[-200:].rstrip(".")
        fix = "Give a key without a passphrase, or add it to ssh-agent and give its .pub file."
        raise BadInput(where, f"ssh-keygen could not sign with it ({said})", fix)
    signature = parse_signature(armored)
    if signature is None:
        problem = "the type of the key is not supported"
        raise BadInput(where, problem, f"Use one of {', '.join(KEY_TYPES)}.")
    if signature.namespace != NAMESPACE.encode() or not signature.is_of(content):
        raise BadInput(where, "the signature is not valid", "Give another key.")
    return armored.decode(), signature
