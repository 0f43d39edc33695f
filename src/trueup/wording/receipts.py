"""Receipts: the line under each block, as HTML: what was run, against what, and what it proved."""

from html import escape
from urllib.parse import urlsplit

from trueup.model import Status
from trueup.verify.receipt import BlockReceipt
from trueup.wording.catalogue import Catalogue


def receipt_line(receipt: BlockReceipt, status: Status, catalogue: Catalogue, page: str) -> str:
    """The stamp of a block on a page; a replay is never worded like a live run."""
    _ = catalogue.gettext
    if receipt.skipped is not None:
        return _paragraph("skipped", [_("Not run: {why}.").format(why=escape(receipt.skipped))])
    host = escape(urlsplit(status.targets[receipt.target].base_url).netloc)
    if receipt.inconclusive is not None:
        sentence = _("Run against {host}, which told nothing of it: {why}.")
        return _paragraph(
            "inconclusive", [sentence.format(host=host, why=escape(receipt.inconclusive))]
        )
    if not receipt.passed:
        return _paragraph("failed", [_("This block did not pass its run; do not use it.")])
    told = []
    if receipt.outcome == "error":
        texts = [status.signatures[name].match for name in receipt.signatures]
        text = f" (<code>{escape(texts[0])}</code>)" if texts else ""
        told.append(_("Fails as recorded{text}.").format(text=text))
    if receipt.replayed:
        told.append(
            _("Replays the evidence of {day}; nothing was sent to {host}.").format(
                day=receipt.evidence, host=host
            )
        )
        told += [
            _("The way of the key ({way}) was not part of that evidence.").format(
                way=f"<code>{escape(str(one.now))}</code>"
            )
            for one in receipt.unobserved
        ]
    else:
        told.append(_("Run against {host}.").format(host=host))
    containments = {
        "namespace": _("Run unmodified, in a network namespace of its own."),
        "landlock": _("Run unmodified behind a proxy, its TCP confined to it by Landlock."),
        "none": _("Run unmodified behind a proxy, confined by nothing else."),
    }
    told.append(containments[receipt.containment])
    root = "../" * page.count("/")
    link = f'<a href="{root}receipts.json"><code>{receipt.sha256[:12]}</code></a>'
    told.append(_("Receipt {link}.").format(link=link))
    return _paragraph("passed", told)


def _paragraph(state: str, told: list[str]) -> str:
    return f'<p class="tu-receipt tu-{state}">{" ".join(told)}</p>'
