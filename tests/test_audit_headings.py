"""Headings: which versions in them are contradicted by the names below, and which only seem so."""

from pathlib import Path

import pytest
from advice_samples import IDS
from audit_trees import audited, write_files

ROUTES = "- `GET /v{0}/boats`\n- `GET /v{0}/ships`\n"

WELL = {
    "a migration": f"# Boat\n\n## Boat 3\n\nMigrate to the new names:\n\n{IDS}",
    "both versions in a sentence": f"# Boat\n\n## Boat 3\n\nGo from 3 to 4.\n\n{IDS}",
    "a heading with both": f"# Boat\n\n## Boat 3 to 4\n\n{IDS}",
    "a heading with one and a word": f"# Boat\n\n## From Boat 3\n\n{IDS}",
    "a section with both versions": f"# Boat\n\n## Boat 3\n\n{IDS}- `boat-3-small`\n",
    "a name without a version": f"# Boat\n\n## Boat 3\n\n{IDS}- `boat-small`\n",
    "a version that is not certain": f"# Boat\n\n## Boat 3\n\n{IDS}- `boat-4x`\n",
    "a changelog": f"# Changes\n\n## Boat 3\n\n{IDS}",
    "a dated heading": f"# Boat\n\n## Boat 3 (2026-03-01)\n\n{IDS}",
    "one name": "# Boat\n\n## Boat 3\n\n- `boat-4`\n\n`boat-4`\n",
    "a finer version": "# Boat\n\n## Boat 3\n\n- `boat-3-5-large`\n- `boat-3-5-small`\n",
    "two other versions": "# Boat\n\n## Boat 3\n\n- `boat-4-large`\n- `boat-5-small`\n",
    "another family": f"# Boat\n\n## Ship 3\n\n{IDS}",
    "a step": "# Boat\n\n## Step 3\n\n- `step-4-large`\n- `step-4-small`\n",
    "a size": "# Boat\n\n## Boat 3\n\n- `boat-70b-large`\n- `boat-70b-small`\n",
    "a date": "# Boat\n\n## Boat 3\n\n- `boat-20250101`\n- `boat-20250101-small`\n",
    "a heading below": f"# Boat\n\n## Boat 3\n\n### Boat 4\n\n{IDS}",
    "files": "# Boat\n\n## Boat 3\n\n`boat-4-large.png` `boat-4-small.png`\n",
    "no route of the version": "# A\n\n## v2 API\n\n" + ROUTES.format(1),
}


@pytest.mark.parametrize("name", WELL)
def test_a_heading_that_only_seems_to_differ_is_well(name: str, tmp_path: Path) -> None:
    assert audited(write_files(tmp_path, {"a.md": WELL[name]}))[1:] == []


FOUND = {
    "a block": (
        "## Boat 3.5\n\n```text\n[\n  'boat-4-large',\n  'boat-4-small'\n]\n```\n",
        "3 7 8",
    ),
    "a vendor": ("## Boat 3.5\n\n`sea/boat-4-large`\n\n`sea.boat-4-small`\n", "3 5 7"),
    "words between": ("## Boat 3\n\n`boat-large-4-1` and `boat-small-4.1`\n", "3 5"),
    "a family of two words": (
        "## The Paper Boat 3 models\n\n`paper-boat-4`, `paper-boat-4-x`\n",
        "3 5",
    ),
    "a v": (f"## Boat v3\n\n{IDS}", "3 5 6"),
    "routes": ("## v2 API\n\n" + ROUTES.format(1) + "\n## API v2\n\n" + ROUTES.format(2), "3 5 6"),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_heading_with_another_version_is_found(name: str, tmp_path: Path) -> None:
    text, lines = FOUND[name]
    top = write_files(tmp_path, {"a.md": f"# Models\n\n{text}"})
    assert audited(top)[1:] == [
        " ".join(["heading-version", *(f"a.md:{line}" for line in lines.split())])
    ]
