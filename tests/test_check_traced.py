"""A check, traced by Python's audit events: what it opens, starts and executes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from git_repository import commit

pytestmark = pytest.mark.no_cover

TRACER = """
import json, os, sys, sysconfig
out = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
top = os.path.realpath(sys.argv[2])
import trueup.cli, trueup.cli.check
from trueup.shipped_files import shipped_folder
ours = [top, os.path.dirname(trueup.__file__), sys.prefix, sys.base_prefix,
        str(shipped_folder()),
        *sysconfig.get_paths().values()]
def trace(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        path = os.path.realpath(os.fsdecode(arguments[0]))
        if not any(path.startswith(f"{one}/") for one in ours):
            os.write(out, json.dumps([event, path]).encode() + b"\\n")
    elif event in ("exec", "compile"):
        name = str(getattr(arguments[0], "co_filename", None) or arguments[-1])
        if os.path.realpath(name).startswith(f"{top}/") and not name.endswith(".j2"):
            os.write(out, json.dumps([event, name]).encode() + b"\\n")
    elif event.startswith(("subprocess.", "os.exec", "os.posix_spawn", "os.fork", "os.system",
                           "socket.", "pty.", "ctypes.dlopen")):
        os.write(out, json.dumps([event, str(arguments[0])]).encode() + b"\\n")
sys.addaudithook(trace)
trueup.cli.main(["--top", top, "check", "--as-of", "2026-05-03"])
"""
HOOK = "open('{}', 'w')\ndef define_env(env): pass\ndef on_page_content(html, **_): return html\n"


def traced(top: Path, folder: Path) -> tuple[list[list[str]], str]:
    """Return the foreign events of a check, and what it printed."""
    script, log = folder / "tracer.py", folder / "log"
    script.write_text(TRACER)
    command = [
        sys.executable,
        str(script),
        str(log),
        str(top),
        str(Path(__file__).parents[1] / ".venv"),
    ]
    environment = {**os.environ, "GH_TOKEN": "CaNaRy"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    assert "CaNaRy" not in done.stdout + done.stderr
    return [json.loads(line) for line in log.read_text().splitlines()], done.stdout + done.stderr


@pytest.mark.long
def test_a_check_of_a_good_repository_starts_git_alone(starter: Path, tmp_path: Path) -> None:
    commit(starter)
    events, printed = traced(starter, tmp_path)
    assert "nothing found" in printed
    assert_only_git(events)


def assert_only_git(events: list[list[str]]) -> None:
    programs = {Path(subject).name for event, subject in events if event == "subprocess.Popen"}
    assert programs <= {"git"} and programs
    assert [one for one in events if one[0] != "subprocess.Popen" and one[1] != "/dev/null"] == []


def test_a_check_of_a_hostile_repository_starts_git_alone(starter: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    code = HOOK.format(mark)
    settings = starter / "mkdocs.yml"
    files = {
        "main.py": code,
        "docs/hook.py": code,
        "evil.yml": settings.read_text() + "\nhooks: [docs/hook.py]\n",
        "mkdocs.yml": "INHERIT: evil.yml\nsite_name: !ENV [GH_TOKEN, '']\n"
        f"extra: {{x: !!python/object/apply:os.system ['touch {mark}']}}\n",
        "overrides/main.html": "{% extends 'base.html' %}{% block content %}"
        "{{ super() | replace('not recommended', 'recommended') }}{% endblock %}",
        "docs/en/calls.md": '# Calls\n\n{{ fix_url("This route is recommended.") }}\n',
        "snippets/shared/curl.sh.j2": "{% if cycler.__init__.__globals__.os.system("
        f"'touch {mark}') %}}{{% endif %}}curl\n",
    }
    for name, text in files.items():
        (starter / name).write_text(text)
    links = {
        "docs/en/env.txt": "/proc/self/environ",
        "snippets/leak.j2": "/etc/passwd",
        "docs/ja.po": "/etc/passwd",
        "docs/en/odd.md": "/etc/hostname",
    }
    for name, to in links.items():
        (starter / name).symlink_to(to)
    os.mkfifo(starter / "docs" / "en" / "pipe.md")
    commit(starter)
    events, printed = traced(starter, tmp_path)
    assert_only_git(events)
    assert not mark.exists()
    for part in (
        "evil.yml:", "the setting hooks ", "python/object/apply", "the tag !ENV", "main.py: ",
        "overrides/main.html: ", "fix_url", "snippets/shared/curl.sh.j2:1: ",
        *(f"{name}: a link out of the repository" for name in links), "docs/en/pipe.md: not a file",
    ):  # fmt: skip
        assert part in printed, (part, printed)
