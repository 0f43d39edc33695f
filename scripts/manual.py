"""The parts of the manual that are made from code and measurements, written between their marks."""

import sys
from collections.abc import Callable, Mapping
from inspect import getdoc
from pathlib import Path

from fields import render_fields
from figures import Figures, render_figures
from mutation.figures import Mutants, render_mutants
from samples import load_samples, render_rules

from trueup.errors import BadInput
from trueup.feed import StatusFeed
from trueup.finding import AUDIT_RULES, RECORDING_RULES, Rule
from trueup.model import Status
from trueup.protocols import PROTOCOLS
from trueup.receipts import RetestReceipt
from trueup.site.macro_calls import KINDS, MACROS, OPTIONAL
from trueup.verify.block_receipt import BlockReceipt
from trueup.wording import page_macros

TOP = Path(__file__).parent.parent
MANUAL = TOP / "manual"
PAGES = MANUAL / "pages"
PARTS: Mapping[tuple[str, str], Callable[[], str]] = {
    ("status-file", "fields"): lambda: render_fields(Status),
    ("status-file", "protocols"): lambda: render_protocols(),
    ("macros", "macros"): lambda: render_macros(),
    ("receipts", "block"): lambda: render_fields(BlockReceipt),
    ("receipts", "retest"): lambda: render_fields(RetestReceipt),
    ("programs", "feed"): lambda: render_fields(StatusFeed),
    ("rules", "rules"): lambda: render_rules(load_samples(MANUAL / "rules.yml")),
    ("audit", "rules"): lambda: render_rules_of(AUDIT_RULES),
    ("blocks", "rules"): lambda: render_rules_of(RECORDING_RULES),
    ("speed", "figures"): lambda: render_figures(
        Figures.model_validate_json((MANUAL / "bench.json").read_bytes())
    ),
    ("mutants", "figures"): lambda: render_mutants(
        Mutants.model_validate_json((MANUAL / "mutants.json").read_bytes())
    ),
}
"""By page and name of the part."""


def render_protocols() -> str:
    """The protocols as a table, with the request and the shapes of each."""
    rows = ["| Protocol | Request | Shapes of the output |", "| --- | --- | --- |"]
    for name, protocol in sorted(PROTOCOLS.items()):
        request = _first_sentence(type(protocol))
        kinds: dict[str, list[str]] = {}
        for shape, kind in protocol.shapes.items():
            kinds.setdefault(kind, []).append(f"`{shape}`")
        shapes = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items())
        rows.append(f"| `{name}` | {request} | {shapes} |")
    return "\n".join(rows)


def _first_sentence(documented: object) -> str:
    return " ".join((getdoc(documented) or "").split()).partition(". ")[0].rstrip(".")


def render_macros() -> str:
    """The macros as a table, with the arguments and the result of each."""
    rows = ["| Call | Result | Arguments |", "| --- | --- | --- |"]
    for name, parameters in sorted(MACROS.items()):
        arguments = ", ".join(f'"{one}"' for one in parameters)
        call = f"{{{{ {name}({arguments}) }}}}"
        macro = page_macros.PARTS.get(name) or getattr(page_macros, f"_{name}")
        result = _first_sentence(macro).removeprefix("Return ")
        kinds = "; ".join(
            f"{KINDS[one]}{' (optional)' if one in OPTIONAL else ''}" for one in parameters
        )
        rows.append(f"| `{call}` | {result} | {kinds} |")
    return "\n".join(rows)


def render_rules_of(rules: Mapping[str, Rule]) -> str:
    """Rules without samples as a table for each area, with the two sentences of each."""
    parts = []
    for area in dict.fromkeys(rule.area for rule in rules.values()):
        rows = ["| Rule | Finding | Effect |", "| --- | --- | --- |"]
        for name, rule in rules.items():
            if rule.area == area:
                mark = " (warning)" if rule.severity == "warning" else ""
                rows.append(f"| `{name}`{mark} | {rule.says} | {rule.why} |")
        parts += [f"### {area[0].upper()}{area[1:]}", "\n".join(rows)]
    return "\n\n".join(parts)


def main() -> None:
    """Writes every part anew."""
    try:
        for page, text in renewed().items():
            page.write_text(text, encoding="utf-8")
    except (BadInput, OSError, ValueError) as error:
        sys.exit(f"manual: {error}")


def renewed(pages: Path = PAGES) -> dict[Path, str]:
    """Each page that has such parts, with them as of today. BadInput where one has no place."""
    texts: dict[Path, str] = {}
    for (name, part), render in PARTS.items():
        page = pages / f"{name}.md"
        text = texts.get(page) or page.read_text(encoding="utf-8")
        begin, end = f"<!-- begin {part}: scripts/manual writes it -->", f"<!-- end {part} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise BadInput(page, f"no part {part}", f"Write the lines {begin} and {end} there.")
        texts[page] = f"{before}{begin}\n\n{render()}\n\n{end}{after}"
    return texts


if __name__ == "__main__":
    main()
