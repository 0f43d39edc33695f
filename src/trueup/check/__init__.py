"""Check: findings in the status file, the pages, the templates, the history, and the built site.

Writes nothing but the baseline, and memos that the caller gives. The built site is checked by
`trueup.check.built_site` and `trueup.check.site_comparison`, imported only where they are needed.
"""

from trueup.check.baseline import AUDIT_NAME, apply_baseline, load_baseline, write_baseline
from trueup.check.repository_code import refuse_errors
from trueup.check.sources import Check, Sources

__all__ = [
    "AUDIT_NAME",
    "Check",
    "Sources",
    "apply_baseline",
    "load_baseline",
    "refuse_errors",
    "write_baseline",
]
