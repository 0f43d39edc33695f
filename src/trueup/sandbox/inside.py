"""Inside: the program of a sandbox. Serves the gateway's names and runs one block after the other.
Uses the standard library only and is run by path; stdin is the channel to `runner.py`, which sends
a line of JSON and the bytes whose sizes it holds, the block's first, and gets the same."""

import asyncio
import contextlib
import ctypes
import functools
import importlib
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

_SET_DUMPABLE, _SET_SUBREAPER = 4, 36  # prctl(2)
_REMOUNT = 1 | 32 | 4096  # MS_RDONLY | MS_REMOUNT | MS_BIND
_REMOUNT_WHOLE = 32  # MS_REMOUNT: the settings of the file system itself
_INODES = 20_000  # of each folder that a block can write in
_KEPT_FLAGS = 2 | 4 | 8 | 1024 | 2048  # nosuid, nodev, noexec, noatime, nodiratime
_DEPTH = 32  # no block saves a file deeper; it bounds our own recursion
_WATCH_S = 0.1  # between two readings of what the block uses
_DRAIN_S = 2  # for output that is still in a pipe when its writers are dead
_LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True)

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Start = Callable[[dict[str, Any], dict[str, Any], str, str], subprocess.Popen[bytes]]
Excess = Callable[[int], str | None]
_under_way: set[Any] = set()  # asyncio alone keeps no task from being collected


async def splice(left: Stream, right: Stream) -> None:
    """Copy both ways until both have ended, then close both. asyncio sets TCP_NODELAY."""
    _under_way.add(task := asyncio.current_task())
    try:
        await asyncio.gather(_copy(left[0], right[1]), _copy(right[0], left[1]))
    finally:
        left[1].close()
        right[1].close()
        _under_way.discard(task)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()  # a reset ends the other side too, which would wait for ever


class _Capture(asyncio.Protocol):
    def __init__(self, limit: int, full: asyncio.Event) -> None:
        self.data = bytearray()
        self.ended = asyncio.Event()
        self._limit, self._full = limit, full

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.close = transport.close

    def data_received(self, data: bytes) -> None:
        room = self._limit - len(self.data)
        self.data += data[:room]
        if len(data) > room:
            self._full.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()


class _Inside:
    def __init__(self, options: dict[str, Any], start: Start, excess: Excess) -> None:
        self._options, self._start, self._excess = options, start, excess
        self._child_changed = asyncio.Event()
        self._kept = {folder: set(os.listdir(folder)) for folder in options["writable"]}

    async def serve(self, channel: Stream) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGCHLD, self._child_changed.set)
        for kind in ("", "plain_"):
            forward = functools.partial(self._forward, self._options[f"{kind}socket"])
            for port in self._options[f"{kind}ports"]:
                await asyncio.start_server(forward, "127.0.0.1", port)
        _give_up_privileges(self._options)
        reader, writer = channel
        writer.write(b"{}\n")
        line = await reader.readline()
        while line:
            order = json.loads(line)
            source = await reader.readexactly(order["size"])
            sizes = order["given"].items()
            given = {name: await reader.readexactly(size) for name, size in sizes}
            following = asyncio.create_task(reader.readline())  # ends early if the host is gone
            with self._folder(order, source, given) as (script, folder):
                head, bodies = await self._run(order, script, folder, given, following)
            writer.write(json.dumps(head).encode() + b"\n")
            writer.writelines(bodies)
            await writer.drain()
            line = await following

    async def _forward(
        self, place: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            inner = await asyncio.open_unix_connection(place)
        except OSError:
            writer.close()
        else:
            await splice((reader, writer), inner)

    @contextlib.contextmanager
    def _folder(
        self, order: dict[str, Any], source: bytes, given: dict[str, bytes]
    ) -> Iterator[tuple[str, str]]:
        place = os.path.join(self._options["writable"][0], "block")
        script, folder = os.path.join(place, order["name"]), os.path.join(place, "work")
        if os.path.lexists(place):
            _remove(place)  # of a program before this one, which its block ended
        os.makedirs(folder)
        own = {os.path.join(folder, name): content for name, content in given.items()}
        for path, content in {script: source, **own}.items():
            with open(path, "wb") as file:
                file.write(content)
        yield script, folder
        for writable, kept in self._kept.items():
            for name in set(os.listdir(writable)) - kept:
                _remove(os.path.join(writable, name))

    async def _run(
        self,
        order: dict[str, Any],
        script: str,
        folder: str,
        given: dict[str, bytes],
        following: asyncio.Task[bytes],
    ) -> tuple[dict[str, Any], list[bytes]]:
        full = asyncio.Event()
        began = time.monotonic()
        process = self._start(self._options, order, script, folder)
        outputs = await _captures(process, order["output_bytes"], full)
        ended = asyncio.create_task(self._exit(process))
        over = asyncio.create_task(self._watch(order, full))
        first = asyncio.FIRST_COMPLETED
        await asyncio.wait({ended, over, following}, timeout=order["timeout_s"], return_when=first)
        duration_ms = round((time.monotonic() - began) * 1000)
        in_time = ended.done()
        self._kill(process)
        await _drain(outputs)
        stopped = "output" if full.is_set() else None if in_time else "timeout"
        stopped = over.result() if over.done() else stopped
        over.cancel()
        ended.cancel()
        files = _collect(folder, given, order["files"], order["file_bytes"])
        bodies = [*(bytes(output.data) for output in outputs), *files.values()]
        head = {
            "exit_code": None if stopped else process.returncode,
            "stopped": stopped,
            "duration_ms": duration_ms,
            "names": list(files),
            "sizes": [len(body) for body in bodies],
        }
        return head, bodies

    async def _watch(self, order: dict[str, Any], full: asyncio.Event) -> str:
        """Wait until a limit is exceeded, and return which."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(full.wait(), _WATCH_S)
                return "output"
            if excess := self._excess(order["memory_bytes"]):
                return excess

    async def _exit(self, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            self._child_changed.clear()
            if process.poll() is None:
                await self._child_changed.wait()

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill all processes of the block: strays are children of ours by now, or become so."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        while children := _children():
            for child in children:
                with contextlib.suppress(ProcessLookupError, ChildProcessError):
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)


async def _captures(
    process: subprocess.Popen[bytes], limit: int, full: asyncio.Event
) -> list[_Capture]:
    loop = asyncio.get_running_loop()
    outputs = []
    for pipe in (process.stdout, process.stderr):
        _, output = await loop.connect_read_pipe(lambda: _Capture(limit, full), pipe)
        outputs.append(output)
    return outputs


async def _drain(outputs: list[_Capture]) -> None:
    ends = asyncio.gather(*(output.ended.wait() for output in outputs))
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(ends, _DRAIN_S)
    for output in outputs:
        output.close()


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


def _give_up_privileges(options: dict[str, Any]) -> None:
    if _LINUX:
        _libc.prctl(_SET_SUBREAPER, 1, 0, 0, 0)
        _libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    if not options["capable"]:
        return
    with contextlib.suppress(OSError), open("/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")  # in this namespace; where it cannot be written, the filter holds
    for folder, size in options["sizes"].items():
        settings = f"size={size},nr_inodes={_INODES}"
        _remount(folder, _REMOUNT_WHOLE, settings)
    # Run by root, the block still owns the host's device nodes: it must not change their mode.
    for path in options["read_only"]:
        _remount(path, _REMOUNT, None)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    if _libc.capset(header, (ctypes.c_uint32 * 6)()):
        raise OSError(ctypes.get_errno(), "capabilities cannot be dropped")


def _remount(path: str, change: int, settings: str | None) -> None:
    flags = ctypes.c_ulong(change | os.statvfs(path).f_flag & _KEPT_FLAGS)
    if _libc.mount(None, path.encode(), None, flags, settings and settings.encode()):
        raise OSError(ctypes.get_errno(), f"{path} cannot be remounted")


def _collect(folder: str, given: dict[str, bytes], most: int, most_bytes: int) -> dict[str, bytes]:
    """Return the files of a block's folder but for those that were given and are the same."""
    found: dict[str, bytes] = {}
    for path in sorted(_regular_files(folder, _DEPTH)):
        if len(found) == most:
            break
        with contextlib.suppress(OSError), open(path, "rb") as file:
            name = os.path.relpath(path, folder)
            if os.path.getsize(path) <= most_bytes + len(given.get(name, b"")):
                content = file.read(most_bytes + len(given.get(name, b"")))
                if given.get(name) != content and len(content) <= most_bytes:
                    most_bytes -= len(content)
                    found[name] = content
    return found


def _regular_files(folder: str, depth: int) -> Iterator[str]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISREG(mode):
                yield entry.path
            elif stat.S_ISDIR(mode) and depth:
                yield from _regular_files(entry.path, depth - 1)


def _remove(path: str) -> None:
    """Remove `path` whatever its modes are, or end this program: it runs no other block beside the
    remains of one."""
    with contextlib.suppress(OSError, RecursionError):
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.remove(path)
    if os.path.lexists(path):
        subprocess.run(["/bin/chmod", "-R", "u+rwX", path], stderr=subprocess.DEVNULL)
        subprocess.run(["/bin/rm", "-rf", path], stdin=subprocess.DEVNULL)
    if os.path.lexists(path):
        raise SystemExit(f"{path} cannot be removed")


async def _main() -> None:
    channel = await asyncio.open_unix_connection(sock=socket.socket(fileno=os.dup(0)))
    options = json.loads(sys.argv[1])
    sys.path.append(os.path.dirname(__file__))
    start, excess = (importlib.import_module(name) for name in ("child", "usage"))
    await _Inside(options, start.start, excess.excess).serve(channel)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the first process of a namespace ignores it so
    asyncio.run(_main())
