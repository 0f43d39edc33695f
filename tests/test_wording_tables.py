from datetime import UTC, datetime

import pytest
from conftest import TOP
from test_wording import pages_of

from trueup.model import Observation, Source
from trueup.status_file import Stored, load_status
from trueup.wording import PageText
from trueup.wording.tables import reply, sample, shapes, signatures, variants


@pytest.fixture(scope="module")
def stored() -> Stored:
    return load_status(TOP / "tests" / "record.yml", datetime.now(UTC))


@pytest.fixture
def page(stored: Stored) -> PageText:
    return pages_of(stored.status)


def test_a_signature_without_an_observation_says_so(stored: Stored) -> None:
    status = stored.status.model_copy(update={"observations": ()})
    assert signatures(pages_of(status)).count("Not observed yet.") == 3


def test_a_retracted_row_shows_no_signature(stored: Stored) -> None:
    rows = tuple(r.model_copy(update={"retracted": "wrong"}) for r in stored.status.observations)
    assert "since" not in signatures(
        pages_of(stored.status.model_copy(update={"observations": rows}))
    )


def test_failing_variants_are_listed_too(stored: Stored) -> None:
    def failing(row: Observation) -> Observation:
        changed = {"outcome": "error", "shape": None, "signatures": (), "note": None}
        return row.model_copy(update=changed) if row.variant else row

    rows = tuple(map(failing, stored.status.observations))
    status = stored.status.model_copy(update={"observations": rows})
    assert "fails (local) for ten WEBP references at 1K and 1:1." in variants(
        pages_of(status), "nano-banana"
    )


def test_a_model_without_variants_says_so(page: PageText) -> None:
    assert variants(page, "nano-banana-2") == "No other request is on record."


def test_a_variant_makes_no_standing(page: PageText) -> None:
    assert "unverified" in page.label("nano-banana-pro/images-generations")


def test_shapes_name_only_what_came_back(page: PageText) -> None:
    lines = shapes(page, "gemini").splitlines()[2:]
    assert len(lines) == 4
    assert all("images-generations" not in line for line in lines)


@pytest.mark.parametrize("shape", ["inline-data", "data-uri", "hosted-url"])
def test_a_sample_is_titled_simulated_and_cut_short(shape: str, page: PageText) -> None:
    title, text = sample(page, "gemini", shape)
    assert "simulated" in title
    assert len(text) < 400 and ("…" in text or "https://images.example/" in text)


def test_a_reply_is_simulated_until_a_receipt_has_shown_its_shape(stored: Stored) -> None:
    endpoint = "nano-banana-2/generate-content"
    before = reply(pages_of(stored.status), endpoint)
    assert before and before[0] == "Example response (simulated, shortened)"
    assert '"inlineData"' in before[1] and "iVBORw0KGgo…" in before[1]
    source = Source(receipt="docs/evidence/a.json", sha256="0" * 64)
    rows = tuple(
        row.model_copy(update={"source": source}) if row.endpoint == endpoint else row
        for row in stored.status.observations
    )
    after = reply(pages_of(stored.status.model_copy(update={"observations": rows})), endpoint)
    assert after and "imulated" not in after[0] and after[1] == before[1]


def test_a_reply_begins_as_its_type_of_image_does(page: PageText) -> None:
    shown = reply(page, "nano-banana-pro/generate-content")
    assert shown and "data:image/jpeg;base64,/9j/…" in shown[1]


def test_what_returned_no_image_shows_no_reply(page: PageText) -> None:
    assert reply(page, "nano-banana/images-generations") is None
    assert reply(page, "nano-banana-pro/images-generations") is None
