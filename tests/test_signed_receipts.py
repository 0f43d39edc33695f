"""Rows with signers in the policy: which raise a standing, and what is said of the others."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from signing import KEY, STRANGER, public, signed
from test_check_retest_receipts import NATIVE, proof_of

from trueup.check.loosened_policy import check_loosened
from trueup.check.retest_receipts import check_receipts
from trueup.check.signer_changes import check_signers
from trueup.errors import BadInput, BadStatus
from trueup.evidence import assess
from trueup.receipts import Bill, parse_signers
from trueup.retest.signing import open_signing_key
from trueup.retest.status_update import update_status, write_update
from trueup.sandbox import open_sandbox, visible_paths
from trueup.status_file import Stored, load_status

TOP = Path(__file__).parents[1]
NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
SITE = "docs.example.com"
POLICY = f"policy:\n  signers: signers\n  site: {SITE}\n"
LINE = f"retest@example.com {public(KEY)}\n"


def prepared(top: Path) -> Path:
    """Write a status file with signers, and the file of one signer."""
    text = (TOP / "tests" / "record.yml").read_text("utf-8")
    (top / "status.yml").write_text(text.replace("policy:\n", POLICY, 1), "utf-8")
    (top / "signers").write_text(LINE)
    return top


def load(top: Path) -> Stored:
    return load_status(top / "status.yml", NOW)


def retested(
    top: Path, hour: int, sign: Callable[[bytes], bytes] | None = signed, **changed: object
) -> Path:
    """Record a retest at an hour of the day with aligned billing; return its receipt's file."""
    stored, at = load(top), NOW.replace(hour=hour)
    receipt = proof_of(stored, NATIVE, at, **changed).model_copy(update={"site": SITE})
    made = update_status(stored, [receipt], NOW)
    write_update(top, made, (lambda content: sign(content).decode()) if sign else None)
    (name,) = made.files
    return top / name


def raised(top: Path) -> bool:
    """Return whether the claim rests on an output that a retest saw."""
    newest = assess(load(top).status)[NATIVE].outcome
    assert newest is not None and newest.source is not None
    return newest.outcome == "output" and newest.source.receipt is not None


def findings(top: Path) -> list[str]:
    return [str(one) for one in check_receipts(load(top), top)]


def test_a_row_counts_once_its_whole_chain_is_signed(tmp_path: Path) -> None:
    prepared(tmp_path)
    assert not raised(tmp_path)
    first = retested(tmp_path, 8)
    retested(tmp_path, 9)
    assert load(tmp_path).status.observations[-1].times == 2
    assert raised(tmp_path) and findings(tmp_path) == []
    first.with_name(f"{first.name}.sig").unlink()
    assert not raised(tmp_path)
    (one,) = findings(tmp_path)
    assert f"{first.name} has no signature" in one


def edit(top: Path, file: Path) -> None:
    """Edit a signed receipt, and the hash in its row."""
    old = file.read_bytes()
    new = old.replace(b'"duration_ms": 0', b'"duration_ms": 9')
    assert new != old
    file.write_bytes(new)
    text = (top / "status.yml").read_text("utf-8")
    was, now = (sha256(content).hexdigest() for content in (old, new))
    (top / "status.yml").write_text(text.replace(was, now), "utf-8")


def move(top: Path, file: Path) -> None:
    text = (top / "status.yml").read_text("utf-8")
    (top / "status.yml").write_text(text.replace(f"site: {SITE}", "site: other.example.com"))


def forge(**how: object) -> Callable[[Path, Path], None]:
    def change(top: Path, file: Path) -> None:
        content = file.read_bytes()
        file.with_name(f"{file.name}.sig").write_bytes(signed(content, **how))  # type: ignore[arg-type]

    return change


def swap(top: Path, file: Path) -> None:
    file.with_name(f"{file.name}.sig").write_bytes(signed(b"another receipt"))


def link(top: Path, file: Path) -> None:
    signature = file.with_name(f"{file.name}.sig")
    signature.rename(top / "elsewhere")
    signature.symlink_to(top / "elsewhere")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda top, file: file.with_name(f"{file.name}.sig").unlink(), "has no signature"),
        (link, "has no signature"),
        (forge(key=STRANGER), "which is not in signers"),
        (swap, "has a signature of another content"),
        (edit, "has a signature of another content"),
        (forge(namespace=b"git"), "is signed for another namespace than trueup-retest-receipt@v1"),
        (move, "is signed for the site 'docs.example.com', expected 'other.example.com'"),
    ],
)
def test_a_receipt_that_no_signer_signed_raises_nothing_and_is_named(
    change: Callable[[Path, Path], None], text: str, tmp_path: Path
) -> None:
    file = retested(prepared(tmp_path), 8)
    assert raised(tmp_path)
    change(tmp_path, file)
    assert not raised(tmp_path)
    (one,) = findings(tmp_path)
    stored = load(tmp_path)
    place = stored.place_of(stored.status.observations[-1])
    assert one.startswith(f"{place}: ") and text in one and one.endswith("[unsigned-receipt]")


def test_an_unsigned_receipt_counts_until_the_last_date_of_reports(tmp_path: Path) -> None:
    bill = Bill(verdict="aligned", cause="agreed", reason="all agree")
    retested(prepared(tmp_path), 8, None, billing=bill)
    assert not raised(tmp_path)
    file = tmp_path / "status.yml"
    text = file.read_text("utf-8")
    day = load(tmp_path).status.policy.reported_until
    file.write_text(text.replace(f"reported_until: {day}", f"reported_until: {NOW.date()}"))
    assert raised(tmp_path) and findings(tmp_path) == []
    new = load(tmp_path)
    without = new.status.model_copy(update={"observations": new.status.observations[:-1]})
    old = replace(new, status=without)
    (late,) = check_loosened(old, new, assess(new.status), NOW.date())
    assert late.problem == f"a report was added that raises {NATIVE}"


def test_an_unsigned_receipt_confirms_no_mapping(tmp_path: Path) -> None:
    retested(prepared(tmp_path), 8, None, upstream="gemini-x")
    stored = load(tmp_path)
    seen = stored.status.mappings[-1]
    assert (seen.upstream, seen.is_proven) == ("gemini-x", False)
    assert any(one.startswith(f"{stored.place_of(seen)}: ") for one in findings(tmp_path))


def test_an_unsigned_failure_lowers_and_is_no_finding(tmp_path: Path) -> None:
    retested(prepared(tmp_path), 8)
    assert raised(tmp_path)
    failed = {"outcome": "error", "shape": None, "error": "no"}
    stored = load(tmp_path)
    proof = proof_of(stored, NATIVE, NOW.replace(hour=9), **failed)
    twice = proof.model_copy(update={"attempts": (*proof.attempts, *proof.attempts)})
    write_update(tmp_path, update_status(stored, [twice], NOW))
    assert not raised(tmp_path) and findings(tmp_path) == []


def test_a_broken_file_of_signers_ends_every_command_at_its_line(tmp_path: Path) -> None:
    (prepared(tmp_path) / "signers").write_text(f"# ours\n{LINE}retest ssh-rsa AAAA\n")
    with pytest.raises(BadStatus, match="^signers:3: not a whole public key"):
        load(tmp_path)


BASE = LINE.encode()


@pytest.mark.parametrize(
    ("now", "reason", "expected"),
    [
        (LINE, "", []),
        (f"# ours\n{LINE}", "", []),
        (f"{LINE}new@example.com {public(STRANGER)}\n", "", ["was added"]),
        (f"{LINE}new@example.com {public(STRANGER)}\n", "signers: a new key", []),
        (f'r@example.com valid-before="20270101Z" {public(KEY)}\n', "", ["was changed"]),
    ],
)
def test_a_change_of_signers_needs_a_reason(
    now: str, reason: str, expected: list[str], tmp_path: Path
) -> None:
    old = load(prepared(tmp_path))
    (tmp_path / "signers").write_text(now)
    if reason:
        file = tmp_path / "status.yml"
        text = file.read_text("utf-8")
        file.write_text(text.replace(POLICY, f"{POLICY}  loosened: '{reason}'\n"))
    found = check_signers(old, load(tmp_path), tmp_path, lambda _: BASE, NOW)
    assert len(found) == len(expected)
    for one, text in zip(found, expected, strict=True):
        assert text in one.problem and one.rule == "loosened-policy"
        assert one.where.path == str(tmp_path / "signers")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("  signers: signers\n", "", "signers of the policy was changed from signers to None"),
        ("signers: signers", "signers: moved", "was changed from signers to moved"),
        (f"site: {SITE}", "site: x", f"site of the policy was changed from {SITE} to x"),
    ],
)
def test_a_policy_that_names_other_signers_needs_a_reason(
    old: str, new: str, problem: str, tmp_path: Path
) -> None:
    before = load(prepared(tmp_path))
    shutil.copy(tmp_path / "signers", tmp_path / "moved")
    file = tmp_path / "status.yml"
    file.write_text(file.read_text("utf-8").replace(old, new, 1))
    (one,) = check_signers(before, load(tmp_path), tmp_path, lambda _: BASE, NOW)
    assert problem in one.problem and one.rule == "loosened-policy"


@pytest.mark.parametrize(("key", "count"), [(KEY, 0), (STRANGER, 1)])
def test_a_new_receipt_is_signed_by_a_signer_of_the_base(
    key: Ed25519PrivateKey, count: int, tmp_path: Path
) -> None:
    """The row that the base has is judged by today's file, and extended by the new receipt."""
    retested(prepared(tmp_path), 8)
    old = load(tmp_path)
    text = f"{LINE}new@example.com {public(STRANGER)}\n"
    (tmp_path / "signers").write_text(text)
    file = retested(tmp_path, 9, lambda content: signed(content, key))
    new = load(tmp_path)
    assert findings(tmp_path) == []
    found = check_signers(old, new, tmp_path, lambda _: BASE, NOW)
    late = [one for one in found if one.rule == "unsigned-receipt"]
    assert len(late) == count
    for one in late:
        assert one.where == new.place_of(new.status.observations[-1])
        assert file.name in one.problem and "which is not in" in one.problem


def test_a_retired_key_keeps_its_rows_and_signs_no_new_one(tmp_path: Path) -> None:
    retested(prepared(tmp_path), 8)
    retired = f'r@example.com valid-before="20260420100000Z" {public(KEY)}\n'
    (tmp_path / "signers").write_text(retired)
    assert raised(tmp_path) and findings(tmp_path) == []
    old = load(tmp_path)
    retested(tmp_path, 9)
    assert findings(tmp_path) == []
    later = NOW + timedelta(days=1)
    (one,) = check_signers(old, load(tmp_path), tmp_path, lambda _: retired.encode(), later)
    assert one.rule == "unsigned-receipt"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with keys of ssh-keygen, outside of every site."""
    folder = tmp_path / "keys"
    folder.mkdir()
    for name, *options in (
        ("good", "-t", "ed25519"),
        ("curve", "-t", "ecdsa", "-b", "384"),
        ("rsa", "-t", "rsa", "-b", "2048"),
    ):
        command = ["ssh-keygen", "-q", *options, "-N", "", "-C", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "a phrase", "-f", str(folder / "locked")]
    subprocess.run(command, check=True)
    (folder / "text").write_text("no key\n")
    return folder


def test_a_key_that_cannot_sign_is_refused_before_a_call(
    keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    top = tmp_path / "top"
    top.mkdir()
    shutil.copy(keys / "good", top / "inside")
    (keys / "link").symlink_to(top / "inside")
    (top / "link").symlink_to(keys / "good")
    (keys / "large").write_bytes((keys / "good").read_bytes() + b"\n" * 64_000)
    lines = [f"a@b {(keys / name).with_suffix('.pub').read_text()}" for name in ("good", "curve")]
    known = parse_signers("".join(lines).encode(), "signers")
    for name in ("good", "curve"):
        armored = open_signing_key(keys / name, top, known, "namespace").sign(b"content")
        assert armored.startswith("-----BEGIN SSH SIGNATURE-----\n")
    refused = {
        keys / "absent": "no file with a key",
        keys: "no file with a key",
        keys / "text": "ssh-keygen could not sign with it",
        keys / "locked": "ssh-keygen could not sign with it",
        keys / "rsa": "the type of the key is not supported. Use one of ssh-ed25519",
        keys / "large": "no file with a key",
        **dict.fromkeys(
            (top / "inside", top / "link", keys / "link"),
            "which is published or which blocks can read",
        ),
        Path(visible_paths()[0], "key"): "which is published or which blocks can read",
    }
    for path, problem in refused.items():
        with pytest.raises(BadInput, match=problem):
            open_signing_key(path, top, known, "namespace")
    with pytest.raises(BadInput, match="could read the key or its agent"):
        open_signing_key(keys / "good", top, known, "landlock")
    with pytest.raises(BadInput, match="is not in signers"):
        open_signing_key(keys / "good", top, parse_signers(BASE, "signers"), "namespace")
    key = open_signing_key(keys / "good", top, known, "namespace")
    for half in ("", ".pub"):
        shutil.copy(keys / f"curve{half}", keys / f"good{half}")
    with pytest.raises(BadInput, match="the key has changed"):
        key.sign(b"content")
    monkeypatch.setenv("PATH", str(top))
    with pytest.raises(BadInput, match="ssh-keygen: not found. Install openssh-client"):
        open_signing_key(keys / "good", top, known, "namespace")


@pytest.mark.parametrize(
    ("content", "end", "problem"),
    [
        (b"another content", "exit 0", "the signature is not valid"),
        (b"a test of the key", "exit 1", "ssh-keygen could not sign with it"),
        (b"a test of the key", "exec /bin/sleep 9", "ssh-keygen gave no signature. Try it by"),
    ],
)
def test_a_signature_that_is_wrong_late_or_of_a_failure_is_refused(
    content: bytes, end: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trueup.retest.signing.WAIT_S", 0.3 if "sleep" in end else 60)
    (tmp_path / "key").write_bytes(signed(content))
    program = tmp_path / "bin" / "ssh-keygen"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nfor last; do :; done\n/bin/cp "$5" "$last.sig"\n{end}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    with pytest.raises(BadInput, match=problem):
        open_signing_key(tmp_path / "key", tmp_path / "top", parse_signers(BASE, "a"), "namespace")


def test_no_block_reads_the_signing_key_or_reaches_the_agent(
    keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = tmp_path / "agent"
    program = subprocess.Popen(["ssh-agent", "-D", "-a", str(agent)], stdout=subprocess.DEVNULL)
    try:
        while not agent.exists():
            assert program.poll() is None
        monkeypatch.setenv("SSH_AUTH_SOCK", str(agent))
        subprocess.run(["ssh-add", "-q", str(keys / "good")], check=True)
        (keys / "good").unlink()
        known = parse_signers(f"a@b {(keys / 'good.pub').read_text()}".encode(), "signers")
        made = open_signing_key(keys / "good.pub", tmp_path / "top", known, "namespace")
        assert made.sign(b"content")

        async def nothing(scope: object, receive: object, send: object) -> None: ...

        source = (
            f"cat {keys}/locked && echo SEEN\n"
            f"test -e {agent} && echo SEEN\n"
            'test -n "$SSH_AUTH_SOCK" && echo SEEN\n'
            f"ls {keys} /proc/*/environ && grep -l SSH_AUTH_SOCK /proc/*/environ && echo SEEN\n"
            "echo END\n"
        )
        with open_sandbox(nothing, ["api.example.com"], "namespace") as sandbox:
            ran = sandbox.run("bash", source.encode())
        assert ran.stdout.decode().splitlines()[-1] == "END"
        assert b"SEEN" not in ran.stdout
    finally:
        program.kill()
        program.wait()
