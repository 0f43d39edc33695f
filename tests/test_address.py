"""The address of the site: canonical links, twins in other languages, the sitemap, robots.txt."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import TOP
from lxml import etree

from trueup.cli.group import cli, load_docs
from trueup.errors import BadInput
from trueup.site import change_pages, load_outline, pages_in, parse_address, sitemap_files
from trueup.site.page_languages import TranslationLinks

LANGUAGES = ("en", "ja")
HERE = "https://example.com/docs/"
PAGES = ("index.html", "a b/index.html", "ja/index.html", "ja/a b/index.html", "only/index.html")
LINKS = "".join(
    f'<{tag} href="x" hreflang="{name}">'
    for tag in ('link rel="alternate"', "a")
    for name in LANGUAGES
)
SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for page in (*PAGES, "404.html", "ja/404.html"):
        (tmp_path / page).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / page).write_text(f"<head>{LINKS}</head>")
    return tmp_path


def links_of(site: Path, page: str, tag: str) -> dict[str, str]:
    tree = etree.HTML((site / page).read_text())
    return {link.get("hreflang"): link.get("href") for link in tree.iter(tag)}


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("", ""),
        ("https://example.com", "https://example.com/"),
        ("https://example.com/a/b", "https://example.com/a/b/"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/"),
    ],
)
def test_an_address_ends_with_a_slash(given: str, address: str) -> None:
    assert parse_address(given) == address


@pytest.mark.parametrize(
    "given",
    ["example.com", "/docs/", "ftp://example.com/", "https:///x", "https://a/?q=1", "https://a/#b",
     "https://a@b/", 'https://a/"><script>', "https://a/\n", " https://a/", "javascript:alert(1)"],
)  # fmt: skip
def test_an_invalid_address_is_refused(given: str) -> None:
    with pytest.raises(BadInput, match="^SITE_URL: got .*, expected an absolute"):
        parse_address(given)


def test_an_invalid_address_is_refused_before_anything_is_built() -> None:
    done = CliRunner().invoke(cli, ["--top", str(TOP), "build"], env={"SITE_URL": "/docs/"})
    assert isinstance(done.exception, BadInput)


def test_the_address_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for given, address in (("https://example.com/docs", HERE), ("", "")):
        monkeypatch.setenv("SITE_URL", given)
        assert load_docs(TOP, None).published_at == address


def test_with_an_address_twins_are_absolute_and_the_switch_stays_relative(site: Path) -> None:
    change_pages(site, TranslationLinks(pages_in(site), LANGUAGES, HERE))
    twins = {
        "en": f"{HERE}a%20b/",
        "x-default": f"{HERE}a%20b/",
        "ja": f"{HERE}ja/a%20b/",
    }
    for page in ("a b/index.html", "ja/a b/index.html"):
        assert links_of(site, page, "link") == twins
    assert links_of(site, "a b/index.html", "a") == {"en": "../a%20b/", "ja": "../ja/a%20b/"}
    assert links_of(site, "index.html", "a") == {"en": "./", "ja": "ja/"}


def test_without_an_address_twins_are_relative_and_none_is_the_default(site: Path) -> None:
    change_pages(site, TranslationLinks(pages_in(site), LANGUAGES))
    for tag in ("link", "a"):
        assert links_of(site, "ja/index.html", tag) == {"en": "../", "ja": "../ja/"}


def test_a_page_without_a_twin_names_none_but_the_switch_leads_on(site: Path) -> None:
    change_pages(site, TranslationLinks(pages_in(site), LANGUAGES, HERE))
    assert set(links_of(site, "only/index.html", "link")) == {"en", "x-default"}
    assert links_of(site, "only/index.html", "a")["ja"] == "../ja/"


@pytest.mark.parametrize(("address", "root"), [(HERE, "/docs/"), ("", "/")])
def test_a_page_that_was_not_found_links_from_the_host(site: Path, address: str, root: str) -> None:
    change_pages(site, TranslationLinks(pages_in(site), LANGUAGES, address))
    for page in ("404.html", "ja/404.html"):
        assert links_of(site, page, "link") == {}
        assert links_of(site, page, "a") == {"en": root, "ja": f"{root}ja/"}


def test_the_sitemap_names_every_page_with_its_twins(site: Path) -> None:
    files = sitemap_files(LANGUAGES, PAGES, HERE)
    tree = etree.fromstring(files["sitemap.xml"].encode())
    found = {}
    for url in tree.iterfind("s:url", SITEMAP):
        links = url.iterfind("x:link[@rel='alternate']", SITEMAP)
        found[url.findtext("s:loc", None, SITEMAP)] = {
            link.get("hreflang"): link.get("href") for link in links
        }
    assert len(found) == len(PAGES)
    assert found[HERE] == found[f"{HERE}ja/"]
    assert found[HERE] == {"en": HERE, "x-default": HERE, "ja": f"{HERE}ja/"}
    assert set(found[f"{HERE}only/"]) == {"en", "x-default"}
    assert f"Sitemap: {HERE}sitemap.xml\n" in files["robots.txt"]


def test_the_outline_follows_the_settings_that_it_inherits(tmp_path: Path) -> None:
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: A\nsite_url: !ENV [X, '']\nsite_description: D\nmarkdown_extensions:\n"
        "  - x: {format: !!python/name:a.b }\nnav: [a.md]\n"
    )
    (tmp_path / "mkdocs.ja.yml").write_text(
        "INHERIT: mkdocs.yml\nsite_name: B\n"
        "nav: [a.md, T: b.md, S: [c.md, U: [d.md], e.md], f.md, 'https://example.com']\n"
    )
    outline = load_outline(tmp_path, "ja")
    assert (outline.name, outline.description) == ("B", "D")
    assert [(section.title, section.sources) for section in outline.sections] == [
        (None, ("a.md", "b.md")), ("S", ("c.md",)), ("U", ("d.md",)), ("S", ("e.md",)),
        (None, ("f.md", "https://example.com")),
    ]  # fmt: skip
    assert load_outline(tmp_path, "en").sources == ("a.md",)


def test_what_the_theme_words_in_english_is_marked_on_the_pages_of_other_languages(
    site: Path,
) -> None:
    words = (
        '<h1>404 - Not found</h1><a class="headerlink" title="Permanent link">¶</a>'
        '<div class="md-copyright">Made with it</div><h1>A title</h1>'
    )
    for page in ("index.html", "ja/index.html"):
        (site / page).write_text(words)
    change_pages(site, TranslationLinks(pages_in(site), LANGUAGES))
    marks = [etree.HTML((site / page).read_text()).xpath("//*[@lang='en']") for page in PAGES[::2]]
    assert [[one.tag for one in found] for found in marks] == [[], ["h1", "a", "div"], []]
