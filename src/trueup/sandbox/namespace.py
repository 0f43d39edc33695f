"""Namespace, the best containment: Linux namespaces by bubblewrap, with the gateway's names at
127.0.0.1, a small read-only tree, and no other network."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from trueup.errors import Unreachable
from trueup.sandbox.contract import USUAL, Sandbox
from trueup.sandbox.gateway_server import GatewaySocket
from trueup.sandbox.node import mounts, plain_node
from trueup.sandbox.reader_python import ReaderPython
from trueup.sandbox.runner import PROGRAM, Launcher, Runner, environment, runner_options
from trueup.sandbox.variables import NO_VARIABLES

_UNSHARED = ("user", "net", "pid", "ipc", "uts", "cgroup-try")
_ID = "1000"  # inside, no user is root and no folder is named after the user
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
# All go before the first block: to listen on 443, to remount, and to forbid user namespaces.
_CAPABILITIES = ("NET_BIND_SERVICE", "SYS_ADMIN", "SYS_RESOURCE")
# /tmp has room for the files of a block and its source.
_SIZES = {"/tmp": USUAL.file_bytes + 8_000_000, "/dev/shm": 16_000_000}
# The files that programs in /usr need; none holds a secret, unlike /etc/ssl/private.
_ETC = (
    "alternatives",
    "crypto-policies",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "pki/ca-trust/extracted",
    "pki/tls/certs",
    "ssl/certs",
    "ssl/openssl.cnf",
)
_FIX = (
    "Install the package bubblewrap; where the system forbids user namespaces, allow them for "
    "bwrap (on Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0; in Docker: a "
    "seccomp profile that permits them)."
)


@contextmanager
def open_namespace(
    gateway: GatewaySocket,
    launchers: Sequence[Launcher] = (),
    variables: Mapping[str, str] = NO_VARIABLES,
) -> Iterator[Sandbox]:
    """Open a sandbox in namespaces; raises Unreachable with what is missing."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise Unreachable("namespace", "bwrap is not on the PATH", _FIX)
    ports = {port for _, port in gateway.addresses}
    options = runner_options(
        gateway,
        ports=sorted(ports),
        socket="/run/gateway.sock",
        plain_ports=sorted({port for _, port in gateway.plain_addresses} - ports),
        plain_socket="/run/plain.sock",
        writable=list(_SIZES),
        sizes=_SIZES,
        # /proc too: bubblewrap leaves /proc/sys writable for a block of the host's root.
        read_only=["/proc", *_DEVICES],
        capable=True,
        environment={**variables, **environment("/run/ca.pem")},
    )
    command = [bwrap, *_rules(), *_tree(), *_own_files(gateway), *_read_only()]
    python = [sys.executable, "-I", "-S", "-B", "/run/inside.py"]
    runner = Runner(
        "namespace",
        [*command, "--", *python],
        options,
        [plain_node(), *launchers],
        ReaderPython(gateway.folder / "python", "/run/python"),
    )
    try:
        runner.start()
    except Unreachable as error:
        raise Unreachable("namespace", error.message.problem, _FIX) from error
    with closing(runner):
        yield runner


def visible_paths() -> list[str]:
    """Return the paths of the host that a block can read in a namespace."""
    etc = [f"/etc/{name}" for name in _ETC]
    return ["/usr", "/bin", "/sbin", "/lib", "/lib64", *etc, *_python_folders(), *mounts()]


def _rules() -> list[str]:
    # `--dev` and `--disable-userns` put a second user namespace between the capabilities and the
    # network; inside.py forbids further ones itself.
    return [
        *(f"--unshare-{kind}" for kind in _UNSHARED),
        *("--die-with-parent", "--new-session", "--as-pid-1"),
        *("--uid", _ID, "--gid", _ID, "--hostname", "sandbox"),
        *(part for name in _CAPABILITIES for part in ("--cap-add", f"CAP_{name}")),
    ]


def _tree() -> list[str]:
    tree = ["--tmpfs", "/tmp", "--proc", "/proc", "--tmpfs", "/dev", "--dir", "/dev/shm"]
    tree += ["--tmpfs", "/dev/shm", "--symlink", "/proc/self/fd", "/dev/fd"]
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        tree += ["--symlink", f"/proc/self/fd/{number}", f"/dev/{name}"]
    for device in _DEVICES:
        tree += ["--dev-bind", device, device]
    tree += ["--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"):
        if os.path.islink(name):
            tree += ["--symlink", os.readlink(name), name]
        else:
            tree += ["--ro-bind-try", name, name]
    for name in _ETC:
        tree += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for folder in _python_folders():
        tree += ["--ro-bind", folder, folder]
    for path in mounts():
        tree += ["--ro-bind", path, path]
    return tree


def _python_folders() -> list[str]:
    named = (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)
    folders = {folder for name in named for folder in (name, os.path.realpath(name))}
    return sorted(folder for folder in folders if not Path(folder).is_relative_to("/usr"))


def _own_files(gateway: GatewaySocket) -> list[str]:
    addresses = (*gateway.addresses, *gateway.plain_addresses)
    names = " ".join(sorted({name for name, _ in addresses}))
    written = {
        "hosts": f"127.0.0.1 localhost sandbox {names}\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
        "passwd": f"reader:x:{_ID}:{_ID}::/tmp:/bin/bash\n",
        "group": f"reader:x:{_ID}:\n",
    }
    arguments = [part for file in PROGRAM for part in ("--ro-bind", str(file), f"/run/{file.name}")]
    (gateway.folder / "python").mkdir()
    arguments += ["--ro-bind", str(gateway.folder / "python"), "/run/python"]
    arguments += ["--ro-bind", str(gateway.ca), "/run/ca.pem"]
    arguments += ["--ro-bind", str(gateway.socket), "/run/gateway.sock"]
    if gateway.plain_addresses:
        arguments += ["--ro-bind", str(gateway.plain_socket), "/run/plain.sock"]
    for name, text in written.items():
        (gateway.folder / name).write_text(text)
        arguments += ["--ro-bind", str(gateway.folder / name), f"/etc/{name}"]
    return arguments


def _read_only() -> list[str]:
    return ["--remount-ro", "/dev", "--remount-ro", "/"]
