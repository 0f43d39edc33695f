"""Relay: the way to a live gateway. The key goes in on the wire and comes out nowhere.

`create_relay` is the whole of it, with a `Budget` where calls cost money, and a `Journal` of it.
"""

from trueup.relay.app import create_relay
from trueup.relay.budget import Budget, Reservation, no_price
from trueup.relay.journal import INTERRUPTED, Called, Journal
from trueup.relay.response_stream import BODY_LIMIT
from trueup.relay.secret import PLACEHOLDER
from trueup.relay.wire import Deadlines

__all__ = [
    "BODY_LIMIT",
    "INTERRUPTED",
    "PLACEHOLDER",
    "Budget",
    "Called",
    "Deadlines",
    "Journal",
    "Reservation",
    "create_relay",
    "no_price",
]
