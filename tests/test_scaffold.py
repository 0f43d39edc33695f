import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime
from functools import partial
from importlib.metadata import Distribution
from pathlib import Path

import pytest
import yaml
from conftest import TOP, load_docs
from test_repository import (
    check_lock,
    check_rights,
    check_script,
    check_steps,
    load_workflow,
    stub,
    validate_workflow,
)

from trueup.errors import BadInput
from trueup.evidence import assess
from trueup.finding import Finding
from trueup.scaffold import (
    KINDS,
    InstallSource,
    SiteAnswers,
    find_install_source,
    install_source,
    starter_files,
    write_starter,
)
from trueup.status_file import parse_status
from trueup.verify.pool import Pool
from trueup.verify.run import open_mock

DAY = datetime.now(UTC).date()
INDEXED = InstallSource(("trueup==0.1.0",))
OTHER = SiteAnswers(
    day=date(2026, 5, 2),
    title="Harbour Images",
    base_url="https://api.harbour.example",
    model="harbour-paint-2",
)


def verify(top: Path) -> tuple[str, list[Finding]]:
    """Check, build and run a site; return the counts and the findings."""
    docs = load_docs(top)
    findings = docs.check()
    docs.build(to_be_verified=True)
    report, found = docs.verify(Pool(partial(open_mock, docs.stored)))
    return str(report), findings + found


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write_starter(tmp_path / "site", OTHER, INDEXED)
    return tmp_path / "site"


@pytest.mark.no_cover  # tests/test_rules.py and tests/test_machine.py run a site in the gate
@pytest.mark.long
@pytest.mark.parametrize("protocol", KINDS)
def test_a_new_site_passes_at_once(protocol: str, tmp_path: Path) -> None:
    write_starter(tmp_path / "site", SiteAnswers(day=DAY, protocol=protocol), INDEXED)
    count = {"openai-images": 3, "openai-transcriptions": 3, "task": 2}.get(protocol, 4)
    counts = f"found {count}, run {count}, passed {count}, failed 0, skipped 0"
    assert verify(tmp_path / "site") == (counts, [])
    page = (tmp_path / "site" / "site" / "example-image-1" / "index.html").read_text("utf-8")
    assert page.count("Replays a sample that nobody observed") == count
    sent = page.count('<a href="../files/silence.wav" download>')
    assert sent == (protocol == "openai-transcriptions")
    assert (tmp_path / "site" / "site" / "files" / "silence.wav").is_file() == bool(sent)


def test_a_new_site_says_that_its_observation_is_a_sample(site: Path) -> None:
    load_docs(site).build()
    for page in ("index.html", "harbour-paint-2/index.html", "status/index.html"):
        text = (site / "site" / page).read_text(encoding="utf-8")
        assert "a sample that trueup init wrote; no gateway was called" in text
        assert re.search("held (it )?back", text) and "tu-recommended" not in text


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("file", "right", "wrong", "rule"),
    [
        ("status.yml", "generations\n    protocol", "pictures\n    protocol", "drift"),
        ("docs/en/harbour-paint-2.md", "{{", "On 2026-05-02 it worked.\n\n{{", "typed-fact"),
        ("docs/en/harbour-paint-2.md", "{{", "It is recommended.\n\n{{", "typed-standing"),
        pytest.param(  # a sample of tests/test_rules.py in the gate
            *("snippets/shared/request.py.j2", "json=BODY", "json={}", "failed-block"),
            marks=pytest.mark.long,
        ),
    ],
)  # fmt: skip
def test_a_broken_site_is_found(file: str, right: str, wrong: str, rule: str, site: Path) -> None:
    text = (site / file).read_text(encoding="utf-8")
    assert right in text
    (site / file).write_text(text.replace(right, wrong), encoding="utf-8")
    found = verify(site)[1] if rule == "failed-block" else load_docs(site).check()
    assert rule in {finding.rule for finding in found}


@pytest.mark.parametrize("ledger", ["new-api", "{none: it keeps none}"])
def test_a_sample_makes_no_standing_without_its_hold(ledger: str, site: Path) -> None:
    text = (site / "status.yml").read_text(encoding="utf-8")
    start, stop = text.index("holds:"), text.index("observations:")
    text = text[:start] + text[stop:]
    text = text.replace("ledger: new-api", f"ledger: {ledger}")
    (site / "status.yml").write_text(text, encoding="utf-8")
    docs = load_docs(site)
    (assessment,) = assess(docs.stored.status).values()
    assert (assessment.standing, assessment.outcome, assessment.clean) == ("unverified", None, 0)
    assert docs.check() == []


def test_the_scripts_are_as_short_and_strict_as_our_own(site: Path) -> None:
    scripts = sorted((site / "scripts").iterdir())
    assert [script.name for script in scripts] == [
        *("docs", "propose", "retest", "retest-due", "setup", "test")
    ]
    assert [list(check_script(script)) for script in scripts] == [[]] * 6


def test_the_workflow_fits_the_schema_and_calls_only_scripts(site: Path) -> None:
    folder = site / ".github" / "workflows"
    assert sorted(path.name for path in folder.iterdir()) == ["docs.yml", "retest.yml"]
    assert validate_workflow(*folder.iterdir()).returncode == 0
    for path in folder.iterdir():
        assert not list(check_steps(load_workflow(path)))
    check_rights(load_workflow(folder / "retest.yml"))


def test_the_gate_of_a_new_site_compares_its_record_with_the_base(site: Path) -> None:
    steps = load_workflow(site / ".github" / "workflows" / "docs.yml")["jobs"]["gate"]["steps"]
    assert steps[0]["with"]["fetch-depth"] == 0
    (base,) = (step["env"]["BASE"] for step in steps if step.get("run") == "scripts/test")
    assert "format('origin/{0}...', github.base_ref) || github.event.before ||" in base
    (hook,) = yaml.safe_load((site / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert hook["entry"] == ".venv/bin/trueup check --against HEAD"
    shutil.copytree(site / "scripts", site / "stubbed")
    for name in ("setup", "../.venv/bin/trueup"):
        stub(site / "stubbed" / name, 'echo "$@" >> called')
    command = [str(site / "stubbed" / "test")]
    for given, against in (("0" * 40, "origin/main..."), ("x...", "x..."), ("", ""), (None, None)):
        (site / "called").unlink(missing_ok=True)
        environment = {"PATH": os.environ["PATH"], **({} if given is None else {"BASE": given})}
        environment["GIT_CEILING_DIRECTORIES"] = str(site.parent)
        (site / "scripts" / "setup").write_text("#!/bin/sh\n")
        subprocess.run(command, cwd=site, env=environment, check=True)
        called = (site / "called").read_text().splitlines()
        assert (f"check --against {against}" in called) == (given is not None), called


def test_the_settings_differ_from_our_own_in_names_alone(site: Path) -> None:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("", lambda *_: None)
    own, new = (yaml.load((top / "mkdocs.yml").read_bytes(), Loader) for top in (TOP, site))
    names = {"site_name", "site_description", "extra", "nav"}
    assert own.keys() == new.keys() and names < own.keys()
    assert {key for key in own if own[key] != new[key]} == names
    assert new["site_name"] == "Harbour Images"


def test_each_requirement_is_pinned_with_its_hash(site: Path) -> None:
    text = (site / "requirements.lock").read_text(encoding="utf-8")
    whole = (TOP / "requirements.lock").read_text(encoding="utf-8")
    assert not list(check_lock(text, ["mkdocs-material", "pygments", "h11", "google-genai"]))
    assert set(text.splitlines()) < set(whole.splitlines())
    assert "\npytest==" not in text and "\npytest==" in whole
    assert "\ncolorama==" in text  # needed on another system alone


def test_a_new_site_decodes_audio_and_video_if_the_installation_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock = (TOP / "requirements.lock").read_text(encoding="utf-8")
    for found in (None, "av"):
        monkeypatch.setattr(install_source, "find_spec", lambda name, found=found: found)
        text = install_source.render_lock.__wrapped__(lock)
        assert ("\nav==" in text) is (found is not None) and "\npillow==" in text


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("--title", {"title": "{{ evil }}"}),
        ("--title", {"title": ""}),
        ("--base-url", {"base_url": "http://api.example.com"}),
        ("--base-url", {"base_url": "https://api.example.com/v1"}),
        ("--model", {"model": "../../etc"}),
        ("--model", {"model": "Big Model"}),
        ("--protocol", {"protocol": "telnet"}),
    ],
)
def test_an_invalid_answer_names_its_option(option: str, values: dict[str, str]) -> None:
    with pytest.raises(BadInput, match=f"^{option}: got .*, expected"):
        SiteAnswers(day=DAY, **values)


@pytest.mark.parametrize("url", ["https://localhost:8443", "https://gateway", "https://10.0.0.1"])
def test_a_base_url_may_be_any_that_the_status_file_takes(url: str) -> None:
    facts = starter_files(SiteAnswers(day=DAY, base_url=url), INDEXED)["status.yml"].decode()
    target = parse_status(facts, "status.yml", datetime.now(UTC)).status.targets["production"]
    assert target.base_url == url


@pytest.mark.parametrize("model", ["yes", "2026-05-02", "1.5", "0x1f", "null"])
def test_a_model_may_have_any_name_that_the_status_file_takes(model: str, tmp_path: Path) -> None:
    write_starter(tmp_path / "site", SiteAnswers(day=DAY, model=model), INDEXED)
    docs = load_docs(tmp_path / "site")
    assert list(docs.stored.status.models) == [model] and docs.check() == []


def test_a_folder_that_is_not_empty_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BadInput, match="not empty. Give a new or an empty folder"):
        write_starter(tmp_path, OTHER, INDEXED)
    with pytest.raises(BadInput, match="not a folder"):
        write_starter(tmp_path / "notes.txt", OTHER, INDEXED)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_an_empty_folder_and_a_new_one_hold_the_same(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_starter(tmp_path / "empty", OTHER, INDEXED)
    write_starter(tmp_path / "deep" / "new", OTHER, INDEXED)
    for top in (tmp_path / "empty", tmp_path / "deep" / "new"):
        files = {file.relative_to(top).as_posix() for file in top.rglob("*") if file.is_file()}
        assert files == set(starter_files(OTHER, INDEXED))


@pytest.mark.parametrize("step", ["write_bytes", "replace"])
def test_a_failure_halfway_leaves_nothing_behind(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []
    owner: object = Path if step == "write_bytes" else os
    real = getattr(owner, step)

    def failing(*args: object) -> object:
        calls.append(args)
        if len(calls) == 5:
            raise OSError(28, "No space left on device")
        return real(*args)

    (tmp_path / "empty").mkdir()
    for top in (tmp_path / "empty", tmp_path / "a" / "b"):
        calls.clear()
        with monkeypatch.context() as patch, pytest.raises(BadInput, match="No space left"):
            patch.setattr(owner, step, failing)
            write_starter(top, OTHER, INDEXED)
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_a_folder_that_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Give a folder that can be written"):
        write_starter(Path("/proc/1/site"), OTHER, INDEXED)


class Installed(Distribution):
    """A distribution as an installer left it."""

    version = "1.2.3"

    def __init__(self, direct: str | None) -> None:
        self.direct = direct

    def read_text(self, filename: str) -> str | None:
        return self.direct if filename == "direct_url.json" else None

    def locate_file(self, path: object) -> Path:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("direct", "line", "is_local"),
    [
        (None, "trueup==1.2.3", False),
        (
            '{"url": "https://git.example.com/t", "vcs_info": {"vcs": "git", "commit_id": "ab12"}}',
            "git+https://git.example.com/t@ab12",
            False,
        ),
        (
            '{"url": "file:///t", "vcs_info": {"vcs": "git", "commit_id": "ab12"}}',
            "git+file:///t@ab12",
            True,
        ),
        ('{"url": "file:///a%20b", "dir_info": {}}', "trueup @ file:///a%20b", True),
        ('{"url": "file:///a", "dir_info": {"editable": true}}', "--editable file:///a", True),
        (
            '{"url": "https://example.com/t.zip", "archive_info": {}}',
            "trueup @ https://example.com/t.zip",
            False,
        ),
    ],
)
def test_a_site_installs_trueup_from_the_same_source(
    direct: str | None, line: str, is_local: bool
) -> None:
    origin = find_install_source(Installed(direct))
    assert (origin.lines[-1], origin.is_local, origin.files) == (line, is_local, ())


def test_a_wheel_is_copied_with_its_hash(tmp_path: Path) -> None:
    wheel = tmp_path / "a b" / "trueup-1.2.3-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"wheel")
    origin = find_install_source(Installed(f'{{"url": "{wheel.as_uri()}", "archive_info": {{}}}}'))
    assert origin.files == ((f"vendor/{wheel.name}", b"wheel"),) and not origin.is_local
    assert origin.lines[0].startswith(f"./vendor/{wheel.name} --hash=sha256:")
    wheel.unlink()
    assert find_install_source(Installed(f'{{"url": "{wheel.as_uri()}"}}')).is_local


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as an installer lays it out."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=TOP, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(folder / "installed")
    return folder / "installed"


def trueup(unpacked: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command of the wheel's, in a process that does not see the checkout."""
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    command = [sys.executable, "-m", "trueup.cli", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_the_wheel_writes_the_same_site_as_the_checkout(unpacked: Path, tmp_path: Path) -> None:
    done = trueup(unpacked, "init", "site", "--date", DAY.isoformat(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    expected = starter_files(SiteAnswers(day=DAY), INDEXED)
    for name, content in expected.items():
        file = tmp_path / "site" / name
        assert file.read_bytes() == content, name
        assert bool(file.stat().st_mode & stat.S_IXUSR) == name.startswith("scripts/"), name
    done = trueup(unpacked, "init", "site", cwd=tmp_path)
    assert done.returncode == 2 and "site: not empty" in done.stderr


def test_a_wheel_without_shared_files_is_refused(unpacked: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(unpacked, broken)
    shutil.rmtree(broken / "trueup" / "scaffold" / "shared")
    done = trueup(broken, "init", "site", cwd=tmp_path)
    assert done.returncode == 2 and "Install Trueup again" in done.stderr
    assert not (tmp_path / "site").exists()
