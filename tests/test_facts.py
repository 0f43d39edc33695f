"""Every fact of the status file on its page, and nothing that it does not say."""

import re
from pathlib import Path

import lxml.html
import pytest
from conftest import load_docs

from trueup.docs import Docs
from trueup.verify.block_receipt import Report

NATIVE = "POST /v1beta/models/{}:generateContent"
IMAGES = "POST /v1/images/generations"
UNKNOWN_NAME = "Unknown name \"imageOutputOptions\" at 'generation_config.image_config'"

# The facts of each page.
FACTS = {
    "nano-banana": (
        "nano-banana → gemini-2.5-flash-image, seen on 2026-04-14",
        "returns output as a data URI in a text; production, 2026-04-14",
        "the log's quota and the token's used_quota delta differed; production,",
        f"the production and local retests of {IMAGES} failed in the same way",
        UNKNOWN_NAME,
        "an abnormal billing sample on a failed request was reported, without amounts",
        '"responseModalities": ["TEXT", "IMAGE"]',
        ":generateContent?key=YOUR_API_KEY",
        "Authorization: Bearer YOUR_API_KEY",
        f"On 2026-03-31, {IMAGES} returned an image as a link on local for ten WEBP"
        " references at 1K and 1:1 (the relay was pinned to one Vertex channel).",
    ),
    "nano-banana-2": (
        "nano-banana-2 → gemini-3.1-flash-image-preview, seen on 2026-04-14",
        "returns output as inline data; production, 2026-04-14",
        "aligned the bill matched the result; production, 2026-04-14",
        f"the production and local retests of {IMAGES} failed in the same way",
        UNKNOWN_NAME,
        "not supported model for image generation",
        "get_channel_failed",
        '"responseModalities": ["IMAGE"]',
    ),
    "nano-banana-pro": (
        "stated, not retested nano-banana-pro → gemini-3-pro-image-preview, in docs of 2026-04-14",
        "returns output as a data URI in a text; production, 2026-04-14",
        "not observed billing was not observed",
        f"On 2026-03-31, {IMAGES} returned an image as a link on local for one WEBP"
        " reference, one JPEG reference, two PNG references, 1K, 4K, aspect ratio 1:1, aspect"
        " ratio 21:9, PNG output, and JPG output",
        "Not observed: 2K, more than two references, and a reference of 30 MiB.",
    ),
    "gemini-image-generation": (
        NATIVE.format("gemini-2.5-flash-image-preview"),
        "returns output as a link in a text; production, 2026-04-14",
        "as inline data (image/png)",
        "as a data URI in a text (image/png)",
        "as a data URI in a text (image/jpeg)",
        "Never expect data[].url on the native route.",
    ),
    "signatures": (
        UNKNOWN_NAME,
        "into the form of Vertex AI, whose image settings have this field, and sent it to the"
        " Gemini Developer API, whose settings do not",
        f"Nano Banana ({IMAGES}): production and local, since 2026-04-14",
        f"Nano Banana 2 ({IMAGES}): production and local, since 2026-04-14",
        "not supported model for image generation",
        "unless the model behind the name is one of the imagen models",
        "found no channel left for the model, which hides the error",
    ),
    "status": (
        "Nano Banana Pro",
        "Source: Nano Banana 2 page of the public docs (reported).",
    ),
}

# The facts whose sources give no figure: none may be printed.
NOT_OBSERVED = re.compile(r"\bHTTP [45][0-9][0-9]\b|\$ ?[0-9]|\b[0-9]+ (?:tokens|pixels|KB|MB)\b")

FAMILY = ("nano-banana", "nano-banana-2", "nano-banana-pro", "gemini-image-generation")


@pytest.fixture
def site(made: tuple[Docs, Report]) -> Path:
    return made[0].site


def shown(site: Path, page: str) -> str:
    """Return the text of a page as a reader sees it on the date of the evidence."""
    html = lxml.html.fromstring((site / page / "index.html").read_bytes())
    for hidden in html.xpath("//*[@hidden] | //a[@class='headerlink']"):
        hidden.drop_tree()
    return " ".join(html.xpath("//article")[0].text_content().split())


@pytest.mark.parametrize(
    ("page", "fact"), [(p, fact) for p, facts in FACTS.items() for fact in facts]
)
def test_a_fact_is_on_its_page(page: str, fact: str, site: Path) -> None:
    assert fact in shown(site, page)


def test_each_observation_and_mapping_is_on_the_page_of_its_model(site: Path) -> None:
    status = load_docs(site.parent).stored.status
    homes = {
        page.model: page.html.partition("/")[0]
        for page in load_docs(site.parent).pages
        if page.model and page.language == "en"
    }
    assert set(homes) == set(status.models)
    for row in status.observations:
        assert row.day.isoformat() in shown(site, homes[row.endpoint.rpartition("/")[0]])
        for name in row.signatures:
            assert status.signatures[name].match in shown(
                site, homes[row.endpoint.partition("/")[0]]
            )
    for mapping in status.mappings:
        assert mapping.upstream in shown(site, homes[mapping.alias])


def test_nothing_that_nobody_observed_is_printed(site: Path) -> None:
    for page in FACTS:
        assert not NOT_OBSERVED.findall(shown(site, page)), page


@pytest.mark.parametrize("page", FAMILY)
def test_the_pages_of_the_family_lead_to_each_other(page: str, site: Path) -> None:
    html = lxml.html.fromstring((site / page / "index.html").read_bytes())
    targets = {link.partition("#")[0] for link in html.xpath("//article//a/@href")}
    for other in set(FAMILY) - {page}:
        assert f"../{other}/" in targets
        assert (site / other / "index.html").is_file()


def test_the_code_of_a_route_without_evidence_says_so(site: Path) -> None:
    html = (site / "nano-banana-pro" / "index.html").read_text()
    assert 'data-endpoint="nano-banana-pro/images-generations"' in html
    assert "as documented, never seen" in html
    code = html.partition('<h2 id="nano-banana-pro--images-generations"')[2]
    assert "https://crazyrouter.com (tested)" in html
    assert "(tested)" not in code.partition('<h2 id="what-to-do"')[0] and "<option" in code
