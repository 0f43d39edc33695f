"""System calls that no block needs, as a seccomp filter that refuses them.

Those that other guards refuse (capabilities, Landlock, the supervisor's own marks) are not named.
Format: https://docs.kernel.org/userspace-api/seccomp_filter.html.
"""

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Iterator, Sequence

_GET_SECCOMP = 21  # prctl(2)
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_NUMBER_AT, _ABI_AT, _ARGUMENTS_AT = 0, 4, 16
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""The column of the tables and the ABI's number, by the name of the machine."""
_X32 = 0x40000000  # the bit of x86_64's second set of numbers
_NAMESPACES = 0x7E020000  # every CLONE_NEW* of clone(2)
_CLONE, _IOCTL = (56, 220), (16, 29)
_TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX: keys typed into a terminal
_UNKNOWN = """
    add_key 248 217, request_key 249 218, keyctl 250 219,
    shmget 29 194, shmat 30 196, shmctl 31 195, semget 64 190, semop 65 193, semctl 66 191,
    semtimedop 220 192, msgget 68 186, msgsnd 69 189, msgrcv 70 188, msgctl 71 187,
    mq_open 240 180, mq_unlink 241 181, memfd_create 319 279, memfd_secret 447 447,
    io_uring_setup 425 425, bpf 321 280, perf_event_open 298 241, userfaultfd 323 282,
    unshare 272 97, clone3 435 435"""
"""Calls that a block meets as one of a newer kernel. Most leave something behind that the
supervisor could not take back; a filter cannot read the flags of clone3, for which libraries then
use clone."""
_LIMITED: dict[str, tuple[int, int, int, dict[int, tuple[int, ...]]]] = {
    "socket": (41, 198, errno.EAFNOSUPPORT, {0: (1, 2, 10)}),  # AF_UNIX, AF_INET, AF_INET6
    # 0 is the caller; the supervisor and its children have the same user.
    "prlimit64": (302, 261, errno.EPERM, {0: (0,)}),
    "sched_setaffinity": (203, 122, errno.EPERM, {0: (0,)}),
    "sched_setparam": (142, 118, errno.EPERM, {0: (0,)}),
    "sched_setscheduler": (144, 119, errno.EPERM, {0: (0,)}),
    "sched_setattr": (314, 274, errno.EPERM, {0: (0,)}),
    "setpriority": (141, 140, errno.EPERM, {0: (0,), 1: (0,)}),
    "ioprio_set": (251, 30, errno.EPERM, {0: (1,), 1: (0,)}),
}
"""The numbers of a call, the error of a refusal, and the values that an argument may have."""

Step = tuple[int, int, int, int]


def filter_here() -> bytes | None:
    """Return the filter for this machine, or None where its kernel has no filters."""
    if sys.platform != "linux":
        return None
    if ctypes.CDLL(None, use_errno=True).prctl(_GET_SECCOMP, 0, 0, 0, 0) < 0:
        return None
    return filter_program(os.uname().machine)


def filter_program(machine: str) -> bytes | None:
    """Return the filter for a machine, or None for one whose numbers are not known here."""
    if machine not in _MACHINES or sys.byteorder != "little":
        return None
    return b"".join(struct.pack("=HBBI", *step) for step in _steps(machine))


def _steps(machine: str) -> Iterator[Step]:
    column, abi = _MACHINES[machine]
    yield from [_load(_ABI_AT), (_EQUAL, 1, 0, abi), _refuse(errno.ENOSYS), _load(_NUMBER_AT)]
    if machine == "x86_64":
        yield from [(_AT_LEAST, 0, 1, _X32), _refuse(errno.ENOSYS)]
    for row in _UNKNOWN.split(","):
        yield from [(_EQUAL, 0, 1, int(row.split()[1 + column])), _refuse(errno.ENOSYS)]
    new = [_argument(0), (_ANY_BIT, 0, 1, _NAMESPACES), _refuse(errno.EPERM)]
    yield from _case(_CLONE[column], new)
    typed = [(_EQUAL, 1 - place, place, name) for place, name in enumerate(_TERMINAL_INPUT)]
    yield from _case(_IOCTL[column], [_argument(1), *typed, _refuse(errno.EPERM)])
    for x86_64, aarch64, code, arguments in _LIMITED.values():
        steps = [step for place, values in arguments.items() for step in _only(place, values, code)]
        yield from _case((x86_64, aarch64)[column], steps)
    yield (_RETURN, 0, 0, _ALLOW)


def _case(number: int, steps: Sequence[Step]) -> Iterator[Step]:
    """Yield the steps for one call; what they do not refuse is allowed."""
    yield (_EQUAL, 0, len(steps) + 1, number)
    yield from steps
    yield (_RETURN, 0, 0, _ALLOW)


def _only(argument: int, values: Sequence[int], code: int) -> list[Step]:
    """Return the steps that refuse an argument that is none of the values."""
    known = [(_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [_argument(argument), *known, _refuse(code)]


def _load(place: int) -> Step:
    return (_LOAD, 0, 0, place)


def _argument(index: int) -> Step:
    """Return the step that loads the lower half of an argument: these calls use no more of it."""
    return _load(_ARGUMENTS_AT + 8 * index)


def _refuse(code: int) -> Step:
    return (_RETURN, 0, 0, _REFUSE | code)
