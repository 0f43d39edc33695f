"""Landlock: the kernel's own limits on a process, by ctypes since Python has no module for them.
Builds rule sets; the process to be limited applies them to itself.

Format: https://docs.kernel.org/userspace-api/landlock.html. UDP is not covered by any version.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Sequence

_CREATE_RULESET, _ADD_RULE = 444, 445
_GET_VERSION = 1
_RULE_PATH, _RULE_PORT = 1, 2
_CONNECT_TCP, _BIND_TCP = 1 << 1, 1 << 0
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
# remove and make of every kind, moves between folders, writing and cutting of files
_WRITE = _WRITE_FILE | sum(1 << bit for bit in range(4, 14)) | _TRUNCATE
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1 << 0, 1 << 1
NETWORK_ABI = 4
SCOPE_ABI = 6


def abi() -> int:
    """Return the version of Landlock in this kernel; 0 if there is none."""
    if sys.platform != "linux":
        return 0
    found: int = _libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _GET_VERSION)
    return max(0, found)


def open_ruleset(port: int, writable: Sequence[str]) -> int:
    """Return a descriptor of rules that leave a process TCP to `port`, on any address, and writing
    beneath the folders `writable`; from version 6 also no signal to a process outside.

    Raises OSError; the caller closes the descriptor.
    """
    scoped = _SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS if abi() >= SCOPE_ABI else 0
    attributes = struct.pack("=QQQ", _WRITE, _BIND_TCP | _CONNECT_TCP, scoped)
    size = len(attributes) if scoped else len(attributes) - 8
    ruleset = _call(_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)
    try:
        _call(_ADD_RULE, ruleset, _RULE_PORT, struct.pack("=QQ", _CONNECT_TCP, port), 0)
        for folder in writable:
            _allow_writing(ruleset, folder)
    except OSError:
        os.close(ruleset)
        raise
    return ruleset


def _allow_writing(ruleset: int, folder: str) -> None:
    place = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        _call(_ADD_RULE, ruleset, _RULE_PATH, struct.pack("=Qi", _WRITE, place), 0)
    finally:
        os.close(place)


def _call(number: int, *arguments: object) -> int:
    libc = _libc()
    result: int = libc.syscall(number, *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
