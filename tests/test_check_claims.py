"""Claims: a price, a limit, an ability or a path that no fact carries is found in any page."""

import re
from pathlib import Path

import pytest

from trueup.check.banned_terms import BannedTerms, banned_terms
from trueup.check.page_markdown import whole_markdown
from trueup.check.prose import check_prose
from trueup.check.term_matcher import word_ways
from trueup.check.typed_page import read_typed_page
from trueup.site import parse_page
from trueup.status_file import Stored

CLAIMS = [
    *("It costs 2 cents an image.", "Each is $0.04.", "价格为 0.3 元。", "1 枚 5 円です。"),
    "Цена 3 руб.",
    *("It is free of charge.", "It takes half a cent.", "Up to 4096 pixels.", "At 1024x1024."),
    *("It allows 600 requests a minute.", "Two images per second.", "每分钟 60 次。"),
    "毎分 60 回まで。",
    *("Не более 600 запросов.", "Files of 20 MB.", "60 RPM at most.", "It is 99.9% available."),
    *("It never fails.", "It works well.", "Rock solid; ship it.", "Zero downtime."),
    *("`stream=true` is supported.", "The route supports masks.", "Call `POST /v1/upscale`."),
    *("See /v1beta2/files.", "```text\nPOST /v1/images/upscale\n```", "![up to 8 images](a.png)"),
    *("---\ndescription: What works today.\n---\na", "---\ndescription: 今使えるもの。\n---\na"),
    *("---\ndescription: 今天哪些可用。\n---\na", "---\ndescription: Что сейчас верно.\n---\na"),
    "---\ntags: &a [*a, Only $1]\n---\na",
    *("It is *2*&nbsp;**cents**.", "| $0.04 |\n|---|\n| a |", "The price is 0.02 an image."),
    *("It costs five cents.", "Two requests per second.", "一枚二円です。", "每张图两分钱。"),
    *("Картинка стоит пару центов.", "The context window is 128k.", "It answers within 5 seconds."),
    *("As of today it works.", "This was tested last week.", "昨日テストに合格した。"),
    *("目前一切正常。", "Сейчас всё работает.", "```text\nuptime 99.99\n```", "Masks work."),
    *("The error rate is below 1%.", "Call `images/edits`.", "可用率为 99.95%。"),
    *("It answers within 30 seconds.", "最大 4096 ピクセル。", "60 枚まで。"),
    *("There is no rate limit.", "It is production-ready.", "失敗しません。"),
    *("Send as many requests as you like.", "支持4K图片。"),
    "There is no cap on how often you call.",
    *("Requests are not limited.", "リクエスト数に上限はありません。", "调用次数不设上限。"),
    *("Нет никаких ограничений.", "Картинки в разрешении 4K.", "Pictures come in 4K."),
    *("You pay less than elsewhere.", "Refunds are automatic.", "Background removal is built in."),
    *("POST to the edits path.", "失败自动退款。", "Вырезание фона встроено."),
]  # fmt: skip
PLAIN = [
    *("Retry twice, then wait.", "HTTP 429 and 503 are errors.", "Version 2 has 3 parts."),
    *("The field n takes a number.", "The path /v1/images alone.", "See [the price list](a.md)."),
    *("It says what works today.", "Read 10 lines.", "`data[0].url` or `x=1`."),
    "1 バイトも違わない。",
    *("The site is built in the folder site.", "Refunds are between you and the gateway."),
    *("Ignore the line that begins with a hash.", "如果有警告，请先阅读。"),
    "以井号开头的行会被忽略。",
    *("Строки с решёткой игнорируются.", "このページは上限の値を書きません。"),
    *("It is not free of errors.", "The key is 1 of 2.", "{{ sample('gemini', 'url') }}"),
    "```json\n{\"price\": \"$1\", \"size\": \"1024x1024\"}\n```",
]  # fmt: skip


@pytest.fixture(scope="module")
def terms(stored: Stored) -> BannedTerms:
    return banned_terms(stored.status)


def rules(text: str, terms: BannedTerms) -> list[str]:
    page = parse_page(f"{text}\n".encode(), Path("a.md"))
    return [one.rule for one in check_prose(terms, read_typed_page(page, whole_markdown()))]


@pytest.mark.parametrize("text", CLAIMS)
def test_a_claim_that_no_fact_carries_is_found(text: str, terms: BannedTerms) -> None:
    assert "undocumented-claim" in rules(text, terms)


@pytest.mark.parametrize("text", PLAIN)
def test_plain_prose_claims_nothing(text: str, terms: BannedTerms) -> None:
    assert rules(text, terms) == []


ABOUT_ROUTES = [
    *("All routes here are recommended.", "Everything on this page works in production."),
    *("The route is verified and dependable.", "Our endpoints are healthy.", "Users love our API."),
    *(
        "全経路が推奨です。",
        "どのモデルも本番で使えます。",
        "所有路由都推荐使用。",
        "网关一直很稳定。",
    ),
    *("Все маршруты рекомендуются.", "Шлюз работает без перебоев."),
]
BESIDE_A_NAME = [
    *("## [Nano Banana](a.md)\n\nJust the thing.", "**Nano Banana**\n\nRecommended."),
    *(
        "[a](nano-banana.md)\n: fast",
        "[Nano Banana](a.md) handles all.",
        "[Nano Banana](a.md): ace",
    ),
    *('!!! tip "Recommended"\n    [b](a.md#nano-banana)', "1. OK ✅\n2. [Nano Banana](a.md)"),
    *('=== "Recommended"\n\n    [Nano Banana](a.md)', "---\ntitle: Nano Banana works\n---\na"),
    *("[Nano Banana](a.md) は万全", "| [Nano Banana](a.md) | ◎ 良好 |\n|-|-|\n| a | b |"),
    *("## Nano Banana\n\n文句なし。", "[Nano Banana](a.md) 闭眼入", "## Nano Banana\n\n没毛病。"),
    *("[Nano Banana](a.md): ace", "[Nano Banana](a.md): берите.", "## Nano Banana\n\nКак часы.\n"),
]
OPEN_PROSE = [
    *("We recommend a key of its own for each program.", "A failed route is not recommended if it"),
    *("It works well with proxies.", "The script takes 2 MB of memory.", "It is 33% longer."),
    *("The sandbox allows 64 MB of files.", "It is 1024x1024 if the body says so."),
    *("Set a timeout of 120 seconds.", "Poll it every 5 seconds.", "Now open the file: it works."),
    *("Choose a model from the menu.", "Recommended, unverified: the words of a route."),
    *("推奨か非推奨かは、テストの結果だけで決まります。", "キーはどのルートでも使えます。"),
    *("推荐与否，只取决于测试的结果。", "如果网关停机，请等几秒。", "建议每个程序使用单独的密钥。"),
    *("Маршрут рекомендуется, если проверки чистые.", "Теперь откройте файл."),
    *("## Nano Banana\n\nChoose a size.\n\nSee below.", "- [Nano Banana](a.md): its code"),
    *("## Nano Banana\n\n| a | b |\n|-|-|\n| c | d |", "## How Nano Banana works"),
]
ON_A_MODEL_PAGE = [
    *("Ignore the warning below.", "The notes below no longer apply.", "It is out of date."),
    *("The warning is only a formality.", "It is hearsay.", "The list below is history."),
    *(
        "Below is what used to be said.",
        "上の警告は気にしなくて構いません。",
        "警告は無視してください。",
    ),
    *(
        "上面的警告可以忽略。",
        "不必理会下面的标记。",
        "这些问题早已解决。",
        "Эти риски уже устранены.",
    ),
    *("Не обращайте внимания на список.", "Предупреждение можно игнорировать."),
    *("It is the gold standard.", "A champion.", "Pick this one.", "It does not flinch."),
    *("Big brands use it.", "Customers rave.", "★★★★★", "It gets 10/10.", "Ready: yes"),
    *("Trouble: none", "業界最速です。", "大厂都在用。", "稳如磐石。", "又快又好。"),
    *("!!! success\n    {{ model_status('nano-banana') }}", "??? done\n    text"),
    *('!!! success "The image"\n    text', '???+ check "Notes"\n    text'),
    *('!!! check ""\n    Done', "!!! check\n    {{ risks('nano-banana') }}"),
    *("Им пользуются крупнейшие компании.", "Выше всяких похвал.", "Берите именно его."),
]
PLAIN_ON_A_MODEL_PAGE = [
    *("The risks of each route are listed below.", "Read the warning, then run the block."),
    *("!!! note\n    text", '!!! info "The image"\n    text', "Check the key."),
    *("Notes on the request are under each block.", "The history is on the status page."),
    *("The reply does not hold an image.", "The problem is not resolved.", "Риск не устранён."),
    *("警告の意味は用語のページにあります。", "警告的含义见术语页面。"),
    "Значение предупреждений описано на странице терминов.",
]


@pytest.mark.parametrize("text", [*ON_A_MODEL_PAGE, *PLAIN_ON_A_MODEL_PAGE])
def test_no_words_on_the_page_of_a_model_disown_or_praise(text: str, terms: BannedTerms) -> None:
    found = rules(f"---\nmodel: nano-banana\n---\n{text}", terms)
    assert {*found} == ({"typed-standing"} if text in ON_A_MODEL_PAGE else set())


@pytest.mark.parametrize("text", [*ABOUT_ROUTES, *BESIDE_A_NAME])
def test_advice_needs_no_name_in_its_sentence(text: str, terms: BannedTerms) -> None:
    assert {"typed-standing", "typed-name"}.intersection(rules(text, terms))


@pytest.mark.parametrize("text", OPEN_PROSE)
def test_prose_about_the_readers_side_is_free(text: str, terms: BannedTerms) -> None:
    assert rules(text, terms) == []


def test_a_link_to_a_path_that_no_route_has_is_a_claim(terms: BannedTerms) -> None:
    link = "See [it](https://crazyrouter.com/v1/images/{}) there."
    assert rules(link.format("generations"), terms) == []
    assert rules(link.format("upscale"), terms) == ["undocumented-claim"]


def test_a_key_of_the_front_matter_is_no_kind_of_text(terms: BannedTerms) -> None:
    assert rules("---\nsent: up to 60 requests\n---\na", terms) == ["undocumented-claim"]


def test_words_under_the_heading_that_a_macro_makes_are_beside_its_endpoint(
    terms: BannedTerms,
) -> None:
    text = '{{ route("nano-banana/generate-content") }}\n\ntext\n\nStart with this.\n\n## Other\n\n'
    assert rules(text, terms) == ["typed-standing"]
    assert rules(f"{text.replace('Start with this.', '')}Start with this.", terms) == []


WAYS = [r"\bup|\b(?:in|on) a|sky", r"[|)]\b|\bno\|t", r"\bin", "(a|b)|c"]


def test_the_ways_of_patterns_are_tried_together_at_the_edge_of_a_word() -> None:
    joined = word_ways(WAYS)
    assert joined == r"\b(?:up|(?:in|on) a)|sky|[|)]\b|\b(?:no\|t|in)|(a|b)|c"
    text = "up in a sky |on a no|t inn abc cup"
    found = [one.span() for one in re.finditer(joined, text)]
    assert found == [one.span() for one in re.finditer("|".join(WAYS), text)] and len(found) > 9
