"""The mock's refusals: every error of the gateway's tables, in its own words, shape and status."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from test_mock import (
    ASK,
    BEARER,
    IMAGES,
    KEY,
    LEGACY,
    NATIVE,
    STATUS,
    ask,
    call,
    error_of,
    images_row,
    native_row,
    post,
    status_of,
)

from trueup.exchange import Exchange
from trueup.mock import Ledger, Options, Token, Upstream, User, create_app
from trueup.model import Status

NOW = 1_776_124_800.0
CHAT = "/v1/chat/completions"
MIDDLEWARE, RELAY = ["code", "message", "type"], ["message", "type", "param", "code"]
JSON = "application/json; charset=utf-8"


def ledger_of(
    options: Options | None = None, user: Mapping[str, Any] | None = None, **token: Any
) -> Ledger:
    """One user with one token, at a time that stands still."""
    return Ledger(User(**(user or {})), [Token(KEY, **token)], options, lambda: NOW)


def google(status: int, text: str) -> Upstream:
    body = {"error": {"code": status, "message": text, "status": "INVALID_ARGUMENT"}}
    return Upstream(status, json.dumps(body).encode())


def standing_behind(upstream: Upstream, retry_times: int = 0) -> Ledger:
    return ledger_of(Options(upstreams={"m": upstream}, retry_times=retry_times))


@dataclass(frozen=True)
class Case:
    """A row of the gateway's tables: what is done, and what comes back."""

    name: str
    status: int
    text: str
    code: str | int = ""
    shape: list[str] = field(default_factory=lambda: MIDDLEWARE)
    kind: str = "new_api_error"
    ledger: Callable[[], Ledger] = ledger_of
    path: str = IMAGES
    key: str = KEY
    body: Any = field(default_factory=lambda: LEGACY)
    facts: Status = STATUS

    def ask(self, **options: Any) -> httpx.Response:
        app = create_app(self.facts, ledger=self.ledger(), **options)
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        content = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        path = f"{self.path}?key={self.key}" if self.path.startswith("/v1beta") else self.path
        return post(path, app, headers=headers, content=content)


def behind(name: str, status: int, text: str, code: str | int, kind: str, **more: Any) -> Case:
    """An error from behind the gateway, which it words itself."""
    return Case(name, status, text, code, RELAY, kind, body={"model": "m"}, **more)


NOT_SUPPORTED = status_of(images_row(signatures=["not-supported-for-image-generation"]))
BAD_STATUS = "bad_response_status_code"
NO_CHANNEL = "分组 default 下模型 {} 无可用渠道（distributor） (request id: *)"
CASES = (
    Case("missing", 401, "未提供令牌 (request id: *)", key=""),
    Case("unknown", 401, "无效的令牌 (request id: *)", key="sk-wrong"),
    Case(
        "expired by status", 401, "该令牌已过期 (request id: *)", ledger=lambda: ledger_of(status=3)
    ),
    Case(
        "expired by time",
        401,
        "该令牌已过期 (request id: *)",
        ledger=lambda: ledger_of(expired_time=int(NOW) - 1),
    ),
    Case("disabled", 401, "该令牌状态不可用 (request id: *)", ledger=lambda: ledger_of(status=2)),
    Case(
        "exhausted",
        401,
        "该令牌额度已用尽 TokenStatusExhausted[sk-YOU***KEY] (request id: *)",
        ledger=lambda: ledger_of(status=4),
    ),
    Case(
        "nothing remains",
        401,
        "[sk-YOU***KEY] 该令牌额度已用尽 !token.UnlimitedQuota && token.RemainQuota = 0"
        " (request id: *)",
        ledger=lambda: ledger_of(remain_quota=0),
    ),
    Case(
        "IP not allowed",
        403,
        "您的 IP 不在令牌允许访问的列表中 (request id: *)",
        "access_denied",
        ledger=lambda: ledger_of(allow_ips="10.0.0.0/8\n\n192.168.1.1"),
    ),
    Case(
        "user banned",
        403,
        "用户已被封禁 (request id: *)",
        ledger=lambda: ledger_of(user={"status": 2}),
    ),
    Case(
        "group not usable",
        403,
        "无权访问 vip 分组 (request id: *)",
        ledger=lambda: ledger_of(group="vip"),
    ),
    Case(
        "group gone",
        403,
        "分组 old 已被弃用 (request id: *)",
        ledger=lambda: ledger_of(Options(usable_groups=("default", "old")), group="old"),
    ),
    Case("pinning by a user", 403, "普通用户不支持指定渠道 (request id: *)", key=f"sk-{KEY}-318"),
    Case(
        "model not in whitelist",
        403,
        "该令牌无权访问模型 nano-banana (request id: *)",
        ledger=lambda: ledger_of(models=("nano-banana-2",)),
    ),
    Case(
        "no model",
        400,
        "未指定模型名称，模型名称不能为空 (request id: *)",
        path=CHAT,
        body={"messages": []},
    ),
    Case(
        "no model in the path",
        400,
        "未指定模型名称，模型名称不能为空 (request id: *)",
        path="/v1beta/models/:generateContent",
    ),
    Case(
        "bad JSON body",
        400,
        "Invalid request, 无效的请求, a JSON object was expected (request id: *)",
        body=b"{",
    ),
    Case("no channel", 503, NO_CHANNEL.format("m"), "model_not_found", body={"model": "m"}),
    Case(
        "no channel in the path",
        503,
        NO_CHANNEL.format("m"),
        "model_not_found",
        path="/v1beta/models/m:generateContent",
        body=b"no JSON",
    ),
    Case(
        "Images without a model", 503, NO_CHANNEL.format("dall-e"), "model_not_found", body={"n": 1}
    ),
    Case(
        "no channel for an edit",
        503,
        NO_CHANNEL.format("m"),
        "model_not_found",
        path="/v1/images/edits",
        body={"model": "m"},
    ),
    Case(
        "model rate limit, counted in a cache",
        429,
        "您已达到请求数限制：1分钟内最多请求0次 (request id: *)",
        ledger=lambda: ledger_of(Options(rate_limit=0, redis=True)),
    ),
    Case(
        "user balance <= 0",
        403,
        "用户额度不足, 剩余额度: ＄0.000000 (request id: *)",
        "insufficient_user_quota",
        RELAY,
        ledger=lambda: ledger_of(user={"quota": 0}),
    ),
    Case(
        "user balance < pre-consume",
        403,
        "预扣费额度失败, 用户剩余额度: ＄0.020000, 需要预扣费额度: ＄0.040000 (request id: *)",
        "insufficient_user_quota",
        RELAY,
        ledger=lambda: ledger_of(user={"quota": 10_000}),
    ),
    Case(
        "token remain < pre-consume",
        403,
        "token quota is not enough, token remain quota: ＄0.020000, need quota: ＄0.040000"
        " (request id: *)",
        "pre_consume_token_quota_failed",
        RELAY,
        ledger=lambda: ledger_of(remain_quota=10_000),
    ),
    Case(
        "validation: no contents",
        500,
        "contents is required (request id: *)",
        "invalid_request",
        RELAY,
        path=NATIVE,
        body={},
    ),
    Case(
        "validation: contents of another kind",
        500,
        "json: cannot unmarshal contents into an array (request id: *)",
        "invalid_request",
        RELAY,
        path=NATIVE,
        body={"contents": "a banana"},
    ),
    Case(
        "validation: native body that is no JSON",
        500,
        "the body is no JSON object (request id: *)",
        "invalid_request",
        RELAY,
        path=NATIVE,
        body=b"{",
    ),
    Case(
        "validation: bad field",
        500,
        "json: cannot unmarshal size into a string (request id: *)",
        "invalid_request",
        RELAY,
        body={**LEGACY, "size": 4},
    ),
    Case(
        "validation: chat without messages",
        500,
        "field messages is required (request id: *)",
        "invalid_request",
        RELAY,
        path=CHAT,
        body={"model": "m"},
        ledger=lambda: standing_behind(Upstream()),
    ),
    Case(
        "no price set",
        500,
        "模型 nano-banana 倍率或价格未配置，请联系管理员设置；"
        "Model nano-banana ratio or price not set, please contact the administrator"
        " (request id: *)",
        "model_price_error",
        RELAY,
        ledger=lambda: ledger_of(Options(prices={"nano-banana-2": 0.1})),
    ),
    Case(
        "not supported model for image generation",
        500,
        "not supported model for image generation (request id: *)",
        "convert_request_failed",
        RELAY,
        facts=NOT_SUPPORTED,
    ),
    Case(
        "a retry finds no channel",
        500,
        "分组 default 下模型 nano-banana 的可用渠道不存在（retry） (request id: *)",
        "get_channel_failed",
        RELAY,
        facts=NOT_SUPPORTED,
        ledger=lambda: ledger_of(Options(retry_times=1)),
    ),
    Case(
        "a pinned call is never retried",
        500,
        "not supported model for image generation (request id: *)",
        "convert_request_failed",
        RELAY,
        facts=NOT_SUPPORTED,
        key=f"sk-{KEY}-318",
        ledger=lambda: ledger_of(Options(retry_times=1), user={"role": 10}, models=("other",)),
    ),
    Case(
        "a Google 400 is never retried",
        400,
        'Invalid JSON payload received. Unknown name "imageOutputOptions" at'
        " 'generation_config.image_config': Cannot find field.",
        400,
        RELAY,
        "upstream_error",
        ledger=lambda: ledger_of(Options(retry_times=3)),
    ),
    behind(
        "upstream Google error",
        400,
        "Unknown name \"imageOutputOptions\" at 'generation_config.image_config'",
        400,
        "upstream_error",
        ledger=lambda: standing_behind(
            google(400, "Unknown name \"imageOutputOptions\" at 'generation_config.image_config'")
        ),
    ),
    behind(
        "upstream error with addresses in it",
        403,
        "blocked: *** of *** at *** in ***",
        403,
        "upstream_error",
        ledger=lambda: standing_behind(
            google(
                403, "blocked: https://a.example/x?key=1 of api.example.com at 10.1.2.3 in a.png"
            )
        ),
    ),
    behind(
        "upstream body not JSON",
        502,
        "openai_error",
        BAD_STATUS,
        BAD_STATUS,
        ledger=lambda: standing_behind(Upstream(502, b"<html>")),
    ),
    behind(
        "upstream body a JSON array",
        429,
        "openai_error",
        BAD_STATUS,
        BAD_STATUS,
        ledger=lambda: standing_behind(Upstream(429, b'[{"error": {"code": 429}}]')),
    ),
    behind(
        "upstream error a string",
        500,
        "no luck (request id: *)",
        BAD_STATUS,
        BAD_STATUS,
        ledger=lambda: standing_behind(Upstream(500, b'{"error": "no luck"}')),
    ),
    behind(
        "upstream message at the top",
        500,
        "no luck (request id: *)",
        BAD_STATUS,
        BAD_STATUS,
        ledger=lambda: standing_behind(Upstream(500, b'{"message": "no luck"}')),
    ),
    behind(
        "upstream does not answer",
        500,
        "upstream error: do request failed (request id: *)",
        "do_request_failed",
        "new_api_error",
        ledger=lambda: standing_behind(Upstream()),
    ),
    behind(
        "upstream 503 retried",
        500,
        "分组 default 下模型 m 的可用渠道不存在（retry） (request id: *)",
        "get_channel_failed",
        "new_api_error",
        ledger=lambda: standing_behind(Upstream(503, b"{}"), retry_times=1),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_error_of_the_tables_is_answered_in_the_gateways_words(case: Case) -> None:
    seen: list[Exchange] = []
    reply = case.ask(on_exchange=seen.append)
    request_id = reply.headers["x-oneapi-request-id"]
    error = error_of(reply)
    assert (reply.status_code, reply.headers["content-type"]) == (case.status, JSON)
    assert list(error) == case.shape
    assert error["message"] == case.text.replace("*)", f"{request_id})")
    assert (error["code"], error["type"]) == (case.code, case.kind)
    assert KEY not in repr(seen)
    assert (seen[0].request_id, seen[0].status) == (request_id, case.status)


DOCUMENTED = {
    401: ("invalid_api_key", "authentication_error"),
    403: ("insufficient_quota", "new_api_error"),
    429: ("rate_limit_exceeded", "new_api_error"),
    503: ("model_not_found", "new_api_error"),
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("missing", "Invalid API key"),
        ("unknown", "Invalid API key"),
        ("expired by time", "Invalid API key"),
        ("disabled", "Invalid API key"),
        ("exhausted", "Invalid API key"),
        ("nothing remains", "Invalid API key"),
        ("user balance <= 0", "Insufficient quota"),
        ("user balance < pre-consume", "Insufficient quota"),
        ("token remain < pre-consume", "Insufficient quota"),
        ("model rate limit, counted in a cache", "Rate limit exceeded"),
        ("no channel", "Model m is temporarily unavailable"),
    ],
)
def test_the_documented_dialect_words_it_as_the_docs_do(name: str, text: str) -> None:
    case = next(case for case in CASES if case.name == name)
    ledger = case.ledger()
    ledger.options = Options(
        dialect="documented", prices=ledger.options.prices, rate_limit=ledger.options.rate_limit
    )
    path = f"{case.path}?key={case.key}" if case.path.startswith("/v1beta") else case.path
    headers = {"Authorization": f"Bearer {case.key}"} if case.key else {}
    reply = post(path, create_app(STATUS, ledger=ledger), headers=headers, json=case.body)
    error = error_of(reply)
    assert error["message"].startswith(f"{text} (request id: ")
    assert (error["code"], error["type"]) == DOCUMENTED[reply.status_code]


def test_a_failed_retry_is_worded_in_english_in_the_documented_dialect() -> None:
    ledger = ledger_of(Options(dialect="documented", retry_times=1))
    reply = post(IMAGES, create_app(NOT_SUPPORTED, ledger=ledger), headers=BEARER, json=LEGACY)
    assert error_of(reply)["code"] == "get_channel_failed"
    assert error_of(reply)["message"].startswith(
        "model nano-banana is temporarily unavailable, please try again later"
    )


def test_a_rate_limit_without_a_cache_has_an_empty_body_and_ends_with_its_minute() -> None:
    now = [NOW]
    ledger = Ledger(User(), [Token(KEY)], Options(rate_limit=1), lambda: now[0])
    app = create_app(STATUS, ledger=ledger)
    assert ask(app).status_code == 200
    reply = ask(app)
    assert (reply.status_code, reply.content) == (429, b"")
    assert "content-type" not in reply.headers and reply.headers["x-oneapi-request-id"]
    now[0] += 60
    assert ask(app).status_code == 200


@pytest.mark.parametrize(("redis", "status"), [(False, 4), (True, 1)])
def test_a_spent_token_is_marked_only_where_no_cache_is(redis: bool, status: int) -> None:
    ledger = ledger_of(Options(redis=redis), remain_quota=0)
    app = create_app(STATUS, ledger=ledger)
    first, second = (error_of(ask(app))["message"] for _ in range(2))
    assert ledger.tokens[1].status == status
    assert ("TokenStatusExhausted" in second) is not redis
    assert "RemainQuota = 0" in first


@pytest.mark.parametrize("allowed", ["127.0.0.1", "10.0.0.1\n127.0.0.0/8"])
def test_an_allowed_address_is_let_in(allowed: str) -> None:
    assert ask(create_app(STATUS, ledger=ledger_of(allow_ips=allowed))).status_code == 200


@pytest.mark.parametrize("allowed", ["no address", "127.0.0.1/99", "::1"])
def test_a_list_that_makes_no_sense_lets_nobody_in(allowed: str) -> None:
    assert ask(create_app(STATUS, ledger=ledger_of(allow_ips=allowed))).status_code == 403


def test_an_administrator_may_pin_a_channel_and_passes_the_whitelist() -> None:
    app = create_app(STATUS, ledger=ledger_of(user={"role": 10}, models=("other",)))
    assert ask(app).status_code == 403
    assert post(f"{NATIVE}?key=sk-{KEY}-318", app, json=ASK).status_code == 200


@pytest.mark.parametrize("name", ["content", "file.png"])
def test_a_form_names_its_model(name: str) -> None:
    boundary = "b"
    content = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\nx'
        f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="model"\r\n\r\nm-1\r\n'
        f"--{boundary}--\r\n"
    )
    headers = {**BEARER, "Content-Type": f"multipart/form-data; boundary={boundary}"}
    reply = post("/v1/images/edits", headers=headers, content=content.encode())
    assert "模型 m-1 无可用渠道" in error_of(reply)["message"]
    empty = post("/v1/images/edits", headers=headers, content=b"")
    assert "模型 dall-e 无可用渠道" in error_of(empty)["message"]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/foo", 200), ("/dashboard", 200), ("/v1/nope", 404), ("/api/nope", 404), ("/v2/x", 200)],
)
def test_a_path_outside_the_api_is_a_page_and_one_inside_is_refused(path: str, status: int) -> None:
    reply = call(create_app(STATUS), "GET", path)
    assert reply.status_code == status
    assert (b"Simulated gateway" in reply.content) is (status == 200)


def test_what_stands_behind_a_model_replaces_the_record_and_names_no_row() -> None:
    seen: list[Exchange] = []
    options = Options(upstreams={"gemini-2.5-flash-image": Upstream(200, b'{"candidates":[]}')})
    app = create_app(STATUS, ledger=ledger_of(options), on_exchange=seen.append)
    assert ask(app).json() == {"candidates": []}
    assert seen[0].answered_from is None


def test_a_changed_body_of_a_known_model_is_still_not_on_record() -> None:
    reply = post(f"{NATIVE}?key={KEY}", json={**ASK, "generationConfig": {}})
    assert error_of(reply)["code"] == "model_not_found"


def test_a_row_answers_even_where_the_gateway_would_find_fault_with_its_request() -> None:
    sent = {**native_row()["sent"], "body": {}}
    app = create_app(status_of(native_row(sent=sent)))
    assert post(f"{NATIVE}?key={KEY}", app, json={}).status_code == 200
