"""Retest: published blocks as probes of a live target, to receipts and a change of the record.

`plan` says what to ask, a `Session` asks it, `update` and `write` put it on record.
"""

from trueup.retest.plan import PriceOf, Probe, due, plan
from trueup.retest.rehearsal import open_rehearsal
from trueup.retest.session import OpenSite, Session
from trueup.retest.site import Access, Site, fetch_image, open_live
from trueup.retest.told import changes, plan_rows, standing_line, summary
from trueup.retest.write import Update, update, write

__all__ = [
    "Access",
    "OpenSite",
    "PriceOf",
    "Probe",
    "Session",
    "Site",
    "Update",
    "changes",
    "due",
    "fetch_image",
    "open_live",
    "open_rehearsal",
    "plan",
    "plan_rows",
    "standing_line",
    "summary",
    "update",
    "write",
]
