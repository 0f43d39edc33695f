"""Mock: a simulated gateway that answers from the record (rule 7). It sends nothing anywhere.

`create_app` makes it, with a `GatewayLedger` where money matters; the modules are its parts.
"""

from trueup.mock.app import create_app
from trueup.mock.dialects import dialect_of
from trueup.mock.faults import EXPIRED_CERTIFICATE, FAULTS, Faulty, WireFault, ledger_with
from trueup.mock.ledger import GatewayLedger, Token, User
from trueup.mock.ledger_options import Dialect, Fault, Options, Refused
from trueup.mock.picture import draw_picture
from trueup.mock.replay_index import DOCUMENTED
from trueup.mock.server import create_server, create_tls, listen, serving

MEDIA_HOST = "simulated-media.example"
"""The host of linked images. Its top-level name is reserved, so no real host can have it."""

__all__ = [
    "DOCUMENTED",
    "EXPIRED_CERTIFICATE",
    "FAULTS",
    "MEDIA_HOST",
    "Dialect",
    "Fault",
    "Faulty",
    "GatewayLedger",
    "Options",
    "Refused",
    "Token",
    "User",
    "WireFault",
    "create_app",
    "create_server",
    "create_tls",
    "dialect_of",
    "draw_picture",
    "ledger_with",
    "listen",
    "serving",
]
