"""Rights in the workflows of this repository and of a new site: who has a key, who may write, and
what runs before the check."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from conftest import TOP
from test_repository import load_workflow

NAMES = ("docs", "gate", "long", "publish", "retest", "shards")
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
VERIFY = (" verify", "scripts/docs", "scripts/shards ")
RUN_BLOCKS = (" build", *VERIFY)
AFTER_FAILURE = {("gate", "findings"), ("publish", "deploy"), ("shards", "merge")}
"""Jobs that may run after a job that failed or was skipped; a test of its own holds each."""


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
        allowed = (name, job_name) in AFTER_FAILURE
        assert allowed or "always()" not in str(job) and "cancelled()" not in str(job.get("if"))


@EACH
def test_a_job_that_may_write_runs_nothing_of_a_change(name: str) -> None:
    for job_name, job in jobs_of(name).items():
        rights = job.get("permissions", READ)
        if rights == READ and job_name != "findings":
            continue
        scripts = [line.partition("scripts/")[2].split()[0] for line in lines_of(job)]
        assert scripts == (["setup", "propose"] if job_name == "propose" else [])
        needs = job["needs"] if isinstance(job["needs"], list) else [job["needs"]]
        assert set(needs) <= jobs_of(name).keys()


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
    assert any(one in lines[at] for at in built for one in VERIFY)
    assert job["steps"][0]["with"] == {"persist-credentials": False, "fetch-depth": 0}


@pytest.mark.parametrize(("name", "job"), [("publish", "deploy"), ("new docs", "publish")])
def test_what_is_deployed_was_checked_on_main(name: str, job: str) -> None:
    deploy = jobs_of(name)[job]
    assert deploy["permissions"] == {"pages": "write", "id-token": "write"}
    if name == "publish":
        assert deploy["needs"] == [GATES[name], "shards"]
        assert deploy["if"] == (
            "${{ !cancelled() && needs.build.result == 'success' && (needs.shards.result =="
            " 'success' || !needs.build.outputs.numbers) && github.ref == 'refs/heads/main' }}"
        )
    else:
        assert deploy["needs"] == GATES[name]
        assert deploy["if"].endswith("github.ref == 'refs/heads/main'")
        assert deploy["if"].startswith("github.event_name != 'pull_request' && ")
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


@pytest.mark.parametrize("name", ["gate", "publish"])
def test_shards_run_the_blocks_of_a_site_that_was_checked(name: str) -> None:
    before, shards = jobs_of(name)[GATES[name]], jobs_of(name)["shards"]
    assert (shards["needs"], shards["uses"]) == (GATES[name], "./.github/workflows/shards.yml")
    assert shards.get("permissions", READ) == READ
    numbers = f"needs.{GATES[name]}.outputs.numbers"
    assert (shards["if"], shards["with"]["numbers"]) == (numbers, f"${{{{ {numbers} }}}}")
    assert before["outputs"] == {"numbers": "${{ steps.verify.outputs.numbers }}"}
    (step,) = (one for one in before["steps"] if one.get("id") == "verify")
    assert step["run"].splitlines()[-1] == '.trueup/scripts/shards "$TOP" "$SHARDS"'


def test_only_a_site_that_was_verified_is_an_artifact_of_pages() -> None:
    build, merge = jobs_of("publish")["build"], jobs_of("shards")["merge"]
    for job, condition in (
        (build, "${{ !steps.verify.outputs.numbers }}"),
        (merge, "${{ inputs.pages }}"),
    ):
        (upload,) = (
            step
            for step in job["steps"]
            if step.get("uses", "").startswith("actions/upload-pages-artifact@")
        )
        assert upload["if"] == condition
    assert jobs_of("publish")["shards"]["with"]["pages"] is True


def test_the_receipts_of_a_failed_shard_are_merged_and_missing_ones_are_not_passed_over() -> None:
    verify, merge = jobs_of("shards").values()
    assert verify["strategy"]["fail-fast"] is False and "if" not in verify
    assert (merge["needs"], merge["if"]) == ("verify", "${{ !cancelled() }}")
    upload = verify["steps"][-1]
    assert upload["with"]["if-no-files-found"] == "error"
    lines = lines_of(merge)
    assert lines[-2].endswith(" merge-receipts shards/*.json") and lines[-1].endswith(" --built")
