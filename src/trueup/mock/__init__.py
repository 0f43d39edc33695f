"""Mock: a simulated gateway that answers from the record (rule 7). It sends nothing anywhere.

`create_app` is the whole of it, with a `Ledger` where money matters; the modules are its parts.
"""

from trueup.mock.account import (
    Dialect,
    Fault,
    LogRow,
    Options,
    Token,
    Upstream,
    User,
)
from trueup.mock.app import create_app
from trueup.mock.clock import new_request_id
from trueup.mock.ledger import Ledger
from trueup.mock.picture import draw_picture

MEDIA_HOST = "simulated-media.example"
"""Where linked images seem to live. The top-level name is reserved, so no real host can have it."""

__all__ = [
    "MEDIA_HOST",
    "Dialect",
    "Fault",
    "Ledger",
    "LogRow",
    "Options",
    "Token",
    "Upstream",
    "User",
    "create_app",
    "draw_picture",
    "new_request_id",
]
