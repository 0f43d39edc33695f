"""Claims: words about prices, limits, availability, abilities and paths that no fact carries."""

import re
from collections.abc import Iterator

from trueup.check.banned_terms import BannedTerms
from trueup.check.typed_page import TypedBlock

NUMBER = r"(?<![\w.,])[0-9][0-9.,]*(?: [0-9]{3})*"
COUNT = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|half an?|a few|hundreds? of)"
MONEY = (
    rf"[$€£¥￥₽₹]\s?[0-9][0-9.,]*|{NUMBER}\s?[$€£¥￥₽₹]",
    rf"(?:{NUMBER}|\b{COUNT})\s?-?(?:us\s)?(?:cents?|dollars?|euros?|usd|eur|gbp|rmb|cny|jpy|yen|yuan)\b",
    rf"{NUMBER}\s?(?:円|元|ドル|セント|ユーロ|美元|美分|人民币|日元|分钱|руб|рубл|доллар|цент[аов]|евро|копе)",
    r"\bfree of charge\b|\bfor free\b|\bat no cost\b|無料|免费|бесплатн",
)
UNITS = (
    r"requests?|calls?|queries|images?|pictures?|tokens?|connections?|characters?|pixels?|px"
    r"|megapixels?|dpi|fps|bytes|[kmgt]i?b|ms|milliseconds?|rpm|rps|qps|tpm"
)
LIMITS = (
    rf"{NUMBER}\s?-?(?:{UNITS})(?![\w-])",
    rf"(?:{NUMBER}|\b{COUNT})\s(?:\w+\s)?(?:per|an?|each|every)\s(?:second|minute|hour|day|month)\b",
    rf"\b(?:up to|at most|a maximum of|within|under)\s{NUMBER}\s?-?(?:{UNITS}|seconds?)\b",
    r"(?<![\w.])[0-9]{3,5}\s?[x×✕*]\s?[0-9]{3,5}(?!\w)",
    rf"{NUMBER}\s?(?:ピクセル|画素|リクエスト|トークン|ミリ秒|像素|毫秒|个请求|次请求)",
    rf"(?:毎|每)(?:秒|分|時|日|分钟|小时|天)\s?(?:最多|最大|上限)?\s?{NUMBER}",
    rf"{NUMBER}\s?(?:回|件|枚|次|张|個|个)\s?(?:/|／|毎|每|まで|以内)",
    rf"{NUMBER}\s?(?:запрос|изображени|пиксел|токен|символ|миллисекунд|мс|байт|[кмг]б)(?!\w*-)",
    r"\bno rate limits?\b|\bunlimited\b|無制限|无限制|без ограничений",
)
AVAILABILITY = (
    rf"{NUMBER}\s?(?:%|％|percent\b|パーセント|процент)",
    r"\b24/7\b|\b(?:zero|no) downtime\b|\bhigh(?:ly)? availab|\balways (?:up|available|works?)\b",
    r"\bnever (?:fails?|goes down|breaks?|errors?)\b|\bworks? (?:very |really |perfectly |just )?"
    r"(?:well|fine|great|perfectly|flawlessly|reliably|every time|without (?:problems?|issues?))\b",
    r"\brock[ -]solid\b|\bbullet-?proof\b|\bbattle-tested\b|\bship it\b|\bwith confidence\b",
    r"\b(?:production|enterprise)[ -](?:ready|grade|quality)\b|\bguarantee[sd]?\b",
    r"絶対に失敗し|失敗しません|从不失败|不会失败|никогда не (?:падает|отказывает|подводит)",
)
ABILITIES = (
    r"\b(?:is|are) (?:also |now |fully |both |all )?supported\b|\b(?:it|route|model|gateway|api)s?"
    r" (?:also |fully )?supports?\b",
)
KINDS = (
    ("the price", MONEY),
    ("the limit or size", LIMITS),
    ("the availability", AVAILABILITY),
    ("the ability", ABILITIES),
)
PATTERNS = tuple((what, re.compile("|".join(forms), re.IGNORECASE)) for what, forms in KINDS)
AVAILABLE = re.compile("|".join(AVAILABILITY), re.IGNORECASE)
PATH = re.compile(
    r"\b(?:GET|POST|PUT|PATCH|DELETE) (/[\w{}:./*-]+)|(?<![\w./:])(/(?:v[0-9]\w*|api)/[\w{}:./*-]+)"
)
AGEING = re.compile(
    r"\b(?:today|now|currently|nowadays|at present|these days|as of now|right now)\b"
    r"|今(?![回後度后次])|本日|現在|現時点|いま|目前|现在|當前|当前|如今"
    r"|сегодня|сейчас|теперь|на данный момент|в настоящее время",
    re.IGNORECASE,
)


NO_FACT = "is in no fact of the status file"


def claims_in(block: TypedBlock, text: str, terms: BannedTerms) -> Iterator[tuple[int, str]]:
    """Return offset and problem of each claim in the text of a block of a page."""
    for found in PATH.finditer(text):
        path = (found[1] or found[2]).rstrip(".:")
        start = path.rstrip("/") + "/"
        if not any(path.startswith(one) or f"{one}/".startswith(start) for one in terms.paths):
            yield found.start(), f"the path {path!r} {NO_FACT}"
    if block.block.kind != "pre":
        for what, pattern in PATTERNS:
            for found in pattern.finditer(text):
                yield found.start(), f"{what} {found[0].strip()!r} {NO_FACT}"
    if block.block.kind == "description":
        for found in AGEING.finditer(text):
            yield found.start(), f"the word {found[0]!r} in the description does not stay true"
