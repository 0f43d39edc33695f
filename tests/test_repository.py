"""What surrounds the engine: the workflow, the scripts, the lock file and the hooks."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema import main as check_jsonschema  # type: ignore[import-untyped]
from click.testing import CliRunner
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOP = Path(__file__).parent.parent
WORKFLOW = TOP / ".github" / "workflows" / "docs.yml"
RETEST, GATE, PUBLISH, LONG, SHARDS = (
    WORKFLOW.with_name(f"{name}.yml") for name in ("retest", "gate", "publish", "long", "shards")
)
WORKFLOWS = {path.stem: path for path in sorted(WORKFLOW.parent.iterdir())}
EACH = pytest.mark.parametrize("path", WORKFLOWS.values(), ids=WORKFLOWS)
OFFERED = TOP / ".pre-commit-hooks.yaml"
HOOKS = TOP / ".pre-commit-config.yaml"
SCRIPT_LINES = 20
README_LINES = 70
PICTURE_BYTES = 150_000

# In pieces, so that this file does not hold what it looks for.
FORBIDDEN = {
    "a registry's address": re.compile(
        "index" + r"-url|https?://[^\s]*(?:/" + r"simple/|\.w" + r"hl\b|\.tar\." + "gz)"
    ),
    "a path of one machine": re.compile(r"(?<![\w.-])/(?:work|ro" + r"ot|home/\w+|Users/\w+)/"),
}
SYSTEM_STEP = re.compile(r"(command -v [a-z]+ >/dev/null \|\| )?sudo (apt-get|sysctl) [^;&|]+")
ARGUMENTS = (
    r"( \.| --?[a-z][a-z-]*| [0-9]+| \"\$[A-Z]+\"| build| check| verify| result"
    r"| merge-receipts shards/\*\.json)*"
)
SCRIPT_STEP = re.compile(
    rf"(\.trueup/)?scripts/[a-z-]+{ARGUMENTS}|(\.trueup/)?\.venv/bin/trueup{ARGUMENTS}"
)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)


def validate_workflow(*paths: Path) -> subprocess.CompletedProcess[str]:
    """GitHub's own schema of workflows, from the copy that the package brings along."""
    command = ["--builtin-schema", "vendor.github-workflows", *map(str, paths)]
    done = CliRunner().invoke(check_jsonschema, command)
    return subprocess.CompletedProcess(command, done.exit_code, done.stdout, done.stderr)


def load_workflow(path: Path) -> dict[Any, Any]:
    """A workflow, as YAML 1.1 reads it: its `on` is True."""
    workflow: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return workflow


def check_steps(workflow: dict[str, Any]) -> Iterator[str]:
    """Lines of the workflow that are neither a script, a command of ours nor a step of the system.

    An expression in one would be run as it is spelled by whoever names a branch.
    """
    for job in workflow["jobs"].values():
        for step in job.get("steps", []):
            for line in step.get("run", "").splitlines():
                if not (SCRIPT_STEP.fullmatch(line) or SYSTEM_STEP.fullmatch(line)):
                    yield line


def check_script(path: Path) -> Iterator[str]:
    """What a script lacks: a mode, a usage line, shortness, an early end on errors."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if not os.access(path, os.X_OK):
        yield "not executable"
    if len(lines) > SCRIPT_LINES:
        yield f"{len(lines)} lines; at most {SCRIPT_LINES}"
    if lines[0] != "#!/usr/bin/env bash" or not lines[1].startswith("# "):
        yield "no usage comment under its first line"
    if "set -euo pipefail" not in lines:
        yield "goes on after an error"


def check_text(text: str) -> Iterator[str]:
    """Each line with what no file of the repository may hold."""
    for number, line in enumerate(text.splitlines(), start=1):
        for what, pattern in FORBIDDEN.items():
            if pattern.search(line):
                yield f"{number}: {what}"


def own_files() -> list[Path]:
    """The files that git tracks, or would once they are added."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    assert listed.returncode == 0, listed.stderr
    files = [TOP / name for name in listed.stdout.split("\0") if name]
    assert files
    return [path for path in files if path.is_file()]


def locked(text: str) -> dict[str, list[str]]:
    """The pinned versions of each package, by canonical name; one for each marker."""
    versions: dict[str, list[str]] = {}
    for entry in entries(text):
        pin = Requirement(entry.split(" --hash=")[0])
        (specifier,) = pin.specifier
        versions.setdefault(canonicalize_name(pin.name), []).append(specifier.version)
    return versions


def entries(text: str) -> list[str]:
    """The entries of a lock file, each on one line, without comments."""
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    return [line for line in joined.splitlines() if line and not line.startswith("#")]


def check_lock(text: str, wanted: list[str]) -> Iterator[str]:
    """Entries that are not pinned by hash alone, and dependencies that they do not satisfy."""
    for entry in entries(text):
        pin, *hashes = entry.split(" --hash=")
        if not hashes or not all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes):
            yield f"{pin}: no sha256"
        if not re.fullmatch(r"[A-Za-z0-9._-]+==[^\s;=]+( ; .+)?", pin):
            yield f"{pin}: not pinned to one version"
            return
    versions = locked(text)
    for requirement in map(Requirement, wanted):
        found = versions.get(canonicalize_name(requirement.name), [])
        if not found or not all(requirement.specifier.contains(one) for one in found):
            yield f"{requirement}: locked at {found or 'nothing'}"


def wanted() -> list[str]:
    """Every dependency that pyproject.toml names: to run, to develop and to build."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    named: list[str] = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for extra in project["project"].get("optional-dependencies", {}).values():
        named += extra
    return named


def test_each_workflow_fits_the_published_schema() -> None:
    result = validate_workflow(*WORKFLOWS.values())
    assert result.returncode == 0, result.stdout + result.stderr


BROKEN = [
    (WORKFLOW, "timeout-minutes:", "timeout-minute:"),
    (WORKFLOW, "permissions:\n  contents: read", "permissions: write-everything"),
    (WORKFLOW, "contents: read", "contents: reed"),
    (WORKFLOW, "runs-on:", "run-on:"),
    (WORKFLOW, "uses: ./.github", "use: ./.github"),
    (GATE, "type: string", "type: text"),
    (GATE, "workflow_call:", "workflow_calls:"),
    (PUBLISH, "id-token: write", "id-token: read-all"),
    (PUBLISH, "needs: build", "need: build"),
    (PUBLISH, "group: pages", "groups: pages"),
    (SHARDS, "matrix:", "matrixes:"),
]


def test_each_broken_workflow_is_refused(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.yml" for number, _ in enumerate(BROKEN)]
    for file, (path, right, wrong) in zip(files, BROKEN, strict=True):
        text = path.read_text(encoding="utf-8")
        assert right in text
        file.write_text(text.replace(right, wrong), encoding="utf-8")
    result = validate_workflow(*files)
    assert result.returncode == 1
    assert [str(file) for file in files if f"{file}::" not in result.stdout] == [], result.stdout


@pytest.mark.parametrize("path", [WORKFLOW, LONG], ids=["docs", "long"])
def test_the_workflow_may_only_read(path: Path) -> None:
    workflow = load_workflow(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert not [name for name, job in workflow["jobs"].items() if "permissions" in job]
    assert "secrets." not in path.read_text(encoding="utf-8")


def test_the_long_run_is_weekly_on_the_machine_of_the_gate() -> None:
    gate, long = load_workflow(WORKFLOW)["jobs"]["gate"], load_workflow(LONG)["jobs"]["long"]
    assert set(load_workflow(LONG)[True]) == {"schedule", "workflow_dispatch"}
    assert long["runs-on"] == gate["runs-on"]
    (*ours, last), (*theirs, test) = long["steps"][2:], gate["steps"][2:]
    assert ours == theirs
    assert (last["run"], test["run"]) == ("scripts/test --all", "scripts/test")


def test_the_gate_runs_on_every_python_that_is_allowed() -> None:
    pythons = load_workflow(WORKFLOW)["jobs"]["gate"]["strategy"]["matrix"]["python"]
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f">={pythons[0]}" == project["requires-python"]
    minors = [int(one.removeprefix("3.")) for one in pythons]
    assert minors == list(range(minors[0], minors[0] + len(minors)))


def test_the_retest_may_propose_and_nothing_else() -> None:
    workflow = load_workflow(RETEST)
    assert workflow["permissions"] == {"contents": "read"}
    # YAML 1.1 reads `on` so.
    assert set(workflow[True]) == {"schedule", "workflow_dispatch", "workflow_call"}
    check_rights(workflow)
    secrets = workflow[True]["workflow_call"]["secrets"]
    text = RETEST.read_text(encoding="utf-8")
    assert set(re.findall(r"secrets\.([A-Z_]+)", text)) == set(secrets) and len(secrets) == 4


def check_rights(workflow: dict[Any, Any]) -> None:
    """The job with the key writes nothing; the one that writes has no key and builds nothing."""
    retest, propose = workflow["jobs"].values()
    assert "permissions" not in retest and propose["needs"] == "retest"
    assert propose["permissions"] == {"contents": "write", "pull-requests": "write"}
    (run,) = (one["run"] for one in retest["steps"] if "secrets." in str(one.get("env", "")))
    assert "scripts/retest-due " in run and run.endswith('"$CALLS" result')
    assert "secrets" not in str(propose) and "github.token" not in str(retest)
    runs = [step["run"] for step in propose["steps"] if "run" in step]
    assert [one.partition("scripts/")[2].split()[0] for one in runs] == ["setup", "propose"]
    kept = [one for one in propose["steps"] if "GH_TOKEN" in one.get("env", {})]
    assert kept == propose["steps"][-1:]


def test_only_the_job_that_deploys_may_write_and_only_from_main() -> None:
    workflow = load_workflow(PUBLISH)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow[True]["push"] == {"branches": ["main"]}
    assert "pull_request" not in workflow[True]
    build, deploy = workflow["jobs"]["build"], workflow["jobs"]["deploy"]
    assert "permissions" not in build
    assert deploy["permissions"] == {"pages": "write", "id-token": "write"}
    assert "build" in deploy["needs"] and not [step for step in deploy["steps"] if "run" in step]
    assert all("github.ref == 'refs/heads/main'" in job["if"] for job in (build, deploy))
    assert "secrets." not in PUBLISH.read_text(encoding="utf-8")


def test_the_gate_has_the_permissions_of_its_caller_and_no_secrets() -> None:
    workflow = load_workflow(GATE)
    # A called job that requests more than its caller has keeps the whole workflow from starting.
    claims, findings = workflow["jobs"]["claims"], workflow["jobs"]["findings"]
    assert "permissions" not in workflow and "permissions" not in findings
    assert claims["permissions"] == {"contents": "read"}
    assert list(workflow[True]) == ["workflow_call"]
    assert "secrets." not in GATE.read_text(encoding="utf-8")
    (upload,) = (
        step
        for step in findings["steps"]
        if step.get("uses", "").startswith("github/codeql-action/upload-sarif@")
    )
    assert "if" not in upload and not [step for step in findings["steps"] if "run" in step]
    words = ("inputs.sarif", "!github.event.pull_request.head", "!cancelled()")
    assert findings["needs"] == "claims" and all(word in findings["if"] for word in words)
    (build,) = (step for step in claims["steps"] if " build" in step.get("run", ""))
    assert "if" not in build  # nothing of a change is built once its check has failed


@pytest.mark.parametrize("path", [GATE, PUBLISH, RETEST], ids=["gate", "publish", "retest"])
def test_another_repository_says_which_trueup_it_calls(path: Path) -> None:
    workflow = load_workflow(path)
    inputs = workflow[True]["workflow_call"]["inputs"]
    assert {name for name, one in inputs.items() if one.get("required")} == {"trueup", "ref"}
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([a-z-]+)", text)) == set(inputs)


@pytest.mark.parametrize(
    ("shards", "code", "output", "calls"),
    [
        ("1", 0, "", ["--top docs verify", "--top docs check --built"]),
        ("3", 0, "numbers=[1,2,3]\n", []),
        *((wrong, 2, "", []) for wrong in ("0", "-1", "257", "2.5", "", "1e2", "2\nnumbers=[]")),
    ],
)
def test_a_site_is_verified_here_or_by_shards(
    shards: str, code: int, output: str, calls: list[str], tmp_path: Path
) -> None:
    home, given = tmp_path / ".trueup", tmp_path / "output"
    (home / "scripts").mkdir(parents=True)
    shutil.copy(TOP / "scripts" / "shards", home / "scripts")
    stub(home / ".venv" / "bin" / "trueup", 'echo "$@" >> "$CALLS"')
    given.touch()
    names = {"CALLS": str(tmp_path / "calls"), "GITHUB_OUTPUT": str(given)}
    done = subprocess.run(
        [home / "scripts" / "shards", "docs", shards],
        env={"PATH": os.environ["PATH"], **names},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, given.read_text()) == (code, output)
    seen = (tmp_path / "calls").read_text().splitlines() if calls else []
    assert seen == calls and (tmp_path / "calls").exists() == bool(calls)
    assert code == 0 or f"shards: got {shards}, expected a number from 1 to 256." in done.stderr


def test_a_pull_request_is_compared_with_the_branch_that_it_goes_to() -> None:
    for path, job in ((GATE, "claims"), (PUBLISH, "build")):
        one = load_workflow(path)["jobs"][job]
        assert one["steps"][0]["with"]["fetch-depth"] == 0
        runs = [line for step in one["steps"] for line in step.get("run", "").splitlines()]
        assert '.trueup/scripts/gate "$TOP" "$BASE" "$DEFAULT"' in runs
        assert one["env"]["BASE"].endswith(
            "github.event.before || github.event_name != 'push' && github.sha }}"
        )
        assert one["env"]["DEFAULT"] == "${{ github.event.repository.default_branch }}"
    base = load_workflow(GATE)["jobs"]["claims"]["env"]["BASE"]
    assert "github.base_ref && format('origin/{0}...', github.base_ref) ||" in base


def test_the_workflows_of_the_page_fit_the_schema_and_what_they_call(tmp_path: Path) -> None:
    page = (TOP / "manual" / "pages" / "ci.md").read_text(encoding="utf-8")
    texts = re.findall(r"```yaml\n(name: .*?)```", page, re.DOTALL)
    called = set()
    for number, text in enumerate(texts):
        path = tmp_path / f"{number}.yml"
        path.write_text(text, encoding="utf-8")
        result = validate_workflow(path)
        assert result.returncode == 0, result.stdout + result.stderr
        workflow = load_workflow(path)
        (job,) = workflow["jobs"].values()
        name = re.fullmatch(r"OWNER/trueup/(\.github/workflows/[a-z]+\.yml)@REF", job["uses"])
        assert name, job["uses"]
        called.add(TOP / name[1])
        inputs = load_workflow(TOP / name[1])[True]["workflow_call"]["inputs"]
        assert {"trueup", "ref"} <= set(job["with"]) <= set(inputs)
        granted = job.get("permissions", workflow["permissions"])
        theirs = load_workflow(TOP / name[1])
        for one in (theirs, *theirs["jobs"].values()):
            for right, level in one.get("permissions", {}).items():
                assert granted[right] in (level, "write"), right
        secrets = theirs[True]["workflow_call"].get("secrets", {})
        assert job.get("secrets", {}) == {one: f"${{{{ secrets.{one} }}}}" for one in secrets}
    assert called == {GATE, PUBLISH, RETEST}


@EACH
def test_every_checkout_forgets_its_token(path: Path) -> None:
    steps = [step for job in load_workflow(path)["jobs"].values() for step in job.get("steps", [])]
    checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    kept = [one for one in checkouts if (one.get("with") or {}).get("persist-credentials", True)]
    assert checkouts and not kept


@EACH
def test_every_job_has_a_time_limit(path: Path) -> None:
    jobs = load_workflow(path)["jobs"].values()
    assert all(job["timeout-minutes"] <= 60 for job in jobs if "uses" not in job)


@pytest.mark.parametrize(
    ("path", "scripts"),
    [
        (WORKFLOW, ["test"]),
        (LONG, ["test", "portable"]),
        (RETEST, ["setup", "retest-due", "setup", "propose"]),
        (GATE, ["gate"]),
        (PUBLISH, []),
        (SHARDS, []),
    ],
    ids=lambda value: value.stem if isinstance(value, Path) else "",
)
def test_ci_calls_only_scripts_that_exist(path: Path, scripts: list[str]) -> None:
    workflow = load_workflow(path)
    assert list(check_steps(workflow)) == []
    called = re.findall(r"run: (?:\.trueup/)?(scripts/[a-z-]+)", path.read_text(encoding="utf-8"))
    assert called == [f"scripts/{name}" for name in scripts]
    assert all((TOP / name).is_file() for name in called)
    own = [job["uses"] for job in workflow["jobs"].values() if "uses" in job]
    assert all((TOP / name).is_file() for name in own)


@pytest.mark.parametrize(
    "line",
    [
        "pytest",
        "scripts/test || true",
        "sudo apt-get update; make",
        "scripts/../x",
        "pip install x",
        "scripts/gate ${{ github.head_ref }}",
        "trueup docs",
    ],
)
def test_a_step_that_is_no_script_is_caught(line: str) -> None:
    assert list(check_steps({"jobs": {"a": {"steps": [{"run": f"scripts/test\n{line}"}]}}})) == [
        line
    ]


def test_the_gate_of_a_fresh_clone_is_the_test_script() -> None:
    path = TOP / ".ci" / "run"
    assert list(check_script(path)) == []
    assert path.read_text(encoding="utf-8").splitlines()[-1] == "exec scripts/test"


def test_scripts_are_short_and_say_what_they_do() -> None:
    files = [path for path in (TOP / "scripts").iterdir() if path.is_file()]
    scripts = [path for path in files if path.suffix != ".py"]
    assert {"setup", "docs", "test"} <= {path.name for path in scripts}
    assert {path.name: list(check_script(path)) for path in scripts} == {
        path.name: [] for path in scripts
    }


def test_a_careless_script_is_caught(tmp_path: Path) -> None:
    script = tmp_path / "long"
    script.write_text("#!/bin/sh\necho\n" * 11, encoding="utf-8")
    script.chmod(0o644)
    assert list(check_script(script)) == [
        "not executable",
        "22 lines; at most 20",
        "no usage comment under its first line",
        "goes on after an error",
    ]


def test_no_file_names_a_registry_or_a_machine() -> None:
    found = []
    for path in own_files():
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{path.relative_to(TOP)}:{finding}" for finding in check_text(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "pieces",
    [
        ("--index", "-url x"),
        ("https://example.com/sim", "ple/httpx"),
        ("https://example.com/a-1.w", "hl"),
        ("see https://example.com/a.tar.", "gz#sha"),
        ("open('/wor", "k/main/x')"),
        ("/ro", "ot/.cache"),
        ("file:///ho", "me/ann/docs"),
    ],
)
def test_an_address_or_a_machine_path_is_caught(pieces: tuple[str, str]) -> None:
    assert len(list(check_text("".join(pieces)))) == 1


def test_links_and_relative_paths_are_free() -> None:
    assert list(check_text("https://example.com/docs/work/ docs/work/a ./work/b")) == []


def test_the_lock_file_covers_every_dependency_by_hash() -> None:
    text = (TOP / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert list(check_lock(text, wanted())) == []


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("httpx==0.28.1\n", "httpx==0.28.1: no sha256"),
        ("httpx==0.28.1 \\\n    --hash=md5:0\n", "httpx==0.28.1: no sha256"),
        (f"httpx>=0.28 --hash=sha256:{'0' * 64}\n", "httpx>=0.28: not pinned to one version"),
        (f"httpx==0.27.0 --hash=sha256:{'0' * 64}\n", "httpx>=0.28: locked at ['0.27.0']"),
        ("", "httpx>=0.28: locked at nothing"),
    ],
)
def test_a_loose_lock_file_is_caught(text: str, finding: str) -> None:
    assert finding in list(check_lock(text, ["httpx>=0.28"]))


def test_the_readme_is_short_and_names_both_commands() -> None:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= README_LINES
    alternative, picture = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", text)[0]
    assert "status page" in alternative
    assert 1_000 < (TOP / picture).stat().st_size <= PICTURE_BYTES
    assert "scripts/docs" in text
    assert "scripts/test" in text


def test_the_hooks_are_the_tools_of_the_test_script() -> None:
    result = run(sys.executable, "-m", "pre_commit", "validate-config", str(HOOKS))
    assert result.returncode == 0, result.stdout + result.stderr
    (repository,) = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))["repos"]
    entries = [hook["entry"] for hook in repository["hooks"]]
    lines = (TOP / "scripts" / "test").read_text(encoding="utf-8").splitlines()
    gate = [line.partition(" & ")[0] for line in lines]
    assert repository["repo"] == "local"
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}
    assert [entry for entry in entries if entry not in gate] == [
        ".venv/bin/trueup check --against HEAD"
    ]


def test_broken_hooks_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "hooks.yaml"
    text = HOOKS.read_text(encoding="utf-8")
    broken.write_text(text.replace("entry:", "entri:"), encoding="utf-8")
    assert run(sys.executable, "-m", "pre_commit", "validate-config", str(broken)).returncode == 1


def test_the_offered_hook_is_a_command_of_the_package(tmp_path: Path) -> None:
    result = run(sys.executable, "-m", "pre_commit", "validate-manifest", str(OFFERED))
    assert result.returncode == 0, result.stdout + result.stderr
    text = OFFERED.read_text(encoding="utf-8")
    (hook,) = yaml.safe_load(text)
    assert hook["language"] == "python" and hook["entry"] == "trueup check --against HEAD"
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert hook["entry"].split()[0] in project["scripts"]
    held = [path for path in own_files() if re.search(hook["files"], str(path.relative_to(TOP)))]
    assert {TOP / "status.yml", TOP / "mkdocs.ja.yml", TOP / "docs" / "en" / "index.md"} <= {*held}
    assert not [path for path in held if path.suffix == ".py"]
    broken = tmp_path / "hooks.yaml"
    broken.write_text(text.replace("entry:", "entri:"), encoding="utf-8")
    assert run(sys.executable, "-m", "pre_commit", "validate-manifest", str(broken)).returncode == 1


@pytest.mark.parametrize(
    ("base", "against"), [("origin/x...", "origin/x..."), ("0" * 40, "origin/main..."), ("", "")]
)
def test_the_gate_of_any_repository_checks_it_against_its_base(
    base: str, against: str, tmp_path: Path
) -> None:
    home = tmp_path / ".trueup"
    (home / "scripts").mkdir(parents=True)
    (home / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(TOP / "scripts" / "gate", home / "scripts")
    stub = '#!/usr/bin/env bash\necho "$PWD" "$@" >> "$CALLS"\nexit 1\n'
    for place, text in ((home / "scripts" / "setup", "#!/bin/sh\n"),
                        (home / ".venv" / "bin" / "trueup", stub)):  # fmt: skip
        place.write_text(text, encoding="utf-8")
        place.chmod(0o755)
    done = subprocess.run(
        [home / "scripts" / "gate", "docs-of-it", base, "main"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "CALLS": str(tmp_path / "calls")},
        check=False,
    )
    options = f"{tmp_path} --top docs-of-it check --against {against}"
    assert done.returncode == 1
    assert (tmp_path / "calls").read_text().splitlines() == [
        f"{options} --format sarif --output trueup.sarif",
        f"{options} --format github",
    ]


def stub(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/usr/bin/env bash\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("types", "tests", "code"),
    [("true", "true", 0), ("sleep 0.3; false", "true", 1), ("exec sleep 60", "exit 3", 3)],
)
def test_types_are_checked_beside_the_tests(
    types: str, tests: str, code: int, tmp_path: Path
) -> None:
    for tool, what in (("ruff", "true"), ("mypy", types), ("pytest", tests)):
        stub(tmp_path / ".venv" / "bin" / tool, what)
    stub(tmp_path / "scripts" / "setup", "true")
    shutil.copy(TOP / "scripts" / "test", tmp_path / "scripts")
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [tmp_path / "scripts" / "test"], env=environment, stdout=subprocess.PIPE, check=False
    )
    assert (done.returncode, done.stdout) == (code, b"")


def test_a_skipped_test_fails_the_gate_in_ci(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    (clone / "scripts").mkdir(parents=True)
    (clone / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(TOP / "scripts" / "test", clone / "scripts" / "test")
    (clone / "scripts" / "setup").write_text("#!/bin/sh\n", encoding="utf-8")
    (clone / "scripts" / "setup").chmod(0o755)
    for tool in ("ruff", "mypy"):
        (clone / ".venv" / "bin" / tool).symlink_to(shutil.which("true") or "true")
    (clone / ".venv" / "bin" / "pytest").symlink_to(Path(sys.executable).parent / "pytest")
    codes = {}
    for ci, what in (("true", "it moves (until 2999-01-01)"), ("true", "no way"), ("", "no way")):
        (clone / "test_a.py").write_text(
            f"import pytest\ndef test_a(): pass\ndef test_b(): pytest.skip({what!r})\n",
            encoding="utf-8",
        )
        if not ci:  # the results of the run before are judged again
            (clone / ".venv" / "bin" / "pytest").rename(clone / "pytest")
            (clone / ".venv" / "bin" / "pytest").symlink_to(shutil.which("true") or "true")
        environment = {"PATH": os.environ["PATH"], "CI": ci, "COVERAGE_FILE": str(tmp_path / "c")}
        gate = subprocess.run(
            [clone / "scripts" / "test", "-q", "--no-cov", "-n0"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        codes[ci, what[:2]] = (
            gate.returncode,
            "<skipped" in gate.stdout,
            "must run" in gate.stderr,
        )
    assert codes == {
        ("true", "no"): (1, True, True),
        ("", "no"): (0, False, False),
        ("true", "it"): (0, False, False),
    }


def test_a_due_retest_hands_over_the_record_and_not_the_key(tmp_path: Path) -> None:
    home, top, result = tmp_path / "home", tmp_path / "site", tmp_path / "result"
    (top / "docs").mkdir(parents=True)
    (top / "status.yml").write_text("a\n")
    stub(home / "scripts" / "retest-due", "")
    shutil.copy(TOP / "scripts" / "retest-due", home / "scripts")
    stub(
        home / ".venv" / "bin" / "trueup",
        'cat "${@: -1}" > ../seen; printf "%s\\n" "$@" >> ../seen; env >> ../seen\n'
        "cd ../site && echo {} > docs/evidence/a.json && touch docs/evidence/a.json.sig",
    )
    environment = {"PATH": os.environ["PATH"], "TRUEUP_SIGNING_KEY": "KEY"}
    command = [str(home / "scripts" / "retest-due"), "../site", "7", "../result"]
    subprocess.run(command, cwd=home, env=environment, check=True)
    seen = (tmp_path / "seen").read_text()
    assert seen.startswith("KEY\n") and "--sign" in seen and seen.count("KEY") == 1
    assert "--max-calls\n7\n" in seen
    assert not Path(seen.partition("--sign\n")[2].splitlines()[0]).exists()
    names = {str(path.relative_to(result)) for path in result.rglob("*") if path.is_file()}
    assert names == {"status.yml", "docs/evidence/a.json", "docs/evidence/a.json.sig"}


@pytest.fixture
def proposing(tmp_path: Path) -> Path:
    """A folder with a clone of a repository, the record of a retest, and `gh` and `trueup`."""
    origin, clone, home = (tmp_path / name for name in ("origin", "clone", "home"))
    subprocess.run(["git", "init", "-q", "--bare", str(origin)], check=True)
    subprocess.run(["git", "clone", "-q", str(origin), str(clone)], check=True, capture_output=True)
    (clone / "kept").write_text("a\n")
    for name, to in (("status.yml", "kept"), ("docs/evidence/a.json", "../../kept")):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).symlink_to(to)
    for words in (["add", "."], ["commit", "-qm", "a"]):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@localhost", *words],
                       cwd=clone, check=True)  # fmt: skip
    (clone / "untracked").write_text("x")
    evidence = tmp_path / "result" / "docs" / "evidence"
    evidence.mkdir(parents=True)
    (evidence / "a.json").write_text("{}")
    (tmp_path / "result" / "summary.md").write_text("What was seen.\n")
    (tmp_path / "result" / "status.yml").write_text("a\nb\n")
    stub(tmp_path / "bin" / "gh", f'echo "$@" >> {tmp_path}/gh.txt')
    checked = f'echo "$@" >> {tmp_path}/check.txt; exit "${{CODE:-0}}"'
    stub(home / ".venv" / "bin" / "trueup", checked)
    (home / "scripts").mkdir()
    shutil.copy(TOP / "scripts" / "propose", home / "scripts")
    return tmp_path


def propose(top: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{top / 'bin'}:{os.environ['PATH']}", **more}
    return subprocess.run(
        [str(top / "home" / "scripts" / "propose"), "clone", "result"],
        cwd=top,
        env=environment,
        capture_output=True,
        text=True,
    )


def test_a_retest_is_proposed_once_it_is_checked(proposing: Path) -> None:
    assert propose(proposing, CODE="1").returncode == 1
    assert not (proposing / "gh.txt").exists()
    done = propose(proposing)
    assert done.returncode == 0, done.stderr
    assert (proposing / "check.txt").read_text() == "check --against HEAD\n" * 2
    (called,) = (proposing / "gh.txt").read_text().splitlines()
    assert called.startswith("pr create --head retest-") and called.endswith("summary.md")
    command = ["git", "show", "--name-only", "--format=%s", f"origin/{called.split()[3]}"]
    shown = subprocess.run(command, cwd=proposing / "clone", capture_output=True, text=True)
    assert shown.stdout.split("\n")[0] == "Put a retest on record"
    assert shown.stdout.split()[-2:] == ["docs/evidence/a.json", "status.yml"]
    assert (proposing / "clone" / "kept").read_text() == "a\n"  # no link was written through
    again = propose(proposing)
    assert again.returncode == 0 and "nothing changed" in again.stderr


@pytest.mark.parametrize(
    "name",
    [".github/workflows/a.yml", "docs/evidence/a.sh", "docs/evidence/a/b.json", "b", "link"],
)
def test_a_record_with_any_other_file_is_not_proposed(name: str, proposing: Path) -> None:
    file = proposing / "result" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if name == "link":
        (proposing / "result" / "docs" / "evidence" / "b.json").symlink_to("/etc/hostname")
    else:
        file.write_text("x")
    done = propose(proposing)
    assert done.returncode == 1 and "writes no such file" in done.stderr
    assert not (proposing / "gh.txt").exists()
