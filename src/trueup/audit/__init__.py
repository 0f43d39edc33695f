"""Audit: what contradicts what in docs that already exist, and since when.

Reads Markdown pages and the history of git; nothing of the tree is executed, nothing is written.
"""

from trueup.audit.audit import audit_tree, needed_causes

__all__ = ["audit_tree", "needed_causes"]
