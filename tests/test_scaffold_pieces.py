"""The pieces that are added to a site: what is there stays, and check names what is left."""

import os
import shutil
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import yaml
from conftest import TOP, copy_repository, load_docs
from hypothesis import given
from strategies import hostile
from test_scaffold import DAY, INDEXED, proved

from trueup import protocols
from trueup.cli import main
from trueup.errors import BadInput
from trueup.protocols import PROTOCOLS, Picture, Registry
from trueup.scaffold import (
    SiteAnswers,
    model_of,
    new_language,
    new_model,
    new_protocol,
    new_route,
    route_of,
    write_addition,
    write_starter,
)
from trueup.scaffold.repository import render_file
from trueup.scaffold.settings import site_names, with_language
from trueup.site import note_translation

NOW = datetime.now(UTC)
FIRST = "example-image-1"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write_starter(tmp_path / "site", SiteAnswers(day=DAY), INDEXED)
    return tmp_path / "site"


def is_kept(old: str, new: str) -> bool:
    """Whether every line of the old text is in the new one, in the same order."""
    lines = iter(new.splitlines(keepends=True))
    return all(line in lines for line in old.splitlines(keepends=True))


def files(top: Path) -> dict[str, bytes]:
    return {
        file.relative_to(top).as_posix(): file.read_bytes()
        for file in top.rglob("*")
        if file.is_file()
    }


def add_model(top: Path, name: str, *routes: str, family: str | None = None) -> None:
    fields = model_of(name, family=family)
    write_addition(top, new_model(load_docs(top), NOW, name, routes, fields))


def add_route(top: Path, name: str, *models: str) -> None:
    route = route_of("openai-images", "POST /v1/images/edits", None, "Edits")
    write_addition(top, new_route(load_docs(top), NOW, name, route, models))


def test_a_new_model_passes_and_moves_no_other_byte(site: Path) -> None:
    before = files(site)
    add_model(site, "paint-3", family="paint")
    after = files(site)
    assert {name for name in after if before.get(name) != after[name]} == {
        "status.yml",
        "mkdocs.yml",
        "docs/en/paint-3.md",
    }
    for name in ("status.yml", "mkdocs.yml"):
        assert is_kept(before[name].decode(), after[name].decode())
    assert b"      - example-image-1.md\n      - paint-3.md\n" in after["mkdocs.yml"]
    status = load_docs(site).stored.status
    assert status.models["paint-3"].title == "Paint 3"
    assert status.endpoints["paint-3/images-generations"].body["prompt"]
    assert proved(site) == ("found 3, run 3, passed 3, failed 0, skipped 0", [])
    page = (site / "site" / "paint-3" / "index.html").read_text(encoding="utf-8")
    assert "unverified" in page and "YOUR_API_KEY" not in page


def test_a_new_model_of_a_site_in_four_languages_leaves_three_translations(
    tmp_path: Path,
) -> None:
    top = copy_repository(tmp_path, is_whole=True)
    add_model(top, "paint-3", "images-generations")
    found = load_docs(top).check()
    assert [(finding.rule, finding.where) for finding in found] == [
        ("missing-page", str(top / "docs" / language / "paint-3.md"))
        for language in ("ja", "ru", "zh")
    ]
    for name in ("mkdocs.yml", "mkdocs.ja.yml", "mkdocs.ru.yml", "mkdocs.zh.yml"):
        old, new = ((where / name).read_text(encoding="utf-8") for where in (TOP, top))
        line = "      - gemini-image-generation.md\n"
        assert new == old.replace(line, f"{line}      - paint-3.md\n")


def test_a_new_route_comes_with_endpoints_and_calls(site: Path) -> None:
    add_route(site, "edits", FIRST)
    status = load_docs(site).stored.status
    assert status.title_of("edits") == "Edits"
    assert status.endpoints[f"{FIRST}/edits"] == status.endpoints[f"{FIRST}/images-generations"]
    calls = [f'{{{{ route("{FIRST}/{route}") }}}}' for route in ("images-generations", "edits")]
    page = (site / "docs" / "en" / f"{FIRST}.md").read_text(encoding="utf-8")
    assert f"{calls[0]}\n\n{calls[1]}\n\n## History" in page
    assert proved(site) == ("found 3, run 3, passed 3, failed 0, skipped 0", [])


def test_a_model_on_several_routes_says_which(site: Path) -> None:
    add_route(site, "edits")
    with pytest.raises(BadInput, match="--route: not given; one or more of .* was expected"):
        add_model(site, "paint-3")
    with pytest.raises(BadInput, match="--route edit: not known"):
        add_model(site, "paint-3", "edit")
    add_model(site, "paint-3", "edits", "images-generations")
    assert load_docs(site).check() == []


def test_a_route_added_in_one_language_is_missed_in_the_others(tmp_path: Path) -> None:
    top = copy_repository(tmp_path, is_whole=True)
    add_route(top, "edits", "nano-banana")
    found = [
        (finding.rule, Path(finding.where).parent.name)
        for finding in load_docs(top).check()
        if finding.severity == "error"
    ]
    assert found == [("other-parts", language) for language in ("ja", "ru", "zh")]


def test_a_new_language_is_a_finding_until_it_is_translated(site: Path) -> None:
    write_addition(site, new_language(load_docs(site), "ja"))
    docs = load_docs(site)
    assert docs.languages == ("en", "ja")
    found = docs.check()
    errors = [finding for finding in found if finding.severity == "error"]
    assert [finding.rule for finding in errors] == ["no-notes"]
    assert {finding.rule for finding in found} == {"no-notes", "untranslated-text"}
    settings = yaml.load((site / "mkdocs.yml").read_bytes(), yaml.BaseLoader)
    assert settings["extra"]["alternate"] == [
        {"name": "English", "link": ".", "lang": "en"},
        {"name": "日本語", "link": "ja/", "lang": "ja"},
    ]
    write_addition(site, new_language(docs, "ru"))
    settings = yaml.load((site / "mkdocs.yml").read_bytes(), yaml.BaseLoader)
    assert settings["extra"]["alternate"][2]["name"] == "Русский"
    for language in ("ja", "ru"):
        catalogue = site / "docs" / f"{language}.po"
        text = catalogue.read_text(encoding="utf-8")
        catalogue.write_text(text.replace('msgstr ""', 'msgstr "…"'), encoding="utf-8")
        note_translation(site / "docs", language, load_docs(site).pages)
    told, findings = proved(site)
    assert (told, findings) == ("found 3, run 3, passed 3, failed 0, skipped 0", [])
    page = (site / "site" / "ja" / "index.html").read_text(encoding="utf-8")
    assert 'lang="ja"' in page and 'hreflang="ru"' in page


def test_a_language_that_trueup_does_not_speak_is_refused(site: Path) -> None:
    for language, message in (
        ("xx", "no catalogue"),
        ("en", "there already"),
        ("../x", "code such as ja"),
    ):
        with pytest.raises(BadInput, match=message):
            new_language(load_docs(site), language)


@pytest.fixture
def own(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A site with a protocol of its own, installed where this process and MkDocs look."""
    write_addition(site, new_protocol(site, "picture-jobs"))
    package = site / "protocols" / "picture-jobs"
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (entries,) = project["entry-points"].items()
    lines = [f"[{entries[0]}]", *(f"{name} = {value}" for name, value in entries[1].items())]
    for name, text in {
        "METADATA": f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n",
        "entry_points.txt": "\n".join(lines),
    }.items():
        file = package / "trueup_protocol_picture_jobs-0.1.0.dist-info" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(package)
    monkeypatch.setenv("PYTHONPATH", str(package))
    PROTOCOLS.__dict__.pop("_all", None)
    yield site
    PROTOCOLS.__dict__.pop("_all", None)


def test_a_protocol_of_the_site_s_own_runs_its_blocks(own: Path) -> None:
    assert load_docs(own).check() == []
    route = route_of("picture-jobs", "POST /v1/jobs", "bearer", None)
    write_addition(own, new_route(load_docs(own), NOW, "jobs", route, [FIRST]))
    assert load_docs(own).check() == []
    seen = f"""  - at: {DAY}
    endpoint: {FIRST}/jobs
    target: production
    sent:
      base_url: {SiteAnswers.base_url}
      request: POST /v1/jobs
      auth: bearer
      body: {{model: {FIRST}, prompt: null}}
    outcome: output
    shape: b64-json
    source: {{reported: a test}}
"""
    with (own / "status.yml").open("a", encoding="utf-8") as file:
        file.write(seen)
    told, findings = proved(own)
    assert told == "found 6, run 6, passed 6, failed 0, skipped 0"
    assert [finding.rule for finding in findings] == ["uncounted-blocks"]
    template = own / "snippets" / "picture-jobs" / "python.py.j2"
    template.write_text(template.read_text().replace('reply["image"]', 'reply["picture"]'))
    assert "failed-block" in {finding.rule for finding in proved(own)[1]}


def test_a_skeleton_of_a_protocol_finds_what_it_words(own: Path) -> None:
    protocol = PROTOCOLS["picture-jobs"]
    picture = Picture(b"picture", "image/png", "https://example.com/a.png")
    for shape in protocol.shapes:
        assert protocol.find_image(protocol.word(shape, picture, "m")).content == b"picture"
    assert protocol.find_image({}).error == "no image in the reply"
    assert protocol.without_prompt({"prompt": "a", "n": 1}) == {"prompt": None, "n": 1}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("gemini", "trueup.protocols.gemini:Gemini", "a name that is taken; another name"),
        ("mine", "no.such.module:Mine", "ModuleNotFoundError.*; a class that can be made"),
        ("mine", "trueup.protocols:Picture", "TypeError.*; a class that can be made"),
        ("mine", "trueup.protocols:Reply", "a Reply; a trueup.protocols.Protocol was expected"),
    ],
)
def test_a_broken_protocol_is_told_once_one_is_asked_for(
    name: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry({"gemini": PROTOCOLS["gemini"]})
    entry = EntryPoint(name, value, protocols.GROUP)
    monkeypatch.setattr(protocols, "entry_points", lambda group: [entry])
    for _ in range(2):
        with pytest.raises(BadInput, match=f"^protocol {name} .*{message}"):
            len(registry)


def test_a_route_of_a_protocol_says_its_request() -> None:
    with pytest.raises(BadInput, match=r"--protocol nope: not known.*then run scripts/setup"):
        route_of("nope", None, None, None)
    known = route_of("gemini", None, None, None)
    assert known.request.endswith(":generateContent") and known.auth.documented == "x-goog-api-key"


def test_a_name_that_is_taken_is_refused_and_nothing_changes(site: Path) -> None:
    add_route(site, "edits")
    before = files(site)
    with pytest.raises(BadInput, match="already"):
        add_model(site, FIRST, "edits")
    with pytest.raises(BadInput, match="already"):
        add_route(site, "edits")
    with pytest.raises(BadInput, match="already"):
        new_protocol(site, "gemini")
    with pytest.raises(BadInput, match="has another form"):
        add_model(site, "../x", "edits")
    with pytest.raises(BadInput, match="has another form"):
        add_route(site, "A b")
    bad = route_of("openai-images", "GENERATE images", None, None)
    with pytest.raises(BadInput, match="a method and a path"):
        new_route(load_docs(site), NOW, "bad", bad, [])
    assert files(site) == before


def test_a_piece_that_cannot_be_written_leaves_all_as_it_was(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = new_language(load_docs(site), "ja")
    before = files(site)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(BadInput, match="Nothing was changed"):
        patch.setattr("trueup.scaffold.addition.write_whole", full)
        write_addition(site, made)
    assert files(site) == before and not (site / "docs" / "ja").exists()
    made = new_model(load_docs(site), NOW, "paint-3", (), model_of("paint-3"))
    (site / "status.yml").write_text(before["status.yml"].decode() + "# by another\n")
    changed = files(site)
    with pytest.raises(BadInput, match="it changed on disk"):
        write_addition(site, made)
    assert files(site) == changed
    (site / "docs" / "en" / "paint-3.md").write_text("# mine\n")
    with pytest.raises(BadInput, match="it is there already; a new file was expected"):
        write_addition(site, made)
    shutil.rmtree(site)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("site_name: x\nnav: [index.md]\n", "one a line under nav"),
        ("site_name: x\n", None),
        ("- a\n", "no mapping"),
        ("site_name: 'x\n", "settings in YAML were expected"),
    ],
)
def test_settings_without_a_plain_menu_are_left_to_a_person(
    settings: str, message: str | None, site: Path
) -> None:
    (site / "mkdocs.yml").write_text(settings)
    docs = load_docs(site)
    if message is None:
        assert new_model(docs, NOW, "p", (), model_of("p")).changed == {}
        return
    with pytest.raises(BadInput, match=message):
        new_model(docs, NOW, "p", (), model_of("p"))


@pytest.mark.parametrize("extra", ["extra: {scope: /}", "extra:\n  alternate: [{name: x}]"])
def test_a_choice_of_languages_in_braces_is_left_to_a_person(extra: str, site: Path) -> None:
    (site / "mkdocs.yml").write_text(f"site_name: x\n{extra}\n")
    with pytest.raises(BadInput, match="Write the line by hand"):
        new_language(load_docs(site), "ja")


def test_settings_without_extras_get_a_choice_of_languages(site: Path) -> None:
    (site / "mkdocs.yml").write_text("site_name: x")
    made = new_language(load_docs(site), "ja").changed["mkdocs.yml"]
    assert made.startswith("site_name: x\n\nextra:\n  alternate:\n") and os.linesep == "\n"
    assert len(yaml.safe_load(made)["extra"]["alternate"]) == 2


@given(name=hostile, description=hostile)
def test_the_names_of_a_site_are_read_back_from_the_settings_of_a_language(
    tmp_path_factory: pytest.TempPathFactory, name: str, description: str
) -> None:
    file = tmp_path_factory.getbasetemp() / "mkdocs.ja.yml"
    values = {"language": "ja", "name": name, "description": description}
    file.write_bytes(render_file("mkdocs.LANG.yml", values).encode())
    assert site_names(file) == (name, description)


def test_a_code_that_yaml_reads_as_a_word_is_quoted(tmp_path: Path) -> None:
    file = tmp_path / "mkdocs.yml"
    file.write_text("site_name: x\n")
    choice = yaml.safe_load(with_language(file, "no", "Norsk", ("en", "English")))["extra"]
    values = {"language": "no", "name": "x", "description": "y"}
    settings = yaml.safe_load(render_file("mkdocs.LANG.yml", values))
    assert choice["alternate"][1] == {"name": "Norsk", "link": "no/", "lang": "no"}
    assert (settings["theme"]["language"], settings["docs_dir"]) == ("no", "docs/no")


def test_line_ends_of_another_system_stay_as_they_are(site: Path) -> None:
    page = f"docs/en/{FIRST}.md"
    for name in ("mkdocs.yml", "status.yml", page):
        content = (site / name).read_bytes().replace(b"\n", b"\r\n")
        (site / name).write_bytes(content)
    add_model(site, "paint-3", "images-generations")
    add_route(site, "images-edits", FIRST)
    for name in ("mkdocs.yml", "status.yml", page):
        content = (site / name).read_bytes()
        assert content.count(b"\n") == content.count(b"\r\n")
    assert b'\r\n{{ route("example-image-1/images-edits") }}\r\n' in (site / page).read_bytes()


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    """The exit code of a command and what it printed."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    printed = capsys.readouterr()
    return end.value.code, printed.out, printed.err


def test_the_commands_say_what_they_wrote_and_what_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    top = str(tmp_path / "site")
    code, out, err = told(capsys, "init", top)
    assert code == 0 and "a sample that is to be replaced" in out
    assert "is on this machine alone" in err  # the tests run from a checkout
    assert told(capsys, "init", top)[0] == 2
    for arguments, line in (
        (("model", "paint-3"), "retest --endpoint 'paint-3/*' --max-calls 2 --write"),
        (("route", "edits", "--model", FIRST), "look at the body of each new endpoint"),
        (("language", "ja"), "trueup translated ja"),
        (("protocol", "picture-jobs"), "install it: scripts/setup"),
    ):
        code, out, err = told(capsys, "--top", top, "new", *arguments)
        assert (code, err) == (0, "")
        files, todo = out.split("What is left to do:\n")
        assert line in todo and all((tmp_path / "site" / name).is_file() for name in files.split())
        code, _, err = told(capsys, "--top", top, "new", *arguments)
        assert code == 2 and "already" in err
