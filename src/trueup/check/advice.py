"""Advice: the words in which a sentence tells a reader to build on a route, or not to."""

ADVICE = (
    *("recommend", "recommends", "start with", "use this", "use it", "use instead", "do not use"),
    *("don't use", "never use", "avoid", "prefer", "preferred", "does not work", "broken"),
    *("production-ready", "first choice", "best choice", "working choice", "safe to use"),
    *("推荐", "推薦", "首选", "优先使用", "请使用", "不要使用", "请勿使用", "避免使用"),
    *("推奨", "おすすめ", "お勧め", "使ってください", "お使いください", "使わないで", "避けて"),
    *("рекоменд", "используйте", "избегайте", "предпоч", "не работает", "лучший выбор"),
    "начните с",
)
"""In the languages that the pages are known to be in; a stem stands for its forms. The words of the
standings themselves are not among them: those come from the catalogue of a language."""
