"""A block in a fork of a warm interpreter, held to the same block in an interpreter of its own."""

import dataclasses
import json
import re
import signal
from collections.abc import Iterator
from itertools import combinations_with_replacement

import pytest
from conftest import TOP
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from trueup.errors import Unreachable
from trueup.sandbox import Limits, Ran, Sandbox, open_sandbox
from trueup.sandbox.child import head_of
from trueup.snippet import languages_of, render_snippet
from trueup.store import Stored

HOST = "some-host.example"
HEAD = "import base64\nimport sys\nfrom pathlib import Path\n\nimport httpx\n"


def answer(request: Request) -> JSONResponse:
    return JSONResponse({"path": request.url.path})


APP = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


def opened(spawn: bool) -> Iterator[Sandbox]:
    try:
        with open_sandbox(APP, [HOST], "namespace", spawn) as sandbox:
            yield sandbox
    except Unreachable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def warm() -> Iterator[Sandbox]:
    yield from opened(spawn=False)


@pytest.fixture(scope="module")
def cold() -> Iterator[Sandbox]:
    yield from opened(spawn=True)


def seen(sandbox: Sandbox, source: str, limits: Limits | None = None) -> Ran:
    """All that a block did except how long it took."""
    ran = sandbox.run("python", source.encode(), limits or Limits(timeout_s=30))
    return dataclasses.replace(ran, duration_ms=0)


def is_warm(sandbox: Sandbox) -> bool:
    """Whether the interpreter that runs such blocks had made their imports before them."""
    told = "import os\nprint(open('/proc/self/environ').read().count('TRUEUP_WARM'))\n"
    return seen(sandbox, HEAD + told).stdout == b"1\n"


ALIKE = {
    "nothing": "",
    "what it is": "print(__name__, __file__, __doc__, __spec__, __cached__, __package__,"
    " type(__loader__), __loader__.path, __annotations__, sorted(globals()))",
    "its arguments": "import sys\nprint(sys.argv, sys.orig_argv, sys.path, sys.flags,"
    " sys.executable,"
    " sys.prefix, sys.meta_path, sys.path_hooks)",
    "its folder": "import os\nprint(os.getcwd(), os.listdir(), os.listdir('..'))",
    "its environment": "import os\nprint(dict(os.environ), os.environb)\nos.system('env')",
    "its place among processes": "import os\nprint(os.getppid(), os.getsid(0) == os.getpgid(0) =="
    " os.getpid(), os.nice(0), os.umask(0), os.getuid(), os.getgroups(), os.sched_getaffinity(0))",
    "its signals": "import signal\nprint([(s, str(signal.getsignal(s))[:40]) for s in"
    " signal.valid_signals()], signal.pthread_sigmask(signal.SIG_BLOCK, []))\n"
    "print([line for line in open('/proc/self/status') if line.startswith(('Sig', 'Cap', 'NoNew',"
    " 'Seccomp', 'Threads', 'Uid', 'Gid', 'Groups', 'Umask'))])",
    "its descriptors": "import os, stat\nfor n in os.listdir('/proc/self/fd'):\n    try:\n"
    "        mode = os.fstat(int(n)).st_mode\n        print(n, oct(mode),"
    " os.readlink('/proc/self/fd/'"
    " + n).split(':')[0], os.get_inheritable(int(n)))\n    except OSError:\n        pass",
    "its streams": "import sys\nfor f in (sys.stdin, sys.stdout, sys.stderr):\n    print(f,"
    " f.isatty(),"
    " f.seekable(), f.line_buffering, f.errors, f.encoding, f.newlines, f.write_through)\n"
    "print(sys.stdin.read())",
    "its limits": "import resource\nprint([(n, resource.getrlimit(getattr(resource, n))) for n in"
    " sorted(dir(resource)) if n.startswith('RLIMIT_')])",
    "its memory is its own": "import ctypes\nprint(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))",
    "an exit code": "import sys\nsys.exit(7)",
    "an exit with a text": "import sys\nsys.exit('no image: é')",
    "an exit with nothing": "import sys\nprint(1)\nsys.exit(None)",
    "an exit with a tuple": "raise SystemExit((1, 2))",
    "an exit beyond a byte": "raise SystemExit(2**40)",
    "os._exit": "import os\nprint('lost')\nos._exit(9)",
    "a signal": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
    "an interrupt": "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nimport time\n"
    "time.sleep(9)",
    "an abort": "import os\nos.abort()",
    "an exception": "def f(n):\n    return 1 / n\n\n\nf(0)",
    "an exception with a cause": "try:\n    {}['a']\nexcept KeyError as e:\n    raise"
    " ValueError('b')"
    " from e",
    "an exception deep in a library": "httpx.get('nonsense://x')",
    "an exception group": "raise ExceptionGroup('g', [ValueError(1), TypeError(2)])",
    "a syntax error": "x = (\ny = 1",
    "a syntax error on one line": "print(1) print(2)",
    "an indentation error": "if 1:\nprint(1)",
    "a byte that is no UTF-8's": "# coding: nonsense\nprint(1)",
    "a null byte": "print(1)\0",
    "a warning": "import warnings\nwarnings.warn('old')\nassert (1, 'x')\nprint('\\d')",
    "an endless recursion": "def f():\n    f()\n\n\nf()",
    "a depth": "import sys\nd = 0\nf = sys._getframe()\nwhile f:\n    d, f = d + 1,"
    " f.f_back\nprint(d)\n"
    "import traceback\ntraceback.print_stack()",
    "what is done at exit": "import atexit, weakref\natexit.register(print, 'last')\n"
    "class A:\n    def __del__(self):\n        print('gone')\na = A()\nb = A()\n"
    "weakref.finalize(b, print, 'b')\nprint('first')",
    "an error at exit": "import atexit\natexit.register(lambda: 1 / 0)",
    "a cycle at exit": "class A:\n    def __del__(self):\n        print('gone')\na = A()\na.a = a",
    "a thread left running": "import threading, time\n"
    "threading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()\nprint('main')",
    "a daemon thread": "import threading, time\n"
    "threading.Thread(target=time.sleep, args=[60], daemon=True).start()\nprint('main')",
    "an error in a thread": "import threading\nt = threading.Thread(target=lambda: 1 / 0,"
    " name='t')\n"
    "t.start()\nt.join()",
    "unflushed output": "import sys\nprint('a', end='')\nsys.stderr.write('b')\n"
    "open('kept', 'w').write('c')\nf = open('open', 'w')\nf.write('d')",
    "an open file in a library": "httpx.left = open('left', 'w')\nhttpx.left.write('x')",
    "closed output": "import sys, os\nprint('x')\nos.close(1)",
    "files": "from pathlib import Path\nPath('a/b').mkdir(parents=True)\n"
    "Path('a/b/c').write_bytes(bytes(range(256)))\nPath('d').symlink_to('a')",
    "other modules": "import decimal, sqlite3, xml.dom.minidom\nprint(decimal.Decimal(1) / 3)",
    "a module that is not there": "import nowhere",
    "a module that it did not import": "import importlib\nprint(importlib.resources)",
    "a codec that it did not import": "import encodings\nprint(encodings.idna)",
    "a module of its own": "import os\nopen('mine.py', 'w').write('x = 5')\nimport sys\n"
    "sys.dont_write_bytecode = True\nsys.path.insert(0, '.')\nimport mine\nprint(mine.x,"
    " sorted(os.listdir()))",
    "a process of its own": "import subprocess, sys\n"
    "print(subprocess.run([sys.executable, '-c', 'print(5); import sitecustomize'],"
    " capture_output=True))",
    "a fork": "import os, sys\np = os.fork()\nif p:\n    os.waitpid(p, 0)\nprint(bool(p))",
    "processes by multiprocessing": "import multiprocessing\nif __name__ == '__main__':\n"
    "    p = multiprocessing.get_context('spawn').Process(target=print, args=['there'])\n"
    "    p.start()\n    p.join()\n    print(p.exitcode)",
    "asyncio": "import asyncio\nprint(asyncio.run(asyncio.sleep(0, 4)))",
    "input": "input('? ')",
    "its own source": "import inspect, sys\ndef f(): ...\nprint(inspect.getsource(f))\n"
    "print(open(__file__).read())",
    "a request": f"print(httpx.get('https://{HOST}/a').json())\n"
    f"print(httpx.post('https://{HOST}/b', json=[1], timeout=5).text)",
    "a refused request": "httpx.get('https://other.example/')",
    "a pickled function": "import pickle\ndef f(): ...\nprint(pickle.dumps(f))",
    "no site of another": "import sys\nprint('sitecustomize' in sys.modules, '_socket' in"
    " sys.modules)",
}


BARE = ("nothing", "what it is", "its signals", "its streams", "what is done at exit", "a depth")
GENAI = "# pip\nimport sys\n\nfrom google import genai\nfrom google.genai import errors, types\n"
OF_GENAI = (
    *BARE,
    "an exception",
    "a warning",
    "a thread left running",
    "a codec that it did not import",
)
HEADED = [(what, HEAD) for what in ALIKE] + [(what, "") for what in BARE]
HEADED += [(what, GENAI) for what in OF_GENAI]


@pytest.mark.parametrize(("what", "head"), HEADED)
def test_a_warm_block_does_what_a_spawned_one_does(
    what: str, head: str, warm: Sandbox, cold: Sandbox
) -> None:
    source = head + ALIKE[what]
    assert _plain(seen(warm, source)) == _plain(seen(cold, source))


def _plain(ran: Ran) -> Ran:
    """Without the addresses of objects."""

    def without(text: bytes) -> bytes:
        return re.sub(rb"0x[0-9a-f]{6,}|Thread-\d+|thread \d+", b"*", text)

    return dataclasses.replace(ran, stdout=without(ran.stdout), stderr=without(ran.stderr))


NAMES = (
    "import sys\n"
    "shown = {n: sorted(vars(m)) for n, m in sys.modules.items() if n in %r}\n"
    "import json\nprint(json.dumps(shown, sort_keys=True))"
)


@pytest.mark.parametrize("head", [HEAD, GENAI])
def test_what_a_block_imports_holds_the_same_names_as_when_spawned(
    head: str, warm: Sandbox, cold: Sandbox
) -> None:
    held = seen(cold, f"{head}print(sorted(sys.modules))").stdout.decode()
    ran = [seen(sandbox, head + NAMES % (held,)) for sandbox in (warm, cold)]
    forked, spawned = (json.loads(one.stdout) for one in ran)
    assert forked == spawned and len(spawned) > 100


def test_the_warm_one_is_warm_and_the_spawned_one_is_not(warm: Sandbox, cold: Sandbox) -> None:
    assert is_warm(warm) and not is_warm(cold)


@pytest.mark.parametrize(
    ("source", "limits"),
    [
        ("import time\nprint('x', flush=True)\ntime.sleep(60)", Limits(timeout_s=0.5)),
        ("while True: print('y')", Limits(output_bytes=1001)),
        ("import sys\nwhile True: sys.stderr.write('y')", Limits(output_bytes=1001)),
        ("open('a', 'wb').write(bytes(5000))", Limits(file_bytes=1000)),
        ("for n in range(9): open(str(n), 'w').close()", Limits(files=3)),
    ],
)
def test_limits_hold_alike(source: str, limits: Limits, warm: Sandbox, cold: Sandbox) -> None:
    forked, spawned = (seen(sandbox, HEAD + source, limits) for sandbox in (warm, cold))
    assert forked == spawned


# What a block does to harm the next, which must find nothing of it.
POISON = {
    "a changed library": "httpx.get = None\nhttpx.Client.get = 1\nsys.modules['httpx'] = None",
    "a changed builtin": "import builtins\nbuiltins.print = lambda *a: None\nbuiltins.x = 1",
    "an import": "import decimal, xml.dom\nbase64.x = 1",
    "an environment": "import os\nos.environ['A'] = 'b'\nos.chdir('/')\nos.umask(0)",
    "a thread": "import threading\nthreading.Thread(target=lambda: [0 for _ in iter(int, 1)],"
    " daemon=True).start()",
    "the memory of every process": "import os\nfor p in os.listdir('/proc'):\n    try:\n"
    "        open(f'/proc/{p}/mem', 'r+b').seek(1)\n    except OSError:\n        pass",
    "the death of every process": "import os, signal\nos.kill(-1, signal.SIGKILL)",
    "an interrupt of every process": "import os, signal\nos.kill(-1, signal.SIGINT)",
    "a process left": "import subprocess\nsubprocess.Popen(['sleep', '60'],"
    " start_new_session=True)",
    "a socket left in tmp": "import socket\nsocket.socket(socket.AF_UNIX).bind('/tmp/s')",
    "a module in the folder": "Path('../httpx.py').write_text('x')\n"
    "Path('/tmp/sitecustomize.py').write_text('print(1)')",
}
NEXT = (
    HEAD + "import os, builtins\n"
    "print(httpx.get, httpx.Client.get, hasattr(builtins, 'x'), hasattr(base64, 'x'),"
    " 'decimal' in sys.modules, 'xml' in sys.modules, dict(os.environ), os.getcwd(),"
    " os.umask(0o22), os.listdir('/tmp'), os.listdir('..'), len(os.listdir('/proc/self/task')))\n"
    f"print(httpx.get('https://{HOST}/next').text)"
)


@pytest.mark.parametrize("what", POISON)
def test_a_warm_block_cannot_poison_the_next(what: str, warm: Sandbox, cold: Sandbox) -> None:
    expected = _plain(seen(cold, NEXT))
    assert expected.exit_code == 0, expected.stderr
    seen(warm, HEAD + POISON[what], Limits(timeout_s=5))
    assert _plain(seen(warm, NEXT)) == expected
    assert is_warm(warm)


def test_a_block_cannot_read_or_write_the_memory_of_the_warm_interpreter(warm: Sandbox) -> None:
    source = HEAD + (
        "import os\nfor p in os.listdir('/proc'):\n    if p.isdigit() and int(p) != os.getpid():\n"
        "        for name in ('mem', 'environ'):\n            try:\n"
        "                print(os.listdir(f'/proc/{p}/fd') if name == 'fd' else"
        " open(f'/proc/{p}/{name}', 'rb'))\n"
        "            except (FileNotFoundError, ProcessLookupError):\n"
        "                pass  # it ended after it was listed\n"
        "            except OSError as error:\n                print(type(error).__name__)\n"
    )
    said = seen(warm, source)
    assert set(said.stdout.split()) == {b"PermissionError"}, said
    assert len(said.stdout.split()) >= 4


def test_a_warm_interpreter_that_a_block_stopped_is_replaced(
    warm: Sandbox,
) -> None:
    seen(warm, HEAD + "import os, signal\nos.kill(-1, signal.SIGSTOP)", Limits(timeout_s=1))
    assert seen(warm, HEAD + "print('there')").stdout == b"there\n"


def test_two_blocks_do_not_share_their_random_numbers(warm: Sandbox) -> None:
    source = (
        "import random\nimport uuid\nimport tempfile\n"
        "import secrets, ssl\nprint(random.random(), uuid.uuid4(), secrets.token_hex(),"
        " tempfile.mktemp(), ssl.RAND_bytes(8))"
    )
    first, second = (seen(warm, source).stdout.split() for _ in range(2))
    assert not set(first) & set(second)


HEADS = {
    "import os\nimport re, sys\nx = 1\nimport json\n": "import os",
    "import os\n\nfrom pathlib import Path, PurePath\n": "import os\nfrom pathlib import Path,"
    " PurePath",
    "import this\nimport os\n": "",
    "import os; print()\n": "",
    "import os as o\n": "",
    "from os import *\n": "",
    "from . import x\n": "",
    "import oś\n": "",
    "#!/usr/bin/python\n\n# os\nimport os\n": "import os",
    " # os\nimport os\n": "",
    '"""Text."""\nimport os\n': "",
    "from urllib.parse import urlsplit\nimport openai": "from urllib.parse import urlsplit",
    "import os\r\nimport re\r\n": "",
    "import httpx2": "",
}


@pytest.mark.parametrize("source", HEADS)
def test_only_plain_imports_at_the_top_are_made_ahead(source: str) -> None:
    assert head_of(source.encode()) == HEADS[source]


def test_published_blocks_are_made_ahead_in_full(stored: Stored) -> None:
    for endpoint in stored.status.endpoints:
        for language in languages_of(stored.status.route_of(endpoint).protocol, TOP / "snippets"):
            if language.fence == "python":
                text = render_snippet(stored.status, endpoint, language.name, TOP / "snippets").text
                last = "types" if language.name == "genai" else "import httpx"
                assert head_of(text.encode()).endswith(last)


def test_more_kinds_of_blocks_than_are_kept_warm_are_run_all_the_same(warm: Sandbox) -> None:
    for one, other in combinations_with_replacement(("json", "math", "time", "uuid"), 2):
        ran = seen(warm, f"import {one}\nimport {other}\nprint({other}.__name__)")
        assert ran.stdout.decode() == f"{other}\n"


def test_a_signal_that_ends_a_warm_block_is_its_exit_code(warm: Sandbox) -> None:
    assert seen(warm, HEAD + "import os\nos.kill(os.getpid(), 15)").exit_code == -signal.SIGTERM
