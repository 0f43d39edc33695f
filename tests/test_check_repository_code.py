"""Code of a repository: files that a build would copy, render or run are found."""

import os
from pathlib import Path

import pytest
from conftest import TOP

from trueup.check import refuse_errors
from trueup.check.repository_code import check_repository_code
from trueup.errors import BadInput
from trueup.site import languages_in

SVG = '<svg xmlns="http://www.w3.org/2000/svg">'
FOUND = {
    "overrides/main.html": "{% block content %}{{ super() | replace('not ', '') }}",
    "overrides/partials/content.html": "x",
    "overrides/.icons/a/b.svg": "{{ config }}",
    "overrides/assets/age.js": "alert(1)",
    "overrides/assets/more.JS": "alert(1)",
    "docs/en/more.js": "alert(1)",
    "overrides/more.png": "a picture beside assets is a template",
    "overrides/assets/font.woff2": "letters of its own",
    "overrides/assets/logo.svg": f"{SVG}<script>a()</script></svg>",
    "overrides/assets/more.css": ".tu-risk { display: none !important }",
    "docs/en/more.CSS": "main { display: none }",
    "docs/en/more/more.svg": f"{SVG}<foreignObject/></svg>",
    "docs/en/more.HTML": "It is recommended.",
    "docs/en/more.xml": "<script xmlns='http://www.w3.org/1999/xhtml'>a()</script>",
    "docs/en/more.txt": "It is recommended.",
    "docs/en/robots.txt": "User-agent: *\nIt is recommended.",
    "docs/en/a/CNAME": "It is recommended.",
    "docs/en/more.json": '{"standing": "recommended"}',
    "docs/en/openapi.yaml": "openapi: 3.1.0",
    "docs/en/more.YML": "openapi: 3.1.0",
    "overrides/assets/more.csv": "nano-banana,recommended",
    "docs/en/plain": "It is recommended.",
}
FINE = {
    "docs/en/.more.js": "not published",
    "docs/more.js": "not published",
    "docs/en/CNAME": "docs.example",
    "docs/en/a/robots.txt": "# All\nUser-agent: *  # each\nAllow:\nDisallow: /status/\n\n"
    "Sitemap: https://docs.example/sitemap.xml",
    "docs/en/picture.png": "",
    "docs/en/picture.svg": f"{SVG}</svg>",
    "overrides/assets/logo.png": "",
    "docs/en/more.css": ".md-logo img { height: 2rem }",
}


def test_a_file_that_could_change_a_page_is_found_unless_the_policy_names_it(
    repository: Path,
) -> None:
    for name, text in (FOUND | FINE).items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text)
    found = check_repository_code(repository, ("en",), ())
    assert sorted(str(Path(one.where.path).relative_to(repository)) for one in found) == sorted(
        FOUND
    )
    assert {(one.rule, one.severity) for one in found} == {("changed-override", "error")}
    with pytest.raises(BadInput, match="is not of this version of Trueup"):
        refuse_errors(check_repository_code(repository, ("en",), [*FOUND][1:]))
    refuse_errors(check_repository_code(repository, ("en",), [*FOUND]))


def test_a_shipped_file_that_is_missing_or_shadowed_is_found(repository: Path) -> None:
    (repository / "overrides" / "assets" / "age.js").unlink()
    (repository / "docs" / "en" / "assets").mkdir()
    (repository / "docs" / "en" / "assets" / "trueup.css").write_text(".md-header { margin: 0 }")
    missing, shadowed = sorted(check_repository_code(repository, ("en",), ()))[::-1]
    assert missing.problem == "the file of this version of Trueup is missing"
    assert shadowed.problem == "the style lacks a part of the one of this version of Trueup"
    names = ("overrides/assets/age.js", "docs/en/assets/trueup.css")
    assert check_repository_code(repository, ("en",), names) == []


@pytest.mark.parametrize("name", ["main.py", "main", "main/__init__.py"])
def test_a_module_that_the_macros_plugin_would_load_is_found(name: str, repository: Path) -> None:
    (repository / name).parent.mkdir(exist_ok=True)
    (repository / name).mkdir() if name == "main" else (repository / name).touch()
    with pytest.raises(BadInput, match="mkdocs-macros would run this module"):
        refuse_errors(check_repository_code(repository, ("en",), ()))


def test_this_repository_has_no_code_of_its_own() -> None:
    assert check_repository_code(TOP, languages_in(TOP / "docs"), ()) == []


def test_a_link_out_and_a_pipe_are_found_once_and_stop_a_build(repository: Path) -> None:
    (repository / "docs" / "en" / "notes.csv").symlink_to("/etc/passwd")
    os.mkfifo(repository / "overrides" / "assets" / "logo.png")
    found = check_repository_code(repository, ("en",), ())
    assert {(Path(one.where.path).name, one.problem) for one in found} == {
        ("notes.csv", "a link out of the repository"),
        ("logo.png", "not a file"),
    }
    with pytest.raises(BadInput, match="a link out of the repository"):
        refuse_errors(check_repository_code(repository, ("en",), ()))
