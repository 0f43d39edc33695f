"""A draft from pages: what comes back of routes, models, endpoints and dated rows, and what not."""

import dataclasses
import time
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from audit_trees import DAY as WRITTEN
from audit_trees import commit_on, replaced, write_files
from command import trueup
from conftest import TOP, copy_repository, load_docs
from sharing import unmeasured
from test_scaffold import INDEXED

from trueup.draft import Draft, draft_files, draft_pages
from trueup.draft.page_claims import outcome_of
from trueup.errors import BadInput
from trueup.evidence import assess
from trueup.model import Observation, Route, Status
from trueup.scaffold import write_site

TODAY = date(2026, 5, 2)
CURL = """\
```bash
curl https://api.harbour.example{path} \\
  -H "Authorization: Bearer $KEY" \\
  -d '{body}'
```
"""
CHAT = CURL.format(
    path="/v1/chat/completions",
    body='{"model": "boat-1", "messages": [{"role": "user", "content": "ping"}]}',
)
IMAGE = CURL.format(path="/v1/images/generations", body='{"model": "boat-2", "prompt": "a boat"}')
MKDOCS = {
    "mkdocs.yml": "site_name: Harbour\n",
    "docs/chat.md": f"# Chat\n\n{CHAT}\nVerified on 2026-03-23: `boat-1` returned a message.\n",
    "docs/image.md": f"# Images\n\n{IMAGE}",
    "docs/status.md": (
        "# Status\n\n| Model | Route | State | Checked |\n| --- | --- | --- | --- |\n"
        "| `boat-1` | `POST /v1/chat/completions` | ✅ | 2026-03-24 |\n"
        "| `boat-2` | images | fails | 2026-03-24 |\n"
        "| `boat-3` | `POST /v1/chat/completions` | works | 2026-03-24 |\n"
        "| `boat-2` | images | slow | 2026-03-23 |\n\n"
        "As of 2026-03-22:\n\n- `boat-2` works\n- `boat-1` does not work\n"
    ),
}


def drafted(top: Path, files: dict[str, str]) -> Draft:
    return draft_pages(commit_on(top, WRITTEN, files), TODAY)


def rows(found: Draft) -> list[str]:
    return [f"{row.at} {row.endpoint} {row.outcome}" for _, row in found.rows]


def notes(found: Draft, top: Path) -> list[str]:
    return [str(one).replace(f"{top}/", "") for one in found.notes]


def test_a_tree_of_mkdocs_gives_a_site_with_its_routes_and_rows(tmp_path: Path) -> None:
    found = drafted(tmp_path / "docs", MKDOCS)
    assert [one.route.request for one in found.routes] == [
        "POST /v1/chat/completions",
        "POST /v1/images/generations",
    ]
    assert {one.route.protocol for one in found.routes} == {"openai-chat", "openai-images"}
    assert found.base_url == "https://api.harbour.example" and [*found.models] == [
        "boat-1",
        "boat-2",
    ]
    assert found.endpoints["boat-2/images-generations"].body == {"prompt": "a boat"}
    assert rows(found) == [
        "2026-03-22 boat-2/images-generations output",
        "2026-03-22 boat-1/chat-completions error",
        "2026-03-23 boat-1/chat-completions output",
        "2026-03-24 boat-1/chat-completions output",
        "2026-03-24 boat-2/images-generations error",
    ]
    words, first = found.rows[1]
    assert words == "docs/status.md:13: - `boat-1` does not work"
    assert first.source is not None and first.source.reported == "docs/status.md:13"
    assert first.sent.body == {"*": None} and not first.can_raise
    write_site(tmp_path / "site", draft_files(found, INDEXED))
    docs = load_docs(tmp_path / "site")
    assert docs.check() == []
    docs.build()
    assert docs.stored.status.observations[1] == first
    standings = {name: one.standing for name, one in assess(docs.stored.status).items()}
    # What was sent with a good row is not known, so that it raises nothing.
    assert standings == dict.fromkeys(found.endpoints, "not-recommended")


def test_what_is_no_certain_row_is_listed(tmp_path: Path) -> None:
    listed = notes(drafted(tmp_path, MKDOCS), tmp_path)
    assert [one.partition(" Write")[0] for one in listed if "2026-03-2" in one] == [
        "docs/status.md:7: the claim of 2026-03-24 is no row: it may be about 0 endpoints."
    ]


MDX = """\
import Tabs from "@theme/Tabs";

# Native

<Tabs>

```bash title="curl"
curl "https://api.harbour.example/v1beta/models/gem-1-image:generateContent?key=$KEY" \\
  -H "X-Version: 3" -d '{{"contents": [{{"parts": [{{"text": "a"}}]}}], "n": "$N"}}'
curl https://other.example/v1/rates
curl https://api.harbour.example/v1/tasks/$TASK_ID
curl https://api.harbour.example/v1/rerank -d '{{"model": "rank-1", ...}}'
curl https://api.harbour.example/v1/models -H "x-api-key: $KEY"
curl https://api.harbour.example/v1/audio/transcriptions -F model=ear-1 -F file=@talk.wav -u a:b
```

</Tabs>

{claim}
"""


def test_a_tree_of_mdx_gives_what_its_calls_say(tmp_path: Path) -> None:
    claim = "`gem` → `gem-1-image`\n\nOn 2026-03-23 `gem` returned an image."
    found = drafted(tmp_path, {"docs/native.mdx": MDX.format(claim=claim)})
    routes = {one.name: one.route for one in found.routes}
    assert {name: one.request for name, one in routes.items()} == {
        "generate-content": "POST /v1beta/models/{upstream}:generateContent",
        "models": "GET /v1/models",
        "audio-transcriptions": "POST /v1/audio/transcriptions",
    }
    assert [one.auth for one in routes.values()] == [
        *("query key", "header x-api-key", "header authorization Basic"),
    ]
    assert routes["generate-content"].headers == {"x-version": "3"}
    assert found.models["gem"].upstream == "gem-1-image"
    assert rows(found) == ["2026-03-23 gem/generate-content output"]
    assert [name for name, one in found.endpoints.items() if one.skip] == [
        *("gem/generate-content", "ear-1/audio-transcriptions"),
    ]
    text = "\n".join(notes(found, tmp_path))
    for problem in (
        "docs/native.mdx:10: left out: 1 calls of https://other.example",
        "docs/native.mdx:11: left out: the reader fills in a part of /v1/tasks/$TASK_ID",
        "docs/native.mdx:12: left out: no block has a whole body for POST /v1/rerank",
        "docs/native.mdx:8: the block has no value for 'n'",
    ):
        assert problem in text


@pytest.mark.parametrize(
    ("option", "auth"),
    [
        ("-H'Authorization: Bearer $KEY'", "bearer"),
        ("--header='X-API-Key: $KEY'", "header x-api-key"),
        ("--header 'X-API-Key: $KEY'", "header x-api-key"),
        ("-uboat:$KEY", "header authorization Basic"),
        ("--user=boat:$KEY", "header authorization Basic"),
    ],
)
def test_a_key_is_read_in_every_form_of_an_option(option: str, auth: str, tmp_path: Path) -> None:
    found = drafted(tmp_path, {"a.md": CHAT.replace('-H "Authorization: Bearer $KEY"', option)})
    assert [one.route.auth for one in found.routes] == [auth]


@pytest.mark.parametrize(
    ("base_url", "requests"),
    [
        ("https://other.example", ["GET /v1/rates"]),
        ("https://new.example", ["POST /v1/chat/completions"]),
    ],
)
def test_a_base_url_chooses_a_host_of_the_pages_or_replaces_the_usual_one(
    base_url: str, requests: list[str], tmp_path: Path
) -> None:
    rates = "```bash\ncurl https://other.example/v1/rates\n```\n"
    write_files(tmp_path, {"a.md": f"{CHAT}\n{CHAT}\n{rates}"})
    found = draft_pages(tmp_path, TODAY, base_url)
    assert [one.route.request for one in found.routes] == requests
    assert found.base_url == base_url and any("left out: " in str(one) for one in found.notes)


def test_a_claim_in_two_languages_is_one_row(tmp_path: Path) -> None:
    files = {f"docs/{name}/chat.md": MKDOCS["docs/chat.md"] for name in ("en", "ja")}
    found = drafted(tmp_path, files)
    assert [words.partition(": ")[0] for words, _ in found.rows] == ["docs/en/chat.md:9"]


REWRITTEN = {
    "another name": ("boat-1", "boat-2"),
    "another outcome": ("`boat-1` returned a message", "`boat-1` fails"),
}


@pytest.mark.parametrize("name", REWRITTEN)
def test_a_claim_that_was_rewritten_after_its_date_is_no_row(name: str, tmp_path: Path) -> None:
    files = {"docs/chat.md": MKDOCS["docs/chat.md"], "docs/image.md": CHAT.replace("-1", "-2")}
    new = replaced(files, *REWRITTEN[name])
    new["docs/old.md"] = CHAT
    found = draft_pages(commit_on(commit_on(tmp_path, WRITTEN, files), "2026-04-14", new), TODAY)
    assert found.rows == []
    (note,) = (one for one in notes(found, tmp_path) if "rewritten" in one)
    assert note.startswith("docs/chat.md:9: left out: the line was rewritten after its date")
    forced = draft_pages(tmp_path, TODAY, despite_rewritten=True)
    assert rows(forced) == ["2026-03-23 boat-1/chat-completions output"]
    assert "`boat-1` returned a message" in forced.rows[0][0]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("it works", "output"),
        ("it works, no longer fails", None),
        ("it does not work", "error"),
        ("it no longer works", None),
        ("returned HTTP 502", "error"),
        ("returned an error", "error"),
        ("returned a server error", "error"),
        ("returned output, where links failed", None),
        ("refused: HTTP 401 without a key", None),
        ("works on staging", None),
        ("works in production and on staging", "output"),
        ("`works` is a field", None),
        ("可用", "output"),
        ("不可用", "error"),
        ("❌", "error"),
    ],
)
def test_a_word_of_status_is_read_only_where_it_is_plain(text: str, outcome: str | None) -> None:
    assert outcome_of(text) == outcome


def test_pages_without_anything_are_refused(tmp_path: Path) -> None:
    for text, problem in (
        ("# A\n", "no call of an API in 1 pages"),
        ("```bash\ncurl $BASE/v1/models\n```\n", "no call has an https host. Give --base-url"),
        (CHAT.replace("}'", ", ...}'"), "no route can be drafted"),
    ):
        write_files(tmp_path, {"docs/a.md": text})
        done = trueup(
            tmp_path, "init", str(tmp_path / "new"), "--from-pages", str(tmp_path / "docs")
        )
        assert done.returncode == 2 and problem in done.stderr
        assert not (tmp_path / "new").exists()
    with pytest.raises(BadInput, match="no such folder"):
        draft_pages(tmp_path / "no", TODAY)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> tuple[Status, Draft]:
    """The record of this repository, and the draft from the Markdown of the pages made from it."""
    top = copy_repository(tmp_path_factory.mktemp("record"))
    docs = dataclasses.replace(load_docs(top), today=date(2026, 4, 14))
    with unmeasured():
        docs.build()
    pages = {file.name: file.read_text("utf-8") for file in docs.site.glob("*.md")}
    scratch = commit_on(tmp_path_factory.mktemp("pages"), "2026-04-14", pages)
    return docs.stored.status, draft_pages(scratch, date(2026, 4, 14))


def endpoints_of(routes: Mapping[str, Route], names: Iterable[str]) -> set[tuple[str, str]]:
    """Return endpoints as model and request, since a draft has its own names of routes."""
    pairs = (name.rpartition("/") for name in names)
    return {(model, routes[route].request) for model, _, route in pairs}


def rows_of(
    routes: Mapping[str, Route], rows: Iterable[Observation]
) -> set[tuple[date, str, str, str]]:
    return {
        (row.day, *one, row.outcome)
        for row in rows
        for one in endpoints_of(routes, [row.endpoint])
        if row.target == "production" and row.outcome in ("output", "error")
    }


def test_the_published_pages_give_the_record_back(record: tuple[Status, Draft]) -> None:
    status, found = record
    routes = {one.name: one.route for one in found.routes}
    pairs: dict[str, tuple[set[Any], set[Any]]] = {
        "routes": (
            {(one.request, one.protocol, one.auth) for one in status.routes.values()},
            {(one.request, one.protocol, one.auth) for one in routes.values()},
        ),
        "models": (
            {(name, one.upstream) for name, one in status.models.items()},
            {(name, one.upstream) for name, one in found.models.items()},
        ),
        "endpoints": (
            endpoints_of(status.routes, status.endpoints),
            endpoints_of(routes, found.endpoints),
        ),
        "rows": (
            rows_of(status.routes, status.observations),
            rows_of(routes, [row for _, row in found.rows]),
        ),
    }
    # Of each: how many come back, of how many, and how many came that the record does not have.
    counts = {name: (len(a & b), len(a), len(b - a)) for name, (a, b) in pairs.items()}
    assert counts == {
        "routes": (2, 2, 0),
        "models": (4, 4, 0),
        "endpoints": (7, 7, 0),
        "rows": (6, 6, 0),
    }


@pytest.mark.long
@pytest.mark.parametrize(
    "unit", ["a-1 works on 2026-03-23 ", "not works ", "curl -d ' ", "a-", "`a` → `b` ", "-F a=@b "]
)
def test_pages_of_one_endless_thing_end_in_time(unit: str, tmp_path: Path) -> None:
    line = f"On 2026-03-23 {unit * (3_800 // len(unit))}"
    blocks = "\n".join(["```bash", *[f"curl https://a.b/v1/x {line}"] * 20, "```"])
    write_files(tmp_path, {"a.md": "\n\n".join([MKDOCS["docs/chat.md"], *[line] * 60, blocks])})
    start = time.process_time()
    assert draft_pages(tmp_path, TODAY, "https://api.harbour.example").routes
    assert time.process_time() - start < 6


def test_init_writes_the_site_of_pages_and_lists_the_notes(tmp_path: Path) -> None:
    commit_on(tmp_path / "old", WRITTEN, MKDOCS)
    command = ("init", str(tmp_path / "new"), "--from-pages", str(tmp_path / "old"))
    done = trueup(TOP, *command, "--base-url", "https://eu.harbour.example")
    assert done.returncode == 0
    assert "2 routes, 2 endpoints (0 to be filled in), 2 models, 5 rows." in done.stdout
    assert trueup(tmp_path / "new", "check").returncode == 0
    other = ("--from-openapi", "a.yaml"), ("--model", "x"), ("--only", "/v1")
    for words in other:
        done = trueup(TOP, "init", str(tmp_path / "b"), *command[2:], *words)
        assert done.returncode == 2 and words[0].removesuffix("-openapi") in done.stderr
    done = trueup(TOP, "init", str(tmp_path / "b"), "--despite-rewritten")
    assert done.returncode == 2 and "is for --from-pages" in done.stderr
