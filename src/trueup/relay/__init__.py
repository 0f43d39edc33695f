"""Relay: forwards requests to a live gateway. The key is added on the wire and kept nowhere else.

`create_relay` makes the app; a `Budget` caps its calls, and a `Journal` outlives a crash.
"""

from trueup.relay.budget import Budget, Reservation, no_price
from trueup.relay.forwarder import create_relay
from trueup.relay.journal import INTERRUPTED, CallState, Journal
from trueup.relay.key_search import WITHHELD, KeySearch
from trueup.relay.response_stream import BODY_LIMIT
from trueup.relay.secret import PLACEHOLDER
from trueup.relay.upstream import Deadlines, gateway_tls

__all__ = [
    "BODY_LIMIT",
    "INTERRUPTED",
    "PLACEHOLDER",
    "WITHHELD",
    "Budget",
    "CallState",
    "Deadlines",
    "Journal",
    "KeySearch",
    "Reservation",
    "create_relay",
    "gateway_tls",
    "no_price",
]
