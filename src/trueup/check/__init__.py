"""Check: findings in the status file, the pages, the templates, the history, and the built site.

Only says what is wrong; it changes nothing but the baseline.
"""

from trueup.check.baseline import forgive, load_baseline, write_baseline
from trueup.check.published import check_published
from trueup.check.sources import Sources, check_sources

__all__ = [
    "Sources",
    "check_published",
    "check_sources",
    "forgive",
    "load_baseline",
    "write_baseline",
]
