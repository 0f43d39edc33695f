"""Hatch: where an interpreter waits, warm, to be forked into blocks. Mounted as `sitecustomize.py`,
so it runs before the block's file is opened and a fork goes on as a spawned interpreter does."""

import os
import sys

_started_with = set(sys.modules)

import atexit  # noqa: E402
import ctypes  # noqa: E402
import gc  # noqa: E402
import resource  # noqa: E402
from _socket import socket  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

_setrlimit, _prctl = resource.setrlimit, ctypes.CDLL(None).prctl
_DUMPABLE = 4  # prctl(2)


def _hatch() -> None:
    """Returns in each fork only, with nothing of this file left behind."""
    _prctl(_DUMPABLE, 0, 0, 0, 0)  # no block can write to the memory of this process
    inside = os.getppid()
    channel = socket(fileno=int(os.environ.pop("TRUEUP_WARM")))
    _clean()
    size, _, head = channel.recv(65536).partition(b"\n")
    while len(head) < int(size):
        head += channel.recv(65536)
    spare = _Spare()
    _preload(head.decode())
    spare.note(head.decode().split())
    if len(os.listdir("/proc/self/task")) > 1:
        os._exit(0)  # a spawn would have those threads, and a fork would not
    gc.freeze()  # what is here now is no garbage: no fork needs to look through it
    sys.modules["__main__"] = _anew(sys.modules["__main__"])
    channel.send(b"\n")
    out, err, order = _wait(channel)
    while os.getppid() != inside:
        os.sched_yield()
    os.setsid()
    os.dup2(out, 1)
    os.dup2(err, 2)
    channel.detach()
    os.closerange(3, 1 + max(map(int, os.listdir("/proc/self/fd"))))
    limits, _, folder = order.partition("\n")
    os.chdir(folder)
    for limit in limits.split():
        kind, value = map(int, limit.split("="))
        _setrlimit(kind, (value, value))
    _prctl(_DUMPABLE, 1, 0, 0, 0)


def _wait(channel: socket) -> tuple[int, int, str]:
    """In each fork, its pipes and its order. A fork's parent ends at once, so that the program
    which asked for it becomes its parent, as it is of a spawn."""
    while True:
        order, ancillary, *_ = channel.recvmsg(65536, 64)
        if not ancillary:
            os._exit(0)
        places = memoryview(ancillary[0][2]).cast("i")
        between = os.fork()
        if not between:
            break
        os.waitpid(between, 0)
        for place in places:
            os.close(place)
        channel.send(b"\n")
    block = os.fork()
    if block:
        channel.send(b"%d" % block)  # the line ends once the block has its new parent
        os._exit(0)
    return places[0], places[1], order.decode()


def _clean() -> None:
    """Takes out what brought this file here."""
    del os.environ["PYTHONPATH"]
    folder = sys.path.pop(0)
    for path in [*sys.path_importer_cache]:
        if path == folder or path.endswith("ctypes"):
            del sys.path_importer_cache[path]
    _forget(sys.modules.keys() - _started_with - {"sitecustomize"})


def _forget(names: set[str]) -> None:
    for name in names:
        package, _, own = name.rpartition(".")
        del sys.modules[name]
        if package in sys.modules:
            delattr(sys.modules[package], own)


def _preload(head: str) -> None:
    for line in head.splitlines():
        try:
            exec(line, {"__name__": "__main__"})
        except BaseException:
            return  # the block meets it again
    if "httpx" in sys.modules:
        known = set(sys.modules)
        packages = {name.partition(".")[0] for name in known}
        sys.modules["httpx"].Client().close()  # makes imports of its own and readies OpenSSL
        "a".encode("idna")
        # Of a package that the block itself imported, what it did not must not be an attribute.
        _forget({n for n in sys.modules.keys() - known if n.partition(".")[0] in packages})


def _anew(module: "ModuleType") -> "ModuleType":
    """The same module, for the collector to see: what a block defines is garbage at its end."""
    fresh = type(module)(module.__name__)
    vars(fresh).clear()
    vars(fresh).update(vars(module))
    return fresh


class _Spare:
    """Keeps the interpreter from taking preloaded modules apart at its end, which takes longer than
    a block; but for those that the block could name and changed: what they hold may matter."""

    def __init__(self) -> None:
        self._before = set(sys.modules)
        self._ahead: set[str] = set()
        self._named: dict[str, dict[str, object]] = {}
        self._held: list[object] = []
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._held))  # for ever
        atexit.register(self._at_last)  # the first to be registered is the last to be called

    def note(self, words: list[str]) -> None:
        """Takes down what was preloaded; `words` are of the statements that did it."""
        self._ahead = sys.modules.keys() - self._before
        names = sys.modules.keys() & set(words) - {"sys"}
        self._named = {name: dict(vars(sys.modules[name])) for name in names}

    def _at_last(self) -> None:
        changed = {name for name, before in self._named.items() if _differs(name, before)}
        self._held += [sys.modules[name] for name in self._ahead & sys.modules.keys()]
        for name in (self._ahead - changed) & sys.modules.keys():
            del sys.modules[name]


def _differs(name: str, before: dict[str, object]) -> bool:
    now = vars(sys.modules.get(name, sys))
    return len(now) != len(before) or any(now.get(key) is not before[key] for key in before)


_hatch()
del sys.modules["sitecustomize"]
import sitecustomize  # type: ignore[import-not-found] # noqa: E402, F401  # the usual one, if any
