"""A route that is an endpoint without a model, everywhere an endpoint is split into the two."""

import json
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from status_sample import TEXT, parsed
from test_mock import call

from trueup.check.status_claims import check_status
from trueup.evidence import alternative, assess
from trueup.feed.files import feed_files
from trueup.feed.site_files import SiteFiles
from trueup.mock import create_app
from trueup.retest.plan import billed_model
from trueup.snippet import render_snippet
from trueup.status_file import Stored
from trueup.wording import changes_page, model_parts, sentences, status_page
from trueup.wording.catalogue import load_catalogue
from trueup.wording.pages import PageText

TODAY = date(2026, 4, 20)
TOP = Path(__file__).parents[1]
ROUTE_ALONE = "-/edits"
STATED = (
    TEXT.replace(
        "signatures:\n  no",
        "  edits:\n    title: Edits of images\n    request: POST /v1/images/edits\n"
        "    protocol: openai-images\n    auth: bearer\nsignatures:\n  no",
    ).replace("mappings:", f"  {ROUTE_ALONE}:\n    body: {{prompt: a banana}}\nmappings:")
    + """\
  - at: 2026-04-14
    endpoint: -/edits
    target: production
    sent:
      base_url: https://example.com
      request: POST /v1/images/edits
      auth: bearer
      body: {prompt: a banana}
    outcome: output
    shape: url
    billing: aligned
    source: {reported: a page}
"""
)
STORED = parsed(STATED)


def page(stored: Stored = STORED) -> PageText:
    return PageText(stored.status, load_catalogue("en"), TODAY, lambda name: f"status.md#{name}")


def test_a_page_shows_the_title_of_the_route() -> None:
    text = page()
    assert text.name(ROUTE_ALONE).startswith("[Edits of images](status.md#-/edits) (`POST ")
    assert "\n\n## Edits of images { #---edits }\n\n<span class=" in status_page.standings(text)
    (row,) = [line for line in status_page.endpoints(text).split("\n") if "#---edits" in line]
    assert row.startswith("| Without a model |") and "tu-controlled-testing" in row
    assert sentences.avoid(text, ROUTE_ALONE).startswith("Do not use `POST /v1/images/edits`: ")
    assert "Edits of images" not in model_parts.start_here(text)
    change = f"- [Edits of images](status.md#{ROUTE_ALONE}): unverified → controlled testing"
    assert change in changes_page.recent_changes(text).split("\n")


def test_it_is_no_alternative_and_has_none() -> None:
    assessments = assess(STORED.status)
    assert assessments[ROUTE_ALONE].standing == "controlled-testing"
    assert alternative(STORED.status, assessments, "-") is None
    assert alternative(STORED.status, assessments, "nano-banana") is None


def test_programs_read_no_model_and_find_its_place() -> None:
    files = feed_files(STORED.status, TODAY)
    found = {one["endpoint"]: one for one in json.loads(files["status.json"])["endpoints"]}
    assert found[ROUTE_ALONE]["model"] is found[ROUTE_ALONE]["upstream"] is None
    assert found[ROUTE_ALONE]["alternative"] is None
    assert "badges/---edits.svg" in files and "badges/-.svg" not in files
    places = SiteFiles(TOP, TOP, STORED.status, (), TODAY)._places()
    assert places[ROUTE_ALONE] == "status/#---edits"


def test_the_mock_answers_it_and_serves_its_image() -> None:
    app, headers = create_app(STORED.status), {"Authorization": "Bearer YOUR_API_KEY"}
    reply = call(app, "POST", "/v1/images/edits", headers=headers, json={"prompt": "another"})
    path = urlsplit(reply.json()["data"][0]["url"]).path
    assert path == "/simulated-media/edits.png"
    assert call(app, "GET", path).content.startswith(b"\x89PNG")


def test_a_retest_counts_its_path_and_sees_no_alias() -> None:
    assert billed_model(STORED.status, ROUTE_ALONE) == "/v1/images/edits"
    assert billed_model(STORED.status, "nano-banana/images-generations") == "nano-banana"


def test_its_blocks_are_named_after_the_route() -> None:
    text = render_snippet(STORED.status, ROUTE_ALONE, "python", TOP / "snippets").text
    assert 'NAME = "edits"' in text and "MODEL" not in text and '"model"' not in text


def test_a_change_of_its_request_is_found_at_the_route() -> None:
    moved = parsed(STATED.replace("POST /v1/images/edits\n    p", "POST /v2/images/edits\n    p"))
    found = [
        one for one in check_status(moved, assess(moved.status), TOP, TODAY) if "edits" in str(one)
    ]
    assert [one.where.line for one in found] == [17]
