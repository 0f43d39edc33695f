"""Check: findings in the status file, the pages as written, and the site as built.

Only says what is wrong; it changes nothing.
"""

from trueup.check.hidden import check_hidden
from trueup.check.prose import check_prose
from trueup.check.published import check_published
from trueup.check.record import check_record
from trueup.check.status_text import check_status_text
from trueup.check.translations import check_translations

__all__ = [
    "check_hidden",
    "check_prose",
    "check_published",
    "check_record",
    "check_status_text",
    "check_translations",
]
