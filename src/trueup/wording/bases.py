"""Bases: the choice among the base URLs of a target, for readers of its blocks, in HTML."""

from html import escape

from trueup.model import Target
from trueup.wording.catalogue import Catalogue


def render_bases(target: Target, catalogue: Catalogue, *, is_tested: bool) -> str:
    """Return a labelled choice of the target's base URL and the others; empty without others. The
    first is called tested if the endpoint was (`is_tested`).

    It is hidden until the page's script shows it, since it does nothing without that. Each of
    the others carries the note for the blocks that then name it.
    """
    if not target.also:
        return ""
    _, tested = catalogue.gettext, target.base_url
    options = [_option(tested, _("{url} (tested)").format(url=tested) if is_tested else tested)]
    for url in target.also:
        label = _("{url} (no evidence of its own)").format(url=url)
        note = _("Tested with {tested}; this base URL has no evidence of its own.")
        options.append(_option(url, label, note.format(tested=tested) if is_tested else label))
    label = escape(_("Base URL"))
    return (
        '<p class="tu-bases" data-search-exclude="true" hidden="hidden"><label>'
        f'{label} <select autocomplete="off">{"".join(options)}</select></label></p>'
    )


def _option(url: str, label: str, note: str = "") -> str:
    attribute = f' data-note="{escape(note)}"' if note else ""
    return f'<option value="{escape(url)}"{attribute}>{escape(label)}</option>'
