"""Refusal: every error that the gateway words itself, in its own dialect and the documented one.

Which shape an error has depends on the step that refuses: see `trueup.mock.reply`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """An error's status, text with the places to fill in, code and type; `relay` is its shape."""

    status: int
    text: str
    code: str = ""
    relay: bool = False
    type: str = "new_api_error"


MISSING = Refusal(401, "未提供令牌")
UNKNOWN = Refusal(401, "无效的令牌")
EXPIRED = Refusal(401, "该令牌已过期")
DISABLED = Refusal(401, "该令牌状态不可用")
EXHAUSTED = Refusal(401, "该令牌额度已用尽 TokenStatusExhausted[{key}]")
SPENT = Refusal(
    401, "[{key}] 该令牌额度已用尽 !token.UnlimitedQuota && token.RemainQuota = {remain}"
)
ADDRESS = Refusal(403, "您的 IP 不在令牌允许访问的列表中", "access_denied")
BANNED = Refusal(403, "用户已被封禁")
GROUP_NOT_USABLE = Refusal(403, "无权访问 {group} 分组")
GROUP_GONE = Refusal(403, "分组 {group} 已被弃用")
PINNING = Refusal(403, "普通用户不支持指定渠道")
NOT_LISTED = Refusal(403, "该令牌无权访问模型 {model}")
NO_MODEL = Refusal(400, "未指定模型名称，模型名称不能为空")
BAD_BODY = Refusal(400, "Invalid request, 无效的请求, a JSON object was expected")
NO_CHANNEL = Refusal(
    503, "分组 {group} 下模型 {model} 无可用渠道（distributor）", "model_not_found"
)
RATE_LIMIT = Refusal(429, "您已达到请求数限制：1分钟内最多请求{limit}次")

NO_BALANCE = Refusal(
    403, "用户额度不足, 剩余额度: ＄{balance:.6f}", "insufficient_user_quota", relay=True
)
SHORT_BALANCE = Refusal(
    403,
    "预扣费额度失败, 用户剩余额度: ＄{balance:.6f}, 需要预扣费额度: ＄{need:.6f}",
    "insufficient_user_quota",
    relay=True,
)
SHORT_TOKEN = Refusal(
    403,
    "token quota is not enough, token remain quota: ＄{balance:.6f}, need quota: ＄{need:.6f}",
    "pre_consume_token_quota_failed",
    relay=True,
)
INVALID = Refusal(500, "{reason}", "invalid_request", relay=True)
NO_PRICE = Refusal(
    500,
    "模型 {model} 倍率或价格未配置，请联系管理员设置；"
    "Model {model} ratio or price not set, please contact the administrator",
    "model_price_error",
    relay=True,
)
NO_RETRY = Refusal(
    500, "分组 {group} 下模型 {model} 的可用渠道不存在（retry）", "get_channel_failed", relay=True
)
NO_ANSWER = Refusal(500, "upstream error: do request failed", "do_request_failed", relay=True)
TOO_LARGE = Refusal(413, "request body too large", "read_request_body_failed", relay=True)
NO_TEXT = Refusal(
    500, "upstream error: no failure text is on record", "no_text_on_record", relay=True
)

_NO_KEY = Refusal(401, "Invalid API key", "invalid_api_key", type="authentication_error")
DOCUMENTED = {
    **dict.fromkeys((MISSING, UNKNOWN, EXPIRED, DISABLED, EXHAUSTED, SPENT), _NO_KEY),
    **dict.fromkeys(
        (NO_BALANCE, SHORT_BALANCE, SHORT_TOKEN),
        Refusal(403, "Insufficient quota", "insufficient_quota", relay=True),
    ),
    RATE_LIMIT: Refusal(429, "Rate limit exceeded", "rate_limit_exceeded"),
    NO_CHANNEL: Refusal(503, "Model {model} is temporarily unavailable", "model_not_found"),
    NO_RETRY: Refusal(
        500,
        "model {model} is temporarily unavailable, please try again later",
        "get_channel_failed",
        relay=True,
    ),
}
"""Where the public docs of such a gateway word an error in another way than its source."""
