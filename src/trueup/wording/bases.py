"""Bases: the choice among the base URLs of a target, for readers of its blocks, in HTML."""

from html import escape

from trueup.model import Outcome, Target
from trueup.wording.catalogue import Catalogue


def render_bases(target: Target, catalogue: Catalogue, outcome: Outcome | None) -> str:
    """Return a labelled choice of the target's base URL and the others; empty without others. The
    first is called tested if the endpoint was, with this outcome.

    It is hidden until the page's script shows it, since it does nothing without that. Each of
    the others carries the note for the blocks that then name it.
    """
    if not target.also:
        return ""
    _, tested = catalogue.gettext, target.base_url
    label = "{url}" if outcome is None else _("{url} (tested)")
    label = _("{url} (tested, failed)") if outcome == "error" else label
    options = [_option(tested, label.format(url=tested))]
    for url in target.also:
        label = _("{url} (no evidence of its own)").format(url=url)
        note = _("Tested with {tested}; this base URL has no evidence of its own.")
        options.append(_option(url, label, note.format(tested=tested) if outcome else label))
    label = escape(_("Base URL"))
    return (
        '<p class="tu-bases" data-search-exclude="true" hidden="hidden"><label>'
        f'{label} <select autocomplete="off">{"".join(options)}</select></label></p>'
    )


def _option(url: str, label: str, note: str = "") -> str:
    attribute = f' data-note="{escape(note)}"' if note else ""
    return f'<option value="{escape(url)}"{attribute}>{escape(label)}</option>'
