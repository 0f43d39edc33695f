"""Starter: a small working site for another gateway, and the pieces that are added to one.

Writes into the folder that it is given and nowhere else.
"""

from trueup.scaffold.addition import Addition, write_addition
from trueup.scaffold.gateway import KINDS, SiteAnswers, model_of
from trueup.scaffold.install_source import Origin, find_origin
from trueup.scaffold.pieces import new_language, new_model, new_protocol, new_route, route_of
from trueup.scaffold.repository import starter_files, write_starter

__all__ = [
    "KINDS",
    "Addition",
    "SiteAnswers",
    "Origin",
    "find_origin",
    "model_of",
    "new_language",
    "new_model",
    "new_protocol",
    "new_route",
    "route_of",
    "starter_files",
    "write_addition",
    "write_starter",
]
