"""Advice: the words of sentences that advise readers for or against a route."""

ADVICE = (
    *("recommend", "recommends", "start with", "use this", "use it", "use instead", "do not use"),
    *("don't use", "never use", "avoid", "prefer", "preferred", "does not work", "broken"),
    *("production-ready", "first choice", "best choice", "working choice", "safe to use"),
    *("better choice", "good choice", "best option", "better option", "ready for production"),
    *("keeps failing", "always fails", "no longer works", "out of order", "works reliably"),
    *("stay away", "steer clear", "advise against", "for new projects", "unreliable", "flaky"),
    *("推荐", "推薦", "首选", "优先使用", "请使用", "不要使用", "请勿使用", "避免使用"),
    *("放心", "避开", "不要用", "别用", "弃用"),
    *("推奨", "おすすめ", "お勧め", "使ってください", "お使いください", "使わないで", "避けて"),
    *("使用しないで", "利用しないで", "控えて", "避けるべき", "安心して", "壊れて"),
    *("рекоменд", "используйте", "избегайте", "предпоч", "не работает", "лучший выбор"),
    *("начните с", "советуем", "советуется", "смело", "сломан", "откажитесь", "без сбоев"),
    *("положиться", "лучший вариант", "лучше брать"),
)
"""Stems count for all their forms, in the languages of the known pages. The words of the standings
themselves come from the catalogue of a language."""
CONTEXTUAL_ADVICE = (
    *("in production", "for production", "build on it", "safely", "reliable", "rely on", "stable"),
    *("unstable", "trusted", "works well", "works fine", "works again", "works without"),
    *("works now", "is fixed", "been fixed", "good default", "go with", "migrate to"),
    *("migrate away", "switch to", "move to", "opt for", "we advise", "we suggest", "is advised"),
    *("should use", "choose", "pick"),
    *("建议", "生产环境", "无法使用", "不能使用", "不可用", "可以使用", "最佳", "稳定", "修复"),
    *("运行正常", "正常工作", "先用", "先从", "改用", "可靠", "选用", "请选择", "失效"),
    *("本番環境", "本番で", "動作しま", "動きます", "動きません", "使えます", "使えません"),
    *("利用できます", "利用できません", "ご利用ください", "最適", "安定", "試してください"),
    *("選んでください", "修正され", "信頼でき", "移行してください", "切り替えてください"),
    *("продакшен", "не стоит", "стабильн", "выбирайте", "выберите", "исправлен", "надёжн"),
    *("надежн", "пользуйтесь", "переходите", "перейдите", "снова работает"),
    *("работает хорошо", "не подходит"),
)
"""Advice only in a paragraph that names an endpoint: elsewhere a reader may well choose a size, or
set a key in production."""
WARNINGS = (
    *("not recommended", "not-recommended", "unverified", "controlled testing", "do not use"),
    *("don't use", "never use", "avoid", "does not work", "broken", "keeps failing"),
    *("always fails", "no longer works", "out of order", "stay away", "steer clear"),
    *("advise against", "unreliable", "flaky", "unstable", "migrate away", "in production"),
    *("不推荐", "不推薦", "不要", "请勿", "避免", "避开", "别用", "弃用", "无法使用", "不能使用"),
    *("不可用", "失效", "生产环境", "非推奨", "使わないで", "避け", "使用しないで", "利用しないで"),
    *("控えて", "壊れて", "動きません", "使えません", "利用できません", "本番"),
    *("не рекоменд", "избегайте", "не работает", "сломан", "откажитесь", "не стоит", "не подходит"),
    *("нестабильн", "продакшен"),
)
"""Words that only warn: the reason of a hold, which can only lower a standing, may say them."""
