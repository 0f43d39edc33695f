"""Outside pages: settings, console texts, templates of the theme and comments are judged too."""

from pathlib import Path

import pytest
from conftest import TOP

from trueup.check.banned_terms import banned_terms
from trueup.check.outside_pages import check_outside_pages
from trueup.status_file import Stored

SETTINGS = "site_name: Images\n{}\nnav:\n  - index.md\n"
SETTING, CONSOLE, THEME = "mkdocs.yml", "snippets/console/a.txt", "overrides/partials/a.html"
SENT = "snippets/files/a.jsonl"
UNSENT = "snippets/files/sample.json"
COMMENT, ROBOTS = "snippets/a/curl.sh.j2", "docs/en/robots.txt"
FOUND = [
    (SETTING, SETTINGS.format("site_description: All routes work, verified"), "2:19"),
    (SETTING, SETTINGS.format("copyright: 2 cents an image"), "2:12"),
    (SETTING, SETTINGS.format("repo_name: verified"), "2:12"),
    (SETTING, SETTINGS.format("extra: {social: [{name: Nano Banana works, link: a}]}"), "2:25"),
    (SETTING, "site_name: a\nnav:\n  - Recommended models:\n    - a.md\n", "3:5"),
    ("mkdocs.ja.yml", "INHERIT: mkdocs.yml\nsite_name: 全ルート推奨\n", "2:12"),
    (CONSOLE, "$ status\nall green, 2 cents\n", "2:5"),
    (THEME, "{% block a %}\n<p>All\n{{ x }} green</p>{% endblock %}", "2"),
    (THEME, '<p>{{ "Recommended" }}</p>', "1"),
    (ROBOTS, "User-agent: *\n#All routes are recommended.\n", "2:2"),
    (SENT, '{"text": "All green"}\n', "1:15"),
    (COMMENT, "a=1\n# 2 cents, rock solid\n", "2:3"),
]
FREE = [
    (SETTING, SETTINGS.format("site_description: What was seen to work on the routes."), ""),
    (SETTING, SETTINGS.format("nav: [{Rate limits: a.md}, {Choose a model: b.md}]"), ""),
    (SETTING, SETTINGS.format("extra: {alternate: [{name: 日本語, link: ja/}]}"), ""),
    (CONSOLE, "$ scripts/docs\n22 found, 22 run, 22 passed to the file\n", ""),
    (THEME, '{# green #}<p class="green">{{ recommended }}</p>', ""),
    (SENT, '{"text": "A greeting"}\n', ""),
    (UNSENT, '{"price": {"amount": "0.02"}}\n', ""),
    (ROBOTS, "# For crawlers\nUser-agent: *\nDisallow: /status/\n", ""),
    (COMMENT, "# Save the image\nif ok; then  # the file is there\n", ""),
]


@pytest.mark.parametrize(("name", "text", "place"), [*FOUND, *FREE])
def test_a_text_that_no_page_holds_is_judged_too(
    name: str, text: str, place: str, tmp_path: Path, stored: Stored
) -> None:
    (tmp_path / "mkdocs.yml").write_text("site_name: a\n", "utf-8")
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text, "utf-8")
    found = list(
        check_outside_pages(tmp_path, banned_terms(stored.status), ("en", "ja"), ["a.jsonl"])
    )
    places = [str(one.where).removeprefix(f"{tmp_path / name}:") for one in found]
    assert places[:1] == [place][: bool(place)]


def test_the_texts_of_this_repository_are_fine(stored: Stored) -> None:
    languages = ("en", "ja", "zh", "ru")
    assert list(check_outside_pages(TOP, banned_terms(stored.status), languages)) == []
