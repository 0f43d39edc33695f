"""What a block cannot do, use up or leave to the next: attacks that stay in the sandbox."""

import errno
import os
import signal
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_sandbox import HOST, output, sandbox_or_skip

from trueup.sandbox import Limits, Sandbox, inside, usage
from trueup.sandbox.control_group import limit_memory, open_group
from trueup.sandbox.syscalls import filter_here, filter_program

ALLOWED = 0x7FFF0000
ENOSYS, EPERM, NO_FAMILY = (
    0x00050000 | code for code in (errno.ENOSYS, errno.EPERM, errno.EAFNOSUPPORT)
)
CALLS = """
import ctypes, errno, os, sys
libc = ctypes.CDLL(None, use_errno=True)
x86 = os.uname().machine == "x86_64"
vector = (ctypes.c_void_p * 2)(id(x86), 8)
CALLS = {
    "keyring": ((248, 217), b"user", b"left", b"x", 1, -4),
    "shared memory": ((29, 194), 7, 4096, 0o1600),
    "semaphores": ((64, 190), 7, 1, 0o1600),
    "messages": ((68, 186), 7, 0o1600),
    "queue": ((240, 180), b"left", 0o102, 0o600, None),
    "ring": ((425, 425), 8, ctypes.create_string_buffer(120)),
    "memory file": ((319, 279), b"left", 0),
    "user namespace": ((272, 97), 0x10000000),
    "clone": ((56, 220), 0x10000011, 0, 0, 0, 0),
    "clone3": ((435, 435), None, 0),
    "mount": ((165, 40), b"none", b"/tmp", b"tmpfs", 0, None),
    "trace": ((101, 117), 16, os.getppid(), 0, 0),
    "memory of another": ((310, 270), os.getppid(), vector, 1, vector, 1, 0),
    "limits of another": ((302, 261), 1, 7, None, ctypes.create_string_buffer(16)),
    "priority of another": ((141, 140), 0, 1, 5),
    "affinity of another": ((203, 122), 1, 8, ctypes.create_string_buffer(8)),
    "bpf": ((321, 280), 0, None, 0),
    "packets": ((41, 198), 17, 3, 0),
    "vsock": ((41, 198), 40, 1, 0),
    "crypto": ((41, 198), 38, 5, 0),
    "typing": ((16, 29), 0, 0x5412, b"x"),
}
for name, (numbers, *arguments) in CALLS.items():
    ctypes.set_errno(0)
    result = libc.syscall(numbers[not x86], *arguments)
    print(name, "=", errno.errorcode.get(ctypes.get_errno(), result))
"""
FORBIDDEN = (
    *("mount", "trace", "memory of another", "clone", "typing"),
    *("limits of another", "priority of another", "affinity of another"),
)
REFUSED = {
    **dict.fromkeys(FORBIDDEN, "EPERM"),
    **dict.fromkeys(("packets", "vsock", "crypto"), "EAFNOSUPPORT"),
}


@pytest.fixture(
    scope="module", params=["namespace", pytest.param("landlock", marks=pytest.mark.long)]
)
def confined(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    yield from sandbox_or_skip(request.param)


@pytest.fixture(scope="module")
def contained() -> Iterator[Sandbox]:
    yield from sandbox_or_skip("namespace")


def test_the_filter_refuses_what_no_block_needs(confined: Sandbox) -> None:
    if filter_here() is None:
        pytest.skip("this kernel or machine has no filter")
    ran = confined.run("python", CALLS.encode())
    seen = dict(line.split(" = ") for line in ran.stdout.decode().splitlines())
    assert len(seen) == 21, ran.stderr
    assert {name: REFUSED.get(name, "ENOSYS") for name in seen} == seen


def judged(program: bytes, abi: int, number: int, *arguments: int) -> int:
    """The verdict of a filter on a call, as the kernel would reach it."""
    data = struct.pack("=IIQ6Q", number, abi, 0, *(*arguments, *[0] * (6 - len(arguments))))
    place, value = 0, 0
    while True:
        code, yes, no, operand = struct.unpack_from("=HBBI", program, place * 8)
        place += 1
        if code == 0x06:
            return int(operand)
        if code == 0x20:
            (value,) = struct.unpack_from("=I", data, operand)
        else:
            is_met = {0x15: value == operand, 0x35: value >= operand, 0x45: bool(value & operand)}
            place += yes if is_met[code] else no


UNKNOWN = """
    248 217, 249 218, 250 219, 29 194, 30 196, 31 195, 64 190, 65 193, 66 191, 220 192, 68 186,
    69 189, 70 188, 71 187, 240 180, 241 181, 319 279, 447 447, 425 425, 321 280, 298 241, 323 282,
    272 97, 435 435"""
VERDICTS = [
    ((0, 63), (), ALLOWED),  # read
    *((tuple(map(int, pair.split())), (), ENOSYS) for pair in UNKNOWN.split(",")),
    ((56, 220), (17,), ALLOWED),  # clone, as fork does
    *(((56, 220), (flag | 17,), EPERM) for flag in (0x20000, 0x2000000, 0x10000000, 0x40000000)),
    *(((16, 29), (0, name), ALLOWED) for name in (0x5401, 0x5413, 0x541B)),  # ioctl
    *(((16, 29), (0, name), EPERM) for name in (0x5412, 0x541C, 0xFFFFFFFF00005412)),
    *(((41, 198), (family,), ALLOWED) for family in (1, 2, 10)),  # socket
    *(((41, 198), (family,), NO_FAMILY) for family in (0, 3, 16, 17, 38, 40)),
    ((302, 261), (0, 7), ALLOWED),  # prlimit64 of itself
    ((141, 140), (0, 0), ALLOWED),  # setpriority of itself, and of a whole user
    ((141, 140), (2, 0), EPERM),
    ((251, 30), (1, 0), ALLOWED),  # ioprio_set
    ((251, 30), (3, 0), EPERM),
    *((call, (1, 7), EPERM) for call in ((302, 261), (203, 122), (142, 118), (144, 119))),
    *((call, (1, 7), EPERM) for call in ((314, 274), (251, 30))),
    ((141, 140), (0, 7), EPERM),
]


@pytest.mark.parametrize(
    ("machine", "column", "abi"), [("x86_64", 0, 0xC000003E), ("aarch64", 1, 0xC00000B7)]
)
def test_the_filter_of_each_machine(machine: str, column: int, abi: int) -> None:
    program = filter_program(machine)
    assert program is not None and filter_program("riscv64") is None
    for numbers, arguments, verdict in VERDICTS:
        number = numbers[column]
        assert judged(program, abi, number, *arguments) == verdict, (number, arguments)
    assert judged(program, 0x40000003, 1) == ENOSYS  # 32 bits
    assert (judged(program, abi, 0x40000000) == ENOSYS) is (machine == "x86_64")  # x32


def test_no_user_namespace_is_left_to_make(contained: Sandbox) -> None:
    shown = output(contained, "cat /proc/sys/user/max_user_namespaces; unshare -U true")
    assert shown.startswith("0\n") and "Function not implemented" in shown
    assert "Read-only" in output(contained, "echo 9 > /proc/sys/user/max_user_namespaces")


def test_a_child_that_starts_early_has_all_limits(confined: Sandbox) -> None:
    block = (
        "for i in {1..20}; do (ulimit -St; ulimit -Ht; ulimit -Hf; ulimit -Hn; ulimit -Hc) & done"
        "; wait; ulimit -t unlimited; ulimit -n 4096"
    )
    ran = confined.run("bash", block.encode(), Limits(timeout_s=20, file_bytes=10 << 10))
    assert sorted(ran.stdout.split()) == sorted([b"25", b"25", b"10", b"1024", b"0"] * 20)
    if os.geteuid() or confined.containment == "namespace":  # else root may raise them
        assert ran.stderr.count(b"Operation not permitted") == 2


HOLD = "\nimport time\ntime.sleep(20)"
HUNGRY = "b = bytearray(400 << 20)\nb[::4096] = b[::4096]"
FORKED = "import os\nfor _ in range(3): os.fork()\nb = b'x' * (60 << 20)"


@pytest.mark.parametrize("block", [HUNGRY, FORKED])
def test_memory_is_limited_for_all_processes_together(confined: Sandbox, block: str) -> None:
    ran = confined.run(
        "python", (block + HOLD).encode(), Limits(timeout_s=19, memory_bytes=300 << 20)
    )
    assert (ran.exit_code, ran.stopped) == (None, "memory")
    assert output(confined, f"curl -sS https://{HOST}/") != ""


def test_shared_memory_of_processes_is_counted_once(contained: Sandbox) -> None:
    block = "import os, time\nb = b'x' * (100 << 20)\nfor _ in range(3): os.fork()\ntime.sleep(0.5)"
    limits = Limits(timeout_s=20, memory_bytes=300 << 20)
    assert contained.run("python", block.encode(), limits).stopped is None


def test_processes_are_limited(confined: Sandbox) -> None:
    ran = confined.run("bash", b"for i in {1..700}; do sleep 30 & done; sleep 5")
    assert ran.stopped == "processes" or b"fork" in ran.stderr
    assert output(confined, "echo next") == "next\n"


def test_files_are_limited_together_in_size_and_number(contained: Sandbox) -> None:
    block = (
        "for i in {1..5}; do head -c 30000000 /dev/zero > $i || echo full; done; "
        "for i in {1..3}; do head -c 9000000 /dev/zero > /dev/shm/$i || echo full; done; "
        "rm *; mkdir d; cd d; printf '%s\\n' {1..30000} | xargs touch; ls | wc -l"
    )
    ran = contained.run("bash", block.encode())
    *full, count = ran.stdout.split()
    assert full == [b"full"] * 5 and int(count) < 20_000
    assert output(contained, "ls -A . /tmp /dev/shm; echo a > a; cat a").endswith("a\n")


def test_no_block_runs_beside_remains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: None)
    with pytest.raises(SystemExit, match="/proc/version cannot be removed"):
        inside._remove("/proc/version")


def test_a_block_whose_supervisor_ends_is_stopped_and_the_next_runs(contained: Sandbox) -> None:
    process = contained._process  # type: ignore[attr-defined]
    timer = threading.Timer(0.3, process.kill)
    timer.start()
    ran = contained.run("bash", b"sleep 20")
    timer.join()
    assert (ran.exit_code, ran.stopped) == (None, "sandbox")
    assert output(contained, "echo next") == "next\n"


def tree(root: Path, version: int) -> Path:
    """A file system of control groups, and the file with this process's own place in it."""
    own = root / "own"
    if version == 2:
        own.write_text("0::/user/app/session\n")
        for folder in ("user/app/session", "user/app", "user"):
            (root / folder).mkdir(parents=True, exist_ok=True)
            handed = "cpu memory pids" if folder == "user/app" else "cpu"
            (root / folder / "cgroup.subtree_control").write_text(handed)
    else:
        own.write_text("3:cpu,cpuacct:/\n2:pids:/\n1:memory:/job\n0::/\n")
        (root / "memory/job").mkdir(parents=True)
    return own


@pytest.mark.parametrize(
    ("version", "parent", "events"),
    [(2, "user/app", "memory.events"), (1, "memory/job", "memory.oom_control")],
)
def test_a_group_is_made_where_its_cap_holds(
    version: int, parent: str, events: str, tmp_path: Path
) -> None:
    own = tree(tmp_path, version)
    left = tmp_path / parent / "trueup-999999999-left"
    left.mkdir()
    group = open_group(1 << 30, tmp_path, own)
    (made,) = (tmp_path / parent).glob("trueup-*")
    ran = subprocess.run(group.command(["cat", f"{made}/cgroup.procs"]), capture_output=True)
    assert ran.stdout.strip().isdigit() and not left.exists()
    (made / "cgroup.procs").unlink()
    (made / events).write_text("low 0\noom_kill 2\n")
    assert group.kills() == 2
    (made / events).unlink()
    group.close()
    assert not made.exists()


def test_the_cap_is_written_in_the_files_of_each_version(tmp_path: Path) -> None:
    expected = {"memory.max": "7", "memory.swap.max": "0"}
    expected |= dict.fromkeys(("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"), "7")
    for name in expected:
        (tmp_path / name).write_text("max")
    limit_memory(tmp_path, 7)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == expected


def test_a_block_that_the_kernel_killed_for_its_memory_is_named(
    contained: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    output(contained, "true")  # after a block that ended the sandbox a new one starts
    kills = iter((2, 3))
    monkeypatch.setattr(contained._group, "kills", lambda: next(kills))  # type: ignore[attr-defined]
    ran = contained.run("bash", b"kill -9 $$")
    assert (ran.exit_code, ran.stopped) == (None, "memory")


def test_too_many_processes_are_found_at_any_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "PROCESSES", len(usage._descendants()) + 1)
    with subprocess.Popen(["sh", "-c", "sleep 20 & wait"], start_new_session=True) as process:
        until = time.monotonic() + 10
        while usage.excess(1 << 40) is None and time.monotonic() < until:
            time.sleep(0.01)
        assert usage.excess(1 << 40) == "processes"
        os.killpg(process.pid, signal.SIGKILL)
    assert usage.excess(1 << 40) is None


def test_without_a_place_for_a_group_the_command_is_unchanged(tmp_path: Path) -> None:
    group = open_group(1 << 30, tmp_path, tmp_path / "own")
    assert (group.command(["bwrap"]), group.kills()) == (["bwrap"], 0)
