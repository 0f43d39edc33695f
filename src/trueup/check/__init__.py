"""Check: findings in the status file, the pages, the templates, the history, and the built site.

Only says what is wrong; it changes nothing but the baseline. What looks at the built site is in
`trueup.check.built`, which most checks do without.
"""

from trueup.check.baseline import forgive, load_baseline, write_baseline
from trueup.check.sources import Check, check_sources

__all__ = [
    "Check",
    "check_sources",
    "forgive",
    "load_baseline",
    "write_baseline",
]
