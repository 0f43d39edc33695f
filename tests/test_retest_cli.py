"""The messages of a retest that cannot begin or end, and the rehearsal of a retest."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import is_long_run
from crash_beds import open_curl
from drawn import decode_here
from starlette.types import Receive, Scope, Send
from test_retest_live import files_of, local_at

from trueup.cli import main
from trueup.cli.retest_run import prices_at
from trueup.evidence import assess
from trueup.mock import GatewayLedger, Options, Token, User, create_app, create_tls, serving
from trueup.model import Observation
from trueup.status_file import load_status

Result = tuple[int, str, str]
Run = Callable[..., Result]
NATIVE = "nano-banana/generate-content"
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def unsandboxed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process for a block or an image, save in the long run; test_retest_live has both."""
    if not is_long_run():
        monkeypatch.setattr("trueup.sandbox.best_containment", lambda: ("namespace", ""))
        monkeypatch.setattr("trueup.verify.run.open_sandbox", open_curl)
        decoder = nullcontext(decode_here)
        monkeypatch.setattr("trueup.verify.run.open_output_decoder", lambda _: decoder)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of one CA, for clients that need none: to read all that a machine trusts takes each
    of them 30 ms of processor."""
    ca = tmp_path_factory.mktemp("authority") / "ca.pem"
    create_tls(ca)
    return ca


@pytest.fixture
def trueup(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, authority: Path
) -> Run:
    """The command on a repository: its exit code and its text on each stream."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))

    def run(top: Path, *arguments: str, **secrets: str) -> Result:
        for name in SECRETS:
            monkeypatch.delenv(f"TRUEUP_LOCAL_{name}", raising=False)
        for name, value in secrets.items():
            monkeypatch.setenv(f"TRUEUP_LOCAL_{name}", value)
        with pytest.raises(SystemExit) as ended:
            main(["--top", str(top), *arguments])
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, out, err

    return run


SECRETS = {"API_KEY": "sk-5ecRet-eNough", "ACCESS_TOKEN": "very-secret", "USER_ID": "1"}
REFUSED: dict[str, tuple[tuple[str, ...], dict[str, str], str]] = {
    "no cap": (
        ("--target", "local"),
        SECRETS,
        "retest: a cap is missing. Give --max-calls N or --max-spend USD.",
    ),
    "an unknown target": (
        ("--target", "nowhere", "--max-calls", "1"),
        SECRETS,
        "--target nowhere: not a live target. Give one of production, local; for the mock, use",
    ),
    "no key": (
        ("--target", "local", "--max-calls", "1"),
        {},
        "TRUEUP_LOCAL_API_KEY: not set. Export it: a run at local requires it.",
    ),
    "a key that is a fact": (
        ("--target", "local", "--max-calls", "1"),
        {**SECRETS, "API_KEY": "Generate-Content"},
        "TRUEUP_LOCAL_API_KEY: the key is a text that also occurs in the status file. Export",
    ),
    "a key that any text may hold": (
        ("--target", "local", "--max-calls", "1"),
        {**SECRETS, "API_KEY": "sk-zq7x"},
        "TRUEUP_LOCAL_API_KEY: the key is shorter than 16 characters. Export the key",
    ),
    "a user that is no number": (
        ("--target", "local", "--max-calls", "1"),
        {**SECRETS, "USER_ID": "me"},
        "TRUEUP_LOCAL_USER_ID: got 'me', expected a number. Export it again.",
    ),
    "no amount": (
        ("--target", "local", "--max-spend", "a lot"),
        SECRETS,
        "got 'a lot', expected dollars above 0, such as 0.50.",
    ),
    "an amount of nothing": (
        ("--target", "local", "--max-spend", "$0"),
        SECRETS,
        "got '$0', expected dollars above 0, such as 0.50.",
    ),
    "an amount without end": (
        ("--target", "local", "--max-spend", "Infinity"),
        SECRETS,
        "got 'Infinity', expected dollars above 0, such as 0.50.",
    ),
    "a pattern that fits nothing": (
        ("--target", "local", "--max-calls", "1", "--endpoint", "banana*"),
        SECRETS,
        "--endpoint banana*: no endpoint matches it. Correct the pattern; the endpoints are nano-",
    ),
    "a key that no header takes": (
        ("--target", "local", "--max-calls", "1", "--endpoint", NATIVE),
        {**SECRETS, "API_KEY": "sk-secret enough"},
        "the API key: empty, or with white space or letters that no header can carry. Export",
    ),
    "a key of bytes that are no text": (
        ("--target", "local", "--max-calls", "1", "--endpoint", NATIVE),
        {**SECRETS, "API_KEY": "sk-secret\udcff\udcfeaaaaaaaaaaaaa"},
        "the API key: empty, or with white space or letters that no header can carry. Export",
    ),
    "a foreign secret of such bytes": (
        ("--target", "local", "--max-calls", "1", "--endpoint", "banana*"),
        {**SECRETS, "GH_TOKEN": "secret\udcff\udcfeaaaaaaaaaaaaaaaa"},
        "--endpoint banana*: no endpoint matches it. Correct the pattern; the endpoints are nano-",
    ),
    "an access token of such bytes": (
        ("--target", "local", "--max-calls", "1", "--endpoint", NATIVE),
        {**SECRETS, "ACCESS_TOKEN": "very-secret\udcff"},
        "access token: empty, or with white space or letters that no header can carry. Copy it",
    ),
    "an access token that no header takes": (
        ("--target", "local", "--max-calls", "1", "--endpoint", NATIVE),
        {**SECRETS, "ACCESS_TOKEN": "very secret"},
        "access token: empty, or with white space or letters that no header can carry. Copy it",
    ),
}


def test_a_retest_that_cannot_begin_is_refused_before_any_call(
    repository: Path, trueup: Run
) -> None:
    with gateway(repository) as calls:
        before = (repository / "status.yml").read_bytes()
        for what, (options, secrets, message) in REFUSED.items():
            code, out, err = trueup(repository, "retest", *options, **secrets)
            assert (code, message in err) == (2, True), (what, err)
            assert "secret" not in out + err and calls == [], what
    assert (repository / "status.yml").read_bytes() == before
    assert not list((repository / "docs").glob("evidence/*.json"))


def test_a_list_that_takes_no_row_is_refused_before_any_call(repository: Path, trueup: Run) -> None:
    with gateway(repository) as calls:
        file = repository / "status.yml"
        head, rows = file.read_text("utf-8").split("\nobservations:\n")
        flow = yaml.safe_dump(yaml.safe_load(rows)[:1], default_flow_style=True, width=10_000)
        file.write_text(f"{head}\nobservations: {flow}", "utf-8")
        code, _, err = trueup(repository, *ONE, "--write", **SECRETS)
    assert (code, calls) == (2, [])
    assert "observations is a list in flow style ([…]), to which no row can be added. Write" in err


@contextmanager
def gateway(
    top: Path, paths: list[str] | None = None, group: str = "", **options: Any
) -> Iterator[list[str]]:
    """The local target of a copy, on loopback; the paths of the calls of models that it got. Those
    of all requests go to `paths`."""
    calls: list[str] = []
    paths = [] if paths is None else paths
    user, token = User(access_token="very-secret"), Token("sk-5ecRet-eNough", 1, "own", group=group)
    status = load_status(top / "status.yml", NOW).status
    app = create_app(status, ledger=GatewayLedger(user, [token], Options("new-api-b", **options)))

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") == "POST":
            calls.append(scope["path"])
        paths.append(scope.get("path", ""))
        await app(scope, receive, send)

    with serving(counted) as url:
        local_at(top, url)
        yield calls


LOCAL = ("retest", "--target", "local", "--endpoint", NATIVE)
ONE = (*LOCAL, "--max-calls", "1")
JUST_A_KEY = {"API_KEY": "sk-5ecRet-eNough"}


def test_a_summary_that_cannot_be_written_loses_no_result(repository: Path, trueup: Run) -> None:
    with gateway(repository) as calls:
        before = (repository / "status.yml").read_bytes()
        gone = str(repository / "gone" / "all.md")
        code, out, err = trueup(repository, *ONE, "--write", "--summary", gone, **JUST_A_KEY)
        assert (code, len(calls)) == (2, 1)
        assert f"{gone}: No such file" in err and "continue with --resume: the results" in err
        assert (repository / "status.yml").read_bytes() == before
        code, out, err = trueup(repository, *ONE, "--write", **JUST_A_KEY)
        assert (code, "an earlier retest was interrupted or not recorded" in err) == (2, True)
        code, out, err = trueup(repository, *ONE, "--resume", "--write", **JUST_A_KEY)
        assert (code, len(calls)) == (0, 1)
    after = (repository / "status.yml").read_bytes()
    assert after != before and len(list((repository / "docs/evidence").glob("*.json"))) == 1


def test_without_write_nothing_is_recorded_until_a_resume_with_it(
    repository: Path, trueup: Run
) -> None:
    with gateway(repository) as calls:
        before = (repository / "status.yml").read_bytes()
        code, out, err = trueup(repository, *ONE, **JUST_A_KEY)
        assert (
            code == 0
            and "Nothing was recorded. To record the results without another call, use --resume"
            in out
        )
        assert "local: without TRUEUP_LOCAL_ACCESS_TOKEN and TRUEUP_LOCAL_USER_ID, billing" in err
        assert (repository / "status.yml").read_bytes() == before
        code, out, err = trueup(repository, *ONE, "--resume", "--write", **JUST_A_KEY)
        assert (code, len(calls)) == (0, 1)
        code, out, err = trueup(repository, *ONE, "--write", **JUST_A_KEY)
        assert (code, len(calls)) == (0, 2)
    (row,) = load_status(repository / "status.yml", NOW + timedelta(hours=1)).status.seen(
        NATIVE, "local"
    )
    assert (row.outcome, row.billing, row.times) == ("output", None, 2)


def test_a_plan_is_shown_without_a_key_and_without_a_call(repository: Path, trueup: Run) -> None:
    with gateway(repository) as calls:
        code, out, err = trueup(repository, "retest", "--target", "local", "--dry-run", "--due")
    assert (code, err, calls) == (0, "", [])
    assert re.search(r"local +│ nano-banana/generate-content +│ curl +│ its .+│ \$0.04", out)
    assert "Cap: not given yet. Nothing was sent." in out
    assert not (repository / ".cache").exists()


def test_an_amount_is_a_cap_by_the_prices_of_the_gateway(repository: Path, trueup: Run) -> None:
    spend = ("retest", "--target", "local", "--max-spend", "$0.10", "--endpoint", "*/gen*")
    with gateway(repository) as calls:
        code, out, _ = trueup(repository, *spend, **JUST_A_KEY)
    assert (code, len(calls)) == (0, 2)
    assert "the cap of $0.10 is reached: $0.08 is spent or reserved, and $0.04 is needed" in out
    shutil.rmtree(repository / ".cache")
    with gateway(repository, prices={}) as calls:
        code, out, err = trueup(repository, *spend, **JUST_A_KEY)
    assert (code, calls) == (3, [])
    assert "the price of gemini-2.5-flash-image is unknown" in out
    assert "Traceback" not in err


def test_the_dearer_price_counts_and_none_of_nothing(repository: Path, trueup: Run) -> None:
    status = load_status(repository / "status.yml", NOW).status
    price = {"price": Decimal("0.03")}
    models = {name: model.model_copy(update=price) for name, model in status.models.items()}
    prices = {"nano-banana": 0, "nano-banana-2": 0.2}
    with gateway(repository, prices=prices):
        status = load_status(repository / "status.yml", NOW).status
        price_of = prices_at(status.model_copy(update={"models": models}), lambda _: None, "local")
        assert [str(price_of(name)) for name in ("nano-banana", "nano-banana-2")] == ["0.03", "0.2"]
    with gateway(repository, prices={"gemini-2.5-flash-image": 0}) as calls:
        code, out, _ = trueup(repository, *LOCAL, "--max-spend", "0.01", **JUST_A_KEY)
    assert (code, calls) == (3, []) and "the price of gemini-2.5-flash-image is unknown" in out


LEDGERS = {
    "": "local: no ledger in the status file, so billing is not checked; write ledger: new-api at",
    "    ledger: {none: it is of another family}\n": "",
}


@pytest.mark.parametrize(
    ("line", "options"),
    [*((line, ("--max-calls", "1", "--write")) for line in LEDGERS), ("", ("--dry-run",))],
)
def test_without_a_ledger_no_path_of_one_is_requested(
    line: str, options: tuple[str, ...], repository: Path, trueup: Run
) -> None:
    paths: list[str] = []
    file, local = repository / "status.yml", "  local:\n    base_url: "
    with gateway(repository, paths) as calls:
        before, _, after = file.read_text("utf-8").partition(local)
        file.write_text(before + local + after.replace("    ledger: new-api\n", line, 1))
        code, out, err = trueup(repository, *LOCAL, *options, **SECRETS)
    assert (code, err.partition(" the target")[0].strip()) == (0, LEDGERS[line]), err
    assert "billing" not in out
    assert len(calls) == ("--write" in options)
    assert not [path for path in paths if path.startswith("/api")]
    row = load_status(file, NOW + timedelta(hours=1)).status.seen(NATIVE, "local")
    assert [one.billing for one in row] == [None] * bool(calls)


def test_a_plan_has_the_price_of_the_token_s_group(repository: Path, trueup: Run) -> None:
    groups = {"default": 1.0, "vip": 0.5, "dear": 5.0}
    with gateway(repository, group="vip", groups=groups):
        for secrets, price in ((SECRETS, "$0.02"), ({}, "$0.2")):
            code, out, _ = trueup(repository, *LOCAL, "--dry-run", **secrets)
            assert code == 0 and f"│ {price} " in out
        code, out, _ = trueup(repository, *LOCAL, "--max-spend", "0.03", "--write", **SECRETS)
        assert (code, "spent or reserved: $0.02. Recorded" in out) == (0, True)


def test_a_ledger_that_cannot_be_read_stops_the_retest_before_its_first_call(
    repository: Path, trueup: Run
) -> None:
    wrong = {**SECRETS, "ACCESS_TOKEN": "an-0ther-t0ken-of-mine"}
    with gateway(repository) as calls:
        code, out, err = trueup(repository, *ONE, **wrong)
        assert (code, calls) == (2, [])
        assert "local: no bill can be read (/api/token/: HTTP 200 without success" in err
        assert "nothing was sent to it. Correct the access token and the user id, or give" in err
        code, out, _ = trueup(repository, *ONE, "--without-bills", **wrong)
    assert (code, len(calls)) == (0, 1)
    assert out.index("local: no bill can be read") < out.index(f"local {NATIVE}: ")


def test_a_gateway_that_cannot_be_reached_is_no_bad_input(repository: Path, trueup: Run) -> None:
    with gateway(repository):
        pass  # nothing listens there any more
    for secrets in (SECRETS, JUST_A_KEY):
        code, _, err = trueup(repository, *ONE, **secrets)
        assert code == 3 and "refused the connection" in err and "Traceback" not in err, err


def test_a_price_is_that_of_the_name_that_is_called(repository: Path) -> None:
    prices = {"nano-banana": 0.05, "gemini-2.5-flash-image": 0.04, "nano-banana-2": 0.2}
    with gateway(repository, prices=prices):
        status = load_status(repository / "status.yml", NOW).status
        price_of = prices_at(status, lambda _: None, "local")
    expected = {
        "nano-banana": "0.05",
        "gemini-2.5-flash-image": "0.04",
        "gemini-3.1-flash-image-preview": "0.2",
    }
    assert {name: str(price_of(name)) for name in expected} == expected
    assert price_of("nano-banana-pro") is None and price_of("another") is None


def test_a_rehearsal_goes_into_a_folder_of_its_own(repository: Path, trueup: Run) -> None:
    before = dict(files_of(repository))
    taken = repository / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("mine")
    messages = {
        taken: "not empty. Give a new folder.",
        repository: (
            "contains a site that is not a rehearsal. Give a new folder, or that of a rehearsal."
        ),
        repository / "docs" / "new": "inside the docs. Give a folder elsewhere.",
    }
    for folder, message in messages.items():
        code, _, err = trueup(repository, "rehearse", str(folder))
        assert (code, err == f"{folder}: {message}\n") == (2, True), err
    assert dict(files_of(repository)) == {**before, taken / "mine.txt": b"mine"}


@pytest.fixture
def unbuilt(monkeypatch: pytest.MonkeyPatch) -> None:
    """No build at the end of a rehearsal, save in the long run; test_console has one."""
    if not is_long_run():
        monkeypatch.setattr("trueup.docs.Docs.build", lambda *_: None)


@pytest.mark.usefixtures("unbuilt")
def test_a_rehearsal_reproduces_the_record_and_changes_no_standing(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, trueup: Run
) -> None:
    before = dict(files_of(repository))
    folder = tmp_path_factory.mktemp("rehearsal") / "copy"
    code, out, _ = trueup(repository, "rehearse", str(folder))
    assert code == 0 and dict(files_of(repository)) == before
    was, now = (load_status(top / "status.yml", later()).status for top in (repository, folder))
    assert len(now.observations) - len(was.observations) == 6
    for endpoint in was.endpoints:
        assert assess(now)[endpoint].standing == assess(was)[endpoint].standing
        seen, old = now.seen(endpoint, "production"), was.seen(endpoint, "production")
        assert (len(seen) > len(old)) is bool(old)
        if old:
            assert_like(seen[0], old[0])
    unchanged = [line for line in out.splitlines() if line.endswith("; unchanged")]
    assert unchanged[0] == f"{NATIVE}: controlled-testing (billing mismatch, 0 of 3); unchanged"
    assert len(unchanged) == 6


def assert_like(now: Observation, old: Observation) -> None:
    """The rehearsal saw what is on record."""
    assert (now.outcome, now.shape) == (old.outcome, old.shape)
    assert old.mime is None or now.mime == old.mime
    assert bool(now.signatures) == bool(old.signatures)
    assert set(now.signatures) <= set(old.signatures)
    # An abnormal bill has no amounts; its like with amounts is rehearsed.
    alike = {None: "inconclusive", "abnormal": "charged-on-failure"}
    assert now.billing == alike.get(old.billing, old.billing)


def later() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


@pytest.mark.usefixtures("unbuilt")
@pytest.mark.long
def test_three_aligned_rehearsals_recommend_in_the_copy_alone(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, trueup: Run
) -> None:
    before = dict(files_of(repository))
    folder, lines = tmp_path_factory.mktemp("rehearsal") / "copy", []
    for _ in range(3):
        code, out, _ = trueup(
            repository, "rehearse", str(folder), "--aligned", "--endpoint", NATIVE
        )
        assert code == 0
        lines += [line for line in out.splitlines() if line.startswith(f"{NATIVE}: ")]
    assert lines == [
        f"{NATIVE}: controlled-testing (billing aligned, 1 of 3);"
        " was controlled-testing (billing mismatch, 0 of 3)",
        f"{NATIVE}: controlled-testing (billing aligned, 2 of 3);"
        " was controlled-testing (billing aligned, 1 of 3)",
        f"{NATIVE}: recommended (billing aligned, 3 of 3);"
        " was controlled-testing (billing aligned, 2 of 3)",
    ]
    assert dict(files_of(repository)) == before
    rows = load_status(folder / "status.yml", later()).status.seen(NATIVE, "production")
    assert (rows[0].billing, rows[0].times) == ("aligned", 3)
    assert len(list((folder / "docs" / "evidence").glob("*.json"))) == 3
