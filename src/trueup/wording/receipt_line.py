"""Receipt line: the line under each block, as HTML: the run, its target, and what it proved."""

from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import urlsplit

from trueup.model import Status
from trueup.site import Block, language_at
from trueup.verify.block_receipt import BlockReceipt
from trueup.wording.catalogue import Catalogue, load_catalogue


def receipt_lines(
    blocks: Iterable[Block],
    receipts: Iterable[BlockReceipt],
    status: Status,
    languages: Sequence[str],
) -> dict[tuple[str, str], str]:
    """Return the line under each block that has a receipt, by page and id; none for a receipt that
    names a target or a signature which the status file lacks."""
    known = {
        (one.sha256, one.language, one.endpoint): one
        for one in receipts
        if one.target in status.targets and status.signatures.keys() >= set(one.signatures)
    }
    lines = {}
    for block in blocks:
        receipt = known.get((block.sha256, block.language, block.endpoint))
        if receipt is not None and block.id is not None:
            catalogue = load_catalogue(language_at(block.page, languages))
            lines[block.page, block.id] = receipt_line(receipt, status, catalogue, block.page)
    return lines


def receipt_line(receipt: BlockReceipt, status: Status, catalogue: Catalogue, page: str) -> str:
    """Return the stamp of a block on a page; a replay is never worded like a live run."""
    _ = catalogue.gettext
    if receipt.skipped is not None:
        return _paragraph("skipped", _("Not run: {why}.").format(why=escape(receipt.skipped)))
    host = escape(urlsplit(status.targets[receipt.target].base_url).netloc)
    if receipt.inconclusive is not None:
        sentence = _("Run against {host}; inconclusive: {why}.")
        why = escape(receipt.inconclusive)
        return _paragraph("inconclusive", sentence.format(host=host, why=why))
    if not receipt.passed:
        return _paragraph("failed", _("This block did not pass its run; do not use it."))
    sentences = []
    if receipt.outcome == "error":
        texts = [status.signatures[name].match for name in receipt.signatures[:1]]
        message = _("Fails as recorded ({text}).") if texts else _("Fails as recorded.")
        shown = (f"<code>{escape(text)}</code>" for text in texts)
        sentences.append(message.format(text="".join(shown)))
    if receipt.replayed:
        replays = _("Replays the evidence of {day}; nothing was sent to {host}.")
        if receipt.documented:
            replays = _("Reply as documented, never seen; nothing was sent to {host}.")
        elif receipt.sample:
            replays = _("Replays a sample that nobody observed; nothing was sent to {host}.")
        sentences.append(replays.format(day=receipt.evidence, host=host))
        sentences += [
            _("That test did not use this auth method ({auth}).").format(
                auth=f"<code>{escape(str(difference.now))}</code>"
            )
            for difference in receipt.unobserved
        ]
    else:
        sentences.append(_("Run against {host}.").format(host=host))
    containments = {
        "namespace": _("Run unmodified in its own network namespace."),
        "landlock": _("Run unmodified behind a proxy; Landlock limits its TCP to that proxy."),
        "none": _("Run unmodified behind a proxy, with no further isolation."),
    }
    sentences.append(containments[receipt.containment])
    root = "../" * page.count("/")
    link = f'<a href="{root}receipts.json"><code>{receipt.sha256[:12]}</code></a>'
    sentences.append(_("Receipt {link}.").format(link=link))
    return _paragraph("passed", catalogue.join_sentences(sentences))


def _paragraph(state: str, text: str) -> str:
    return f'<p class="tu-receipt tu-{state}">{text}</p>'
