"""Variables: what a block may be given in its environment, beside what the sandbox sets."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from trueup.errors import BadInput

NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)
KEPT = re.compile(
    r"PATH|HOME|LANG|LANGUAGE|LC_.*|TMPDIR|IFS|ENV|PS[0-4]|PROMPT_COMMAND|SHELLOPTS|BASHOPTS|BASH.*"
    r"|LD_.*|DYLD_.*|GLIBC_.*|MALLOC_.*|GCONV_PATH|NLSPATH|LOCPATH|RES_OPTIONS|HOSTALIASES"
    r"|NODE_.*|NPM_CONFIG_.*|PYTHON.*|UV_.*|PIP_.*|.*_PROXY|SSL_.*|SSLKEYLOGFILE|OPENSSL_.*"
    r"|CURL_(?:CA_BUNDLE|HOME|SSL_BACKEND)|REQUESTS_CA_BUNDLE|XDG_.*",
    re.IGNORECASE,
)
"""Names by which programs are loaded, find their settings or connect: the sandbox's own."""


def is_variable(name: str) -> bool:
    """Return whether a block may be given a variable of a name."""
    return bool(NAME.fullmatch(name)) and not KEPT.fullmatch(name)


def check_variables(variables: Mapping[str, str]) -> None:
    """Raise BadInput for a variable that no block may be given."""
    for name, value in variables.items():
        if not is_variable(name):
            problem = "a block is not given this variable, which changes how programs start"
            if not NAME.fullmatch(name):
                problem = "not the name of a variable"
            raise BadInput(f"variable {name[:100]!r}", problem, "Use another name.")
        if "\0" in value:
            raise BadInput(f"variable {name}", "its value has a NUL character", "Leave it out.")
