"""Blocks that follow a link to the target itself, and the calls that this counts as."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from browsing import some
from conftest import TOP
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from trueup.mock import draw_picture, serving
from trueup.relay import Budget
from trueup.sandbox import Containment
from trueup.site import Block
from trueup.snippet import render_snippet
from trueup.status_file import Stored, parse_status
from trueup.verify.judge import verify_block
from trueup.verify.run import open_relay

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
ENDPOINT = "acorn/images"
KEY = "sk-only-the-relay-knows-this-key"
TEXT = """\
version: 2
policy: {{reported_until: 2026-05-01}}
targets:
  production: {{base_url: https://api.example.com, reference: true, ledger: new-api}}
  local: {{base_url: {url}}}
routes:
  images:
    request: POST /v1/images/generations
    protocol: openai-images
    auth: bearer
models: {{acorn: {{title: Acorn}}}}
endpoints: {{acorn/images: {{body: {{prompt: A cube}}}}}}
observations:
  - at: 2026-05-01
    endpoint: acorn/images
    target: production
    sent:
      base_url: https://api.example.com
      request: POST /v1/images/generations
      auth: bearer
      body: {{model: acorn, prompt: A cube}}
    outcome: output
    shape: url
    source: {{reported: a page}}
"""


class Linking:
    """A gateway whose images are behind links to itself."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        self.keys.append(headers.get(b"authorization", b"").decode())
        reply: Response = JSONResponse({"data": [{"url": f"{self.url}/files/a.png"}]})
        if scope["method"] == "GET":
            reply = Response(draw_picture("acorn", "image/png"), media_type="image/png")
        await reply(scope, receive, send)


def block_of(stored: Stored, language: str) -> Block:
    snippet = render_snippet(stored.status, ENDPOINT, language, TOP / "snippets")
    return Block("index.html", 1, snippet.language.fence, snippet.text, language, ENDPOINT)


CASES: Sequence[tuple[str, str, Containment, str | None]] = (
    ("local", "python", "namespace", None),
    ("local", "javascript", "namespace", None),
    ("production", "python", "namespace", None),
    ("local", "python", "none", "the image is at 127.0.0.1:"),
)


@pytest.mark.parametrize(("target", "language", "containment", "reason"), some(CASES, *CASES[1:]))
def test_a_link_to_the_target_itself_is_served_to_the_block(
    target: str, language: str, containment: Containment, reason: str | None
) -> None:
    linking, budget = Linking(), Budget(1)
    with serving(linking) as url:
        stored = parse_status(TEXT.format(url=url), "status.yml", NOW)
        linking.url = url if target == "local" else "https://api.example.com"
        with open_relay(stored, target, KEY, None, containment, budget=budget, to=url) as harness:
            found = verify_block(block_of(stored, language), (), stored, harness, NOW.date())
    assert (found.passed, found.reasons) == (reason is None, ())
    assert (found.inconclusive or "").startswith(reason or "")
    assert budget.calls == 1
    assert linking.keys == [f"Bearer {KEY}", ""][: 1 if reason else 2]
