"""Outside pages: settings, console texts, templates of the theme and comments are judged too."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import TOP, copy_repository

from trueup.check.banned_terms import banned_terms
from trueup.check.outside_pages import check_outside_pages
from trueup.check.status_translations import check_status_text
from trueup.check.templates import check_templates
from trueup.finding import Finding
from trueup.memo import NO_MEMO, Memo
from trueup.site import languages_in
from trueup.snippet import Snippets
from trueup.status_file import Stored, load_status

SETTINGS = "site_name: Images\n{}\nnav:\n  - index.md\n"
SETTING, CONSOLE, THEME = "mkdocs.yml", "snippets/console/a.txt", "overrides/partials/a.html"
SENT = "snippets/files/a.jsonl"
UNSENT = "snippets/files/sample.json"
COMMENT, ROBOTS = "snippets/a/curl.sh.j2", "docs/en/robots.txt"
CURL, PYTHON = "snippets/openai-images/curl.sh.j2", "snippets/openai-images/python.py.j2"
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
    found = check_outside_pages(tmp_path, banned_terms(stored.status), ("en", "ja"), ["a.jsonl"])
    places = [str(one.where).removeprefix(f"{tmp_path / name}:") for one in found]
    assert places[:1] == [place][: bool(place)]


def test_the_texts_of_this_repository_are_fine(stored: Stored) -> None:
    languages = ("en", "ja", "zh", "ru")
    assert check_outside_pages(TOP, banned_terms(stored.status), languages) == []


def test_what_was_found_in_texts_is_kept_until_one_of_them_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path / "repository"

    def found(memo: Memo = NO_MEMO) -> list[Finding]:
        """Return the findings as the check does, pages left out."""
        stored = load_status(repository / "status.yml", datetime.now(UTC))
        terms, languages = banned_terms(stored.status), languages_in(repository / "docs")
        snippets = Snippets(stored.status, repository / "snippets")
        return [
            *check_templates(stored, terms, snippets, memo),
            *check_outside_pages(repository, terms, languages, stored.sent_files, memo),
            *check_status_text(stored, terms, repository / "docs", languages, memo),
        ]

    def kept() -> list[Finding]:
        with Memo(repository / ".cache" / "texts.sqlite") as memo:
            return found(memo)

    copy_repository(repository, ("en", "ja"))
    seen = kept()
    for name, old, new, rule in (
        (SETTING, "site_name: ", "site_name: Recommended ", "typed-standing"),
        (CURL, "{%", "# rock solid\n{%", "typed-standing"),
        ("overrides/404.html", "</p>", " All green.</p>", "typed-standing"),
        ("docs/ja.po", 'msgstr "OpenAI Images', 'msgstr "rock solid', "typed-standing"),
        ("status.yml", "cause: >-\n", "cause: >-\n      It is rock solid now.\n", "typed-standing"),
        (PYTHON, "    items =", "    x = 'nano-banana'\n    items =", "typed-in-template"),
        (PYTHON, "    items =", "    {{ nothing }}\n    items =", "bad-template"),
    ):
        text = (repository / name).read_text("utf-8")
        assert old in text
        (repository / name).write_text(text.replace(old, new, 1), "utf-8")
        before, seen = seen, kept()
        assert rule in {one.rule for one in {*seen}.difference(before)}, name
        assert seen == found(), name
    for module in ("outside_pages.check_text", "status_translations.check_text"):
        monkeypatch.setattr(f"trueup.check.{module}", None)
    monkeypatch.setattr("trueup.snippet.render_snippet", None)
    assert kept() == seen
