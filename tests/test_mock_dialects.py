"""The dialects of the mock: the words, headers and paths of new-api in each version, and none of
them in the plain one."""

import json
import re
from dataclasses import replace
from typing import Any, get_args

import httpx
import pytest
from conftest import TOP
from starlette.applications import Starlette
from test_mock import (
    BEARER,
    FACTS,
    IMAGES,
    KEY,
    LEGACY,
    NATIVE,
    NATIVE_BODY,
    STATUS,
    call,
    error_of,
    images_row,
    native_row,
    post,
    send_images,
)
from test_mock_ledger import OWNER
from test_retest_billing import judged, till

from trueup.mock import (
    Dialect,
    GatewayLedger,
    Options,
    Refused,
    Token,
    User,
    create_app,
    dialect_of,
)
from trueup.mock.dialects import NODE, UPSTREAM
from trueup.model import Status
from trueup.relay import Budget
from trueup.retest.rehearsal import open_rehearsal
from trueup.status_file import Stored

B: Dialect = "new-api-b"
C: Dialect = "new-api-c"
D: Dialect = "new-api-d"
NEW_API = [dialect for dialect in get_args(Dialect) if dialect != "plain"]
LONG_KEY = "2vsLmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZjnVk"
EDITS = "/v1/images/edits"
Said = tuple[int, str, object]
"""Status, text and code of an error."""


def mock(dialect: Dialect, *rows: dict[str, Any], faults: Any = (), **fields: Any) -> Starlette:
    """Return a mock of a dialect, of these rows or the file's, whose one token has these fields."""
    status = Status.model_validate({**FACTS, "observations": rows}) if rows else STATUS
    token = replace(Token(KEY), **fields)
    return create_app(status, ledger=GatewayLedger(User(), [token], Options(dialect, faults)))


def said(reply: httpx.Response) -> Said:
    """Return the error of a reply, whose text may end with the id of its reply."""
    error = error_of(reply)
    own_id = f" (request id: {reply.headers.get('x-oneapi-request-id')})"
    return reply.status_code, error["message"].removesuffix(own_id), error["code"]


CALLERS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "missing": ({}, {}),
    "unknown": ({"Authorization": "Bearer sk-wrong"}, {}),
    "spent": (BEARER, {"remain_quota": 0}),
    "not listed": (BEARER, {"models": ["another"]}),
    "no channel": (BEARER, {"group": "vip"}),
}
SPENT: Said = (
    401,
    "[sk-YOU***KEY] 该令牌额度已用尽 !token.UnlimitedQuota && token.RemainQuota = 0",
    "",
)
REFUSED: dict[str, dict[Dialect, Said]] = {
    "missing": {
        "plain": (401, "No API key was sent.", "missing_key"),
        B: (401, "未提供令牌", ""),
        C: (401, "Invalid token", ""),
    },
    "unknown": {
        "plain": (401, "The API key is not valid.", "invalid_key"),
        B: (401, "无效的令牌", ""),
        C: (401, "Invalid token", ""),
    },
    "spent": {
        "plain": (403, "The quota of the API key is used up.", "insufficient_quota"),
        B: SPENT,
        C: (401, "Invalid token", ""),
    },
    "not listed": {
        "plain": (403, "The API key may not call this model.", "model_not_allowed"),
        B: (403, "该令牌无权访问模型 m", ""),
        C: (403, "This token has no access to model m", ""),
    },
    "no channel": {
        "plain": (404, f"No observation on record sent this: POST {IMAGES}.", "not_on_record"),
        B: (503, "分组 vip 下模型 m 无可用渠道（distributor）", "model_not_found"),
        C: (
            503,
            "No available channel for model m under group vip (distributor)",
            "model_not_found",
        ),
    },
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_caller_is_refused_in_the_words_of_each_dialect(case: str) -> None:
    headers, fields = CALLERS[case]
    for dialect, expected in {**REFUSED[case], D: REFUSED[case][B]}.items():
        reply = post(IMAGES, mock(dialect, **fields), headers=headers, json={"model": "m"})
        keys = ["message", "type", "code"] if dialect == "plain" else ["code", "message", "type"]
        assert (said(reply), list(error_of(reply))) == (expected, keys), dialect


@pytest.mark.parametrize("case", ["missing", "spent", "no channel"])
def test_c_is_chinese_only_where_a_caller_prefers_it(case: str) -> None:
    headers, fields = CALLERS[case]
    text = REFUSED["no channel"][B][1] if case == "no channel" else "无效的令牌"
    for language, expected in (("zh-CN,zh;q=0.9", text), ("en, zh", REFUSED[case][C][1])):
        sent = {**headers, "Accept-Language": language}
        reply = post(IMAGES, mock(C, **fields), headers=sent, json={"model": "m"})
        assert said(reply)[1] == expected


def test_a_quota_below_the_price_is_refused_in_the_relays_shape() -> None:
    app = mock(B, remain_quota=10_000)
    text = "token quota is not enough, token remain quota: ＄0.020000, need quota: ＄0.040000"
    assert said(send_images(app)) == (403, text, "pre_consume_token_quota_failed")
    for quota, text in ((100, "预扣费额度失败, 用户剩余额度: ＄0.000200"), (0, "用户额度不足, ")):
        poor = GatewayLedger(User(quota=quota), [Token(KEY)], Options(C))
        reply = send_images(create_app(STATUS, ledger=poor))
        assert said(reply)[2] == "insufficient_user_quota" and "param" in error_of(reply)
        assert error_of(reply)["message"].startswith(text)
    assert said(send_images(mock("plain", remain_quota=1)))[2] == "insufficient_quota"


def test_a_second_refusal_of_a_spent_key_names_its_state_and_bytes_are_escaped_as_by_go() -> None:
    app = mock(D, remain_quota=-1)
    assert rb"\u0026\u0026" in send_images(app).content
    assert said(send_images(app))[1] == "该令牌额度已用尽 TokenStatusExhausted[sk-YOU***KEY]"


@pytest.mark.parametrize(
    ("dialect", "no_model", "dall_e"),
    [
        (B, "未指定模型名称，模型名称不能为空", "模型 dall-e 无可用渠道"),
        (C, "Model name not specified, model name cannot be empty", "for model dall-e under"),
    ],
)
def test_the_distributor_comes_before_a_path_that_is_not_built(
    dialect: Dialect, no_model: str, dall_e: str
) -> None:
    app = mock(dialect)
    unbuilt = "/v1/images/variations"
    for reply in (
        call(app, "GET", "/v1/files", headers=BEARER),
        post(unbuilt, app, headers=BEARER, json={}),
        post("/v1/chat/completions", app, headers=BEARER, json={}),
    ):
        assert said(reply) == (400, no_model, "")
    assert said(call(app, "GET", "/v1/files"))[0] == 401
    reply = post(unbuilt, app, headers=BEARER, json={"model": "m"})
    assert said(reply) == (501, "API not implemented", "api_not_implemented")
    assert dall_e in error_of(send_images(app, model=None))["message"]


def test_edits_as_json_are_read_by_c_alone() -> None:
    row = images_row(sent={**images_row()["sent"], "request": f"POST {EDITS}"})
    for dialect in (B, C, D):
        assert post(EDITS, mock(dialect, row), headers=BEARER, json=LEGACY).status_code == 400
        reply = post(EDITS, mock(dialect), headers=BEARER, json=LEGACY)
        parsed = (500, "failed to parse multipart form", "convert_request_failed")
        assert said(reply) == parsed if dialect != C else said(reply)[0] == 503
        for app, model in (
            (mock(dialect), "m"),
            (mock(dialect, faults=["no-channel"]), "nano-banana"),
        ):
            assert said(post(EDITS, app, headers=BEARER, json={"model": model}))[0] == 503


STREAM = NATIVE.replace("generateContent", "streamGenerateContent")
AS_STREAM = native_row(
    sent={**native_row()["sent"], "request": f"POST {STREAM}?alt=sse"}, outcome="output"
)


@pytest.mark.parametrize("dialect", NEW_API)
def test_what_the_family_passes_on_is_answered_as_on_record(dialect: Dialect) -> None:
    assert post(NATIVE, mock(dialect), headers=BEARER, json=NATIVE_BODY).status_code == 200
    no_prompt = {"model": LEGACY["model"]}
    assert said(post(IMAGES, mock(dialect), headers=BEARER, json=no_prompt))[2] == 400
    objects = post(STREAM, mock(dialect), headers=BEARER, json=NATIVE_BODY)
    streams = post(STREAM, mock(dialect, AS_STREAM), headers=BEARER, json=NATIVE_BODY)
    is_c = dialect == C
    assert (objects.status_code, streams.status_code) == ((503, 200) if is_c else (200, 503))
    plain = post(NATIVE, mock("plain"), headers=BEARER, json=NATIVE_BODY)
    assert plain.status_code == 404, "only new-api is known to pass it on"


FAULTS: dict[str, dict[Dialect, Said]] = {
    "overloaded": {
        "plain": (503, "The gateway is overloaded. Try again later.", "overloaded"),
        B: (503, "system cpu overloaded", "system_cpu_overloaded"),
        C: (503, "system cpu overloaded", "system_cpu_overloaded"),
    },
    "no-channel": {
        D: (503, REFUSED["no channel"][B][1].replace(" m ", " nano-banana "), "model_not_found")
    },
    **{
        fault: {"plain": (status, text, code), C: (status, text, code)}
        for fault, (status, text, _, code) in UPSTREAM.items()
    },
}


@pytest.mark.parametrize("fault", get_args(Refused))
def test_a_fault_refuses_every_call_in_the_words_of_the_dialect(fault: Refused) -> None:
    for dialect, expected in FAULTS[fault].items():
        app = mock(dialect, faults=[fault], group="vip")
        reply = send_images(app)
        assert said(reply) == expected
        error, is_passed_on = error_of(reply), fault in UPSTREAM and dialect != "plain"
        assert error.get("param", "absent") == (
            "absent" if not is_passed_on else None if error["code"] is None else ""
        )
        has_id = fault == "no-channel" and dialect != "plain"
        assert ("(request id: " in error["message"]) == has_id
        assert call(app, "GET", "/").status_code == 200


def test_a_gateways_own_error_on_record_carries_the_request_id_in_new_api_alone() -> None:
    row = images_row(signatures=["not-supported-for-image-generation"])
    text = "not supported model for image generation"
    assert error_of(send_images(mock("plain", row))) == {
        "message": text,
        "type": "new_api_error",
        "code": "convert_request_failed",
    }
    reply = send_images(mock(B, row))
    assert list(error_of(reply).items()) == [
        ("message", f"{text} (request id: {reply.headers['x-oneapi-request-id']})"),
        ("type", "new_api_error"),
        ("param", ""),
        ("code", "convert_request_failed"),
    ]


IDS = {B: r"\d{14}\d{1,9}[A-Z0-9]{8}", C: rf"\d{{14}}\d{{1,9}}{NODE}[A-Z0-9]{{8}}"}


@pytest.mark.parametrize("dialect", NEW_API)
def test_the_headers_are_those_of_each_version(dialect: Dialect) -> None:
    app = mock(dialect)
    image = post(NATIVE, app, headers=BEARER, json=NATIVE_BODY)
    assert image.headers["content-type"] == "application/json"
    assert image.headers["access-control-allow-origin"] == "*"
    assert re.fullmatch(IDS.get(dialect, IDS[B]), image.headers["x-oneapi-request-id"])
    assert ("x-new-api-version" in image.headers) == (dialect != D)
    preflight = call(app, "OPTIONS", NATIVE, headers={"Origin": "https://a.example"})
    assert (preflight.status_code, preflight.content) == (204, b"")
    assert preflight.headers["access-control-allow-headers"] == "*"
    owned = call(app, "GET", "/api/user/self", headers={**OWNER, "Accept-Encoding": "gzip"})
    assert (owned.headers["content-encoding"], owned.json()["success"]) == ("gzip", True)
    assert owned.headers["vary"] == "Accept-Encoding"
    assert ("auth-version" in owned.headers) == (dialect == C)
    bare = call(app, "GET", "/api/status", headers={"Accept-Encoding": "identity"})
    assert not {"content-encoding", "auth-version", "access-control-allow-origin"} & set(
        bare.headers
    )


@pytest.mark.parametrize(
    ("key", "shown"), [(LONG_KEY, "2vsL**********jnVk"), ("abcdefgh", "ab****gh"), ("abcd", "****")]
)
def test_c_masks_the_keys_of_its_list(key: str, shown: str) -> None:
    for dialect, expected in ((B, key), (C, shown), (D, key), ("new-api-documented", f"sk-{key}")):
        app = mock(dialect, key=key)
        page = call(app, "GET", "/api/token/", headers=OWNER).json()["data"]["items"]
        assert [
            page[0]["key"],
            call(app, "GET", "/api/token/1", headers=OWNER).json()["data"]["key"],
        ] == [expected] * 2


def test_the_owner_is_refused_in_the_words_of_c() -> None:
    wrong = {**OWNER, "Authorization": "x"}
    for headers, status, reason in (
        (wrong, 200, "invalid access token"),
        ({}, 401, "not logged in"),
    ):
        reply = call(mock(C), "GET", "/api/user/self", headers=headers)
        assert reply.status_code == status
        assert reply.json()["message"].startswith(f"Unauthorized, {reason}")


@pytest.mark.parametrize("dialect", [C, D])
def test_a_retest_reads_the_bills_of_each_version(dialect: Dialect) -> None:
    assert judged(till(dialect=dialect).image()) == ("aligned", "agreed")


USAGE, LOG = "/api/usage/token/", "/api/log/token"


@pytest.mark.parametrize("dialect", NEW_API)
def test_a_key_reads_its_own_usage_and_rows(dialect: Dialect) -> None:
    app = mock(dialect, remain_quota=20_000, models=[NATIVE.split("/")[3].split(":")[0]])
    post(f"{NATIVE}?key={KEY}", app, json=NATIVE_BODY)
    usage = call(app, "GET", USAGE, headers=BEARER)
    wrong = call(app, "GET", USAGE, headers={"Authorization": "Bearer wrong"})
    by_header, by_query = (
        call(app, "GET", LOG, headers=BEARER),
        call(app, "GET", f"{LOG}?key={KEY}"),
    )
    if dialect == D:
        assert said(usage) == SPENT and said(wrong) == (401, "无效的令牌", "")
        assert len(by_query.json()["data"]) == 1 and by_header.json()["data"] == []
        assert call(app, "GET", f"{LOG}?key=wrong").json() == {
            "success": True,
            "message": "",
            "data": [],
        }
        return
    assert usage.json()["data"]["total_used"] == usage.json()["data"]["total_granted"] == 20_000
    message = "Invalid token" if dialect == C else "无效的令牌"
    assert (wrong.status_code, wrong.json()) == (401, {"success": False, "message": message})
    assert len(by_header.json()["data"]) == 1 and by_query.status_code == 401


@pytest.mark.parametrize("dialect", NEW_API)
def test_the_models_have_endpoint_types_once_prices_were_read(dialect: Dialect) -> None:
    app = mock(dialect)
    assert said(call(app, "GET", "/v1/models"))[0] == 401
    first = call(app, "GET", "/v1/models", headers=BEARER).json()
    call(app, "GET", "/api/pricing")
    second = call(app, "GET", "/v1/models", headers=BEARER).json()
    assert (first["object"], first["success"]) == ("list", True)
    assert {str(model["supported_endpoint_types"]) for model in first["data"]} == {"[]"}
    alias = next(model for model in second["data"] if model["id"] == "nano-banana")
    assert alias["supported_endpoint_types"] == ["gemini", "openai"]
    assert alias["owned_by"] == ("google gemini" if dialect == C else "custom")
    native = call(app, "GET", f"/v1beta/models?key={KEY}").json()
    assert {model["name"] for model in native["models"]} == {
        model["id"] for model in second["data"]
    }


@pytest.mark.parametrize("dialect", NEW_API)
def test_an_unknown_path_is_an_invalid_url_under_the_api_and_a_page_elsewhere(
    dialect: Dialect,
) -> None:
    app = mock(dialect)
    for method, path in (("GET", IMAGES), ("GET", "/api/nothing"), ("DELETE", NATIVE)):
        reply = call(app, method, path)
        assert said(reply) == (404, f"Invalid URL ({method} {path})", "")
    assert "Simulated gateway" in call(app, "GET", "/foo%0Abar").text


def test_the_manual_names_every_dialect() -> None:
    page = (TOP / "manual" / "pages" / "index.md").read_text("utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == list(get_args(Dialect))


def test_a_rehearsal_speaks_new_api_unless_the_target_has_no_ledger(stored: Stored) -> None:
    target = stored.status.targets["production"]
    none = type(target).model_validate({**target.model_dump(), "ledger": {"none": "a test"}})
    assert (dialect_of(target), dialect_of(none)) == (B, "plain")
    status = stored.status.model_copy(update={"targets": {"production": none}})
    without = replace(stored, status=status)
    with open_rehearsal(without, Budget(1), None, False, "production", str) as opened:
        assert opened.account is None


def test_the_plain_dialect_has_no_chinese_and_no_name_of_a_family() -> None:
    headers, fields = CALLERS["unknown"]
    replies = [
        post(IMAGES, mock("plain", **fields), headers=headers, json={"model": "m"})
        for headers, fields in CALLERS.values()
    ]
    replies += [call(mock("plain"), "GET", path) for path in ("/api/status", LOG, "/v1/models")]
    for reply in replies:
        assert reply.text.isascii() and "new_api" not in reply.text
        assert set(json.loads(reply.text)["error"]) == {"message", "type", "code"}
        assert reply.headers["x-request-id"]
