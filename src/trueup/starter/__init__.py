"""Starter: a small working site for another gateway, and the pieces that are added to one.

Writes into the folder that it is given and nowhere else.
"""

from trueup.starter.gateway import KINDS, Gateway
from trueup.starter.origin import Origin, find_origin
from trueup.starter.repository import starter_files, write_starter

__all__ = ["KINDS", "Gateway", "Origin", "find_origin", "starter_files", "write_starter"]
