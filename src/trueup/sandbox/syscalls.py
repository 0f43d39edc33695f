"""System calls that no block needs, refused by a seccomp filter. Part of the program inside a
sandbox: the standard library only, found by path.

Format: https://docs.kernel.org/userspace-api/seccomp_filter.html.
"""

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Iterator, Sequence

_GET_SECCOMP, _SET_SECCOMP, _FILTER = 21, 22, 2  # prctl(2)
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_NUMBER_AT, _ABI_AT, _ARGUMENTS_AT = 0, 4, 16
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""The column of the tables and the ABI's number, by the name of the machine."""
_X32 = 0x40000000  # the bit of x86_64's second set of numbers
_NAMESPACES = 0x7E020000  # every CLONE_NEW* of clone(2)
_TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX: keys typed into a terminal
_FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6
_TABLES = {
    # What the supervisor could not take back before the next block.
    errno.ENOSYS: """
        add_key 248 217, request_key 249 218, keyctl 250 219,
        shmget 29 194, shmat 30 196, shmctl 31 195, shmdt 67 197,
        semget 64 190, semop 65 193, semctl 66 191, semtimedop 220 192,
        msgget 68 186, msgsnd 69 189, msgrcv 70 188, msgctl 71 187,
        mq_open 240 180, mq_unlink 241 181, mq_timedsend 242 182, mq_timedreceive 243 183,
        mq_notify 244 184, mq_getsetattr 245 185,
        io_uring_setup 425 425, io_uring_enter 426 426, io_uring_register 427 427,
        memfd_create 319 279, memfd_secret 447 447,
        clone3 435 435""",  # a filter cannot read its flags; libraries then use clone
    # Other processes, mounts, namespaces, and what only an administrator or a debugger does.
    errno.EPERM: """
        mount 165 40, umount2 166 39, pivot_root 155 41, chroot 161 51, move_mount 429 429,
        open_tree 428 428, fsopen 430 430, fsconfig 431 431, fsmount 432 432, fspick 433 433,
        mount_setattr 442 442, swapon 167 224, swapoff 168 225, unshare 272 97, setns 308 268,
        ptrace 101 117, process_vm_readv 310 270, process_vm_writev 311 271,
        process_madvise 440 440, pidfd_getfd 438 438, kcmp 312 272,
        move_pages 279 239, migrate_pages 256 238,
        bpf 321 280, perf_event_open 298 241, userfaultfd 323 282, personality 135 92,
        fanotify_init 300 262, open_by_handle_at 304 265, name_to_handle_at 303 264,
        kexec_load 246 104, kexec_file_load 320 294, init_module 175 105, finit_module 313 273,
        delete_module 176 106, reboot 169 142, acct 163 89, quotactl 179 60, quotactl_fd 443 443,
        syslog 103 116, settimeofday 164 170, clock_settime 227 112, adjtimex 159 171,
        clock_adjtime 305 266""",
}
_BY_ARGUMENT = {"clone": (56, 220), "socket": (41, 198), "ioctl": (16, 29)}
_OF_ITSELF = {
    # 0 is the caller; the supervisor and its children have the same user. Argument: its value.
    "prlimit64": ((302, 261), {0: 0}),
    "sched_setaffinity": ((203, 122), {0: 0}),
    "sched_setparam": ((142, 118), {0: 0}),
    "sched_setscheduler": ((144, 119), {0: 0}),
    "sched_setattr": ((314, 274), {0: 0}),
    "setpriority": ((141, 140), {0: 0, 1: 0}),
    "ioprio_set": ((251, 30), {0: 1, 1: 0}),
}

Step = tuple[int, int, int, int]


def filter_program(machine: str) -> bytes | None:
    """Return the filter for a machine, or None for one whose numbers are not known here."""
    if machine not in _MACHINES or sys.byteorder != "little":
        return None
    return b"".join(struct.pack("=HBBI", *step) for step in _steps(machine))


def filter_here() -> bytes | None:
    """Return the filter for this machine, or None where its kernel has no filters."""
    if sys.platform != "linux":
        return None
    if ctypes.CDLL(None, use_errno=True).prctl(_GET_SECCOMP, 0, 0, 0, 0) < 0:
        return None
    return filter_program(os.uname().machine)


def install(program: bytes) -> None:
    """Hold this process and all that it starts to a filter. It must have no_new_privs."""
    steps = ctypes.create_string_buffer(program, len(program))
    count = ctypes.c_ushort(len(program) // 8)
    head = struct.pack("@HP", count.value, ctypes.addressof(steps))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_SECCOMP, _FILTER, head, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


def _steps(machine: str) -> Iterator[Step]:
    column, abi = _MACHINES[machine]
    yield from _load(_ABI_AT)
    yield from [(_EQUAL, 1, 0, abi), _refuse(errno.ENOSYS)]
    yield from _load(_NUMBER_AT)
    if machine == "x86_64":
        yield from [(_AT_LEAST, 0, 1, _X32), _refuse(errno.ENOSYS)]
    for code, table in _TABLES.items():
        for row in table.split(","):
            yield from [(_EQUAL, 0, 1, int(row.split()[1 + column])), _refuse(code)]
    new = [*_argument(0), (_ANY_BIT, 0, 1, _NAMESPACES), _refuse(errno.EPERM)]
    yield from _case(_BY_ARGUMENT["clone"][column], new)
    yield from _case(_BY_ARGUMENT["socket"][column], _only(0, _FAMILIES, errno.EAFNOSUPPORT))
    typed = [step for name in _TERMINAL_INPUT for step in _never(1, name, errno.EPERM)]
    yield from _case(_BY_ARGUMENT["ioctl"][column], typed)
    for numbers, own in _OF_ITSELF.values():
        steps = [
            step for place, value in own.items() for step in _only(place, [value], errno.EPERM)
        ]
        yield from _case(numbers[column], steps)
    yield (_RETURN, 0, 0, _ALLOW)


def _case(number: int, steps: Sequence[Step]) -> Iterator[Step]:
    """Yield the steps for one call; what they do not refuse is allowed."""
    yield (_EQUAL, 0, len(steps) + 1, number)
    yield from steps
    yield (_RETURN, 0, 0, _ALLOW)


def _only(argument: int, values: Sequence[int], code: int) -> list[Step]:
    """Return the steps that refuse an argument that is none of the values."""
    known = [(_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [*_argument(argument), *known, _refuse(code)]


def _never(argument: int, value: int, code: int) -> list[Step]:
    return [*_argument(argument), (_EQUAL, 0, 1, value), _refuse(code)]


def _load(place: int) -> list[Step]:
    return [(_LOAD, 0, 0, place)]


def _argument(index: int) -> list[Step]:
    """Return the step that loads the lower half of an argument: these calls use no more of it."""
    return _load(_ARGUMENTS_AT + 8 * index)


def _refuse(code: int) -> Step:
    return (_RETURN, 0, 0, _REFUSE | code)
