"""Mock: a simulated gateway that answers from the record (rule 7). It sends nothing anywhere.

`create_app` is the whole of it; the modules beside this one are its parts.
"""

from trueup.mock.app import create_app
from trueup.mock.picture import draw_picture
from trueup.mock.reply import new_request_id

MEDIA_HOST = "simulated-media.example"
"""Where linked images seem to live. The top-level name is reserved, so no real host can have it."""

__all__ = ["MEDIA_HOST", "create_app", "draw_picture", "new_request_id"]
