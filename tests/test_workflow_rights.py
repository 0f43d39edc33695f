"""Rights in the workflows of this repository and of a new site: who has a key, who may write, and
what runs before the check."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from conftest import TOP
from test_repository import load_workflow

NAMES = ("docs", "gate", "long", "publish", "retest")
FILES = {name: TOP / ".github" / "workflows" / f"{name}.yml" for name in NAMES}
NEW = TOP / "src" / "trueup" / "scaffold" / "files"
FILES |= {"new docs": NEW / "workflow.yml.j2", "new retest": NEW / "retest.yml.j2"}
READ = {"contents": "read"}
SECRETS = {
    f"TRUEUP_{name}": f"${{{{ secrets.TRUEUP_{name} }}}}"
    for name in ("PRODUCTION_API_KEY", "PRODUCTION_ACCESS_TOKEN", "PRODUCTION_USER_ID")
    + ("SIGNING_KEY",)
}
EACH = pytest.mark.parametrize("name", FILES)
RETESTS = pytest.mark.parametrize("name", ["retest", "new retest"])
GATES = {"gate": "claims", "publish": "build", "new docs": "gate"}
CHECKS = ("/gate ", "scripts/test")
RUN_BLOCKS = (" build", " verify", "scripts/docs")


def jobs_of(name: str) -> dict[str, Any]:
    jobs: dict[str, Any] = load_workflow(FILES[name])["jobs"]
    return jobs


def lines_of(job: dict[str, Any]) -> list[str]:
    return [line for step in job.get("steps", []) for line in step.get("run", "").splitlines()]


@EACH
def test_no_workflow_starts_with_rights_that_a_stranger_could_use(name: str) -> None:
    workflow = load_workflow(FILES[name])
    triggers = {"push", "pull_request", "schedule", "workflow_call", "workflow_dispatch"}
    assert set(workflow[True]) <= triggers  # YAML 1.1 reads `on` so
    # A called gate has the rights of its caller; its jobs that run something name their own.
    assert workflow.get("permissions", READ) == READ and (
        "permissions" in workflow or name == "gate"
    )
    if name == "gate":
        assert workflow["jobs"]["claims"]["permissions"] == READ
    assert "env" not in workflow and "defaults" not in workflow


def parts_of(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield each key and value of a workflow, at every depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key), inner
            yield from parts_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from parts_of(inner)


@EACH
def test_nothing_that_fails_is_passed_over(name: str) -> None:
    for job_name, job in jobs_of(name).items():
        is_kept = (name, job_name) == ("long", "portable")  # holds up no change, on purpose
        assert is_kept or not [key for key, _ in parts_of(job) if key == "continue-on-error"]
        assert not [step for step in job.get("steps", []) if "run" in step and "if" in step]
        allowed = name == "gate" and job_name == "findings"
        assert allowed or "always()" not in str(job) and "cancelled()" not in str(job.get("if"))


@EACH
def test_a_job_that_may_write_runs_nothing_of_a_change(name: str) -> None:
    for job_name, job in jobs_of(name).items():
        rights = job.get("permissions", READ)
        if rights == READ and job_name != "findings":
            continue
        scripts = [line.partition("scripts/")[2].split()[0] for line in lines_of(job)]
        assert scripts == (["setup", "propose"] if job_name == "propose" else [])
        assert job["needs"] in jobs_of(name)


@EACH
def test_a_token_and_a_secret_are_in_one_step_each(name: str) -> None:
    jobs = deepcopy(jobs_of(name))
    for job_name, given in (("retest", SECRETS), ("propose", {"GH_TOKEN": "${{ github.token }}"})):
        for step in jobs.get(job_name, {}).get("steps", []):
            environment = step.get("env", {})
            if given.items() <= environment.items():
                step["env"] = {key: environment[key] for key in environment.keys() - given.keys()}
                break
        else:
            assert job_name not in jobs
    for job in jobs.values():
        job.pop("permissions", None)
    left = str(jobs)
    assert "secrets" not in left and "token" not in left.lower()


@RETESTS
def test_the_job_with_the_keys_signs_and_the_one_that_writes_only_proposes(name: str) -> None:
    retest, propose = jobs_of(name).values()
    assert "permissions" not in retest and "if" not in retest
    (step,) = (one for one in retest["steps"] if "SIGNING_KEY" in str(one))
    assert "scripts/retest-due " in step["run"]
    runs = [line.partition("scripts/")[2] or line for line in lines_of(retest)]
    first = next(at for at, line in enumerate(runs) if line.startswith("retest-due "))
    assert runs[first - 1] == "setup"
    assert not [one for one in runs[:first] for part in RUN_BLOCKS if part in f" {one}"]
    assert (propose["needs"], propose.get("if")) == ("retest", None)
    assert propose["permissions"] == {"contents": "write", "pull-requests": "write"}
    assert "GH_TOKEN" in propose["steps"][-1]["env"] and "propose" in propose["steps"][-1]["run"]


@pytest.mark.parametrize("name", GATES)
def test_nothing_of_a_change_is_built_or_run_before_its_check(name: str) -> None:
    job = jobs_of(name)[GATES[name]]
    lines = lines_of(job)
    checked = next(at for at, line in enumerate(lines) if any(one in line for one in CHECKS))
    built = [at for at, line in enumerate(lines) if any(one in line for one in RUN_BLOCKS)]
    assert built and checked < min(built)
    assert any(" verify" in lines[at] or "scripts/docs" in lines[at] for at in built)
    assert job["steps"][0]["with"] == {"persist-credentials": False, "fetch-depth": 0}


@pytest.mark.parametrize(("name", "job"), [("publish", "deploy"), ("new docs", "publish")])
def test_what_is_deployed_was_checked_on_main(name: str, job: str) -> None:
    deploy = jobs_of(name)[job]
    assert deploy["permissions"] == {"pages": "write", "id-token": "write"}
    assert deploy["needs"] == GATES[name]
    assert deploy["if"].endswith("github.ref == 'refs/heads/main'")
    assert name == "publish" or deploy["if"].startswith("github.event_name != 'pull_request' && ")
    assert [step["uses"].partition("@")[0] for step in deploy["steps"]] == ["actions/deploy-pages"]


@EACH
def test_no_checkout_keeps_its_token(name: str) -> None:
    for job in jobs_of(name).values():
        for step in job.get("steps", []):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_a_change_is_compared_with_what_it_goes_to() -> None:
    base = jobs_of("gate")["claims"]["env"]["BASE"]
    merged = "github.event.merge_group.base_sha || github.base_ref && "
    assert base.startswith(f"${{{{ {merged}format('origin/{{0}}...', github.base_ref) || ")
    (base,) = (one["env"]["BASE"] for one in jobs_of("new docs")["gate"]["steps"] if one.get("run")
               == "scripts/test")  # fmt: skip
    assert base.startswith("${{ github.base_ref && format('origin/{0}...', github.base_ref) || ")
    assert jobs_of("docs")["claims"]["uses"] == "./.github/workflows/gate.yml"


def test_the_findings_of_a_fork_are_not_uploaded() -> None:
    condition = jobs_of("gate")["findings"]["if"]
    assert condition.endswith(" && !github.event.pull_request.head.repo.fork }}")
