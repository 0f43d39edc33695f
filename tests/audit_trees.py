"""Trees of docs for the tests of the audit, clean ones in several languages, with a history."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from trueup.audit import audit_tree
from trueup.finding import Finding

DAY = "2026-03-25"
LANGUAGES = ("en", "zh", "ja", "ru")
WORDS = {
    "en": {
        "title": "Image route",
        "use": "Use",
        "or": "or",
        "for": "for images.",
        "verified": "Verified on",
        "returned": "returned an image.",
        "limits": "Limits",
        "field": "Field",
        "meaning": "Meaning",
        "size": "Size of the image",
        "count": "Number of images",
        "seed": "Start of the random numbers",
        "comment": "Send one request",
        "prompt": "A clean icon of a paper boat",
        "key": "YOUR_API_KEY",
        "more": "It costs 0.04 for each of 1,000 images.",
    },
    "zh": {
        "title": "图像接口",
        "use": "使用",
        "or": "或",
        "for": "生成图像。",
        "verified": "验证于",
        "returned": "返回了图像。",
        "limits": "限制",
        "field": "字段",
        "meaning": "含义",
        "size": "图像尺寸",
        "count": "图像数量",
        "seed": "随机数种子",
        "comment": "发送一个请求",
        "prompt": "一只纸船的简洁图标",
        "key": "你的密钥",
        "more": "每 1,000 张图像收费 0.04。",
    },
    "ja": {
        "title": "画像ルート",
        "use": "画像には",
        "or": "または",
        "for": "を使います。",
        "verified": "検証日",
        "returned": "画像が返りました。",
        "limits": "制限",
        "field": "項目",
        "meaning": "意味",
        "size": "画像のサイズ",
        "count": "画像の枚数",
        "seed": "乱数の種",
        "comment": "リクエストを送る",
        "prompt": "紙の船のシンプルなアイコン",
        "key": "YOUR_API_KEY",
        "more": "1,000 枚の画像ごとに 0.04 かかります。",
    },
    "ru": {
        "title": "Маршрут изображений",
        "use": "Используйте",
        "or": "или",
        "for": "для изображений.",
        "verified": "Проверено",
        "returned": "вернула изображение.",
        "limits": "Ограничения",
        "field": "Поле",
        "meaning": "Значение",
        "size": "Размер изображения",
        "count": "Число изображений",
        "seed": "Начало случайных чисел",
        "comment": "Отправить запрос",
        "prompt": "Простой значок бумажного кораблика",
        "key": "ВАШ_КЛЮЧ",
        "more": "Каждые 1 000 изображений стоят 0,04.",
    },
}
PAGE = """\
---
title: {title} {n}
---

# {title} {n}

{use} `boat-{n}-image` {or} `boat-{n}-fast` {for}

{verified} 2026-03-23: `boat-{n}-image` {returned}

```bash
# {comment}
curl -X POST https://api.example.com/v1/images/boat{n} \\
  -H "Authorization: Bearer {key}" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "boat-{n}-image", "prompt": "{prompt}", "n": 2, "size": "large"}}'
```

```json
{{
  "id": "img_{n}",
  "status": "succeeded",
  "data": [{{"url": "https://files.example.com/{n}.png"}}]
}}
```

## {limits}

| {field} | {meaning} | 2026 |
| --- | --- | --- |
| `size` | {size} | 1024 |
| `n` | {count} | 4 |
| `seed_{n}` | {seed} | 2147483647 |

{more}

- `boat-{n}-image`: {size}
- `boat-{n}-fast`: {count}
"""


def page_text(language: str, number: int) -> str:
    """Return a clean page, the same in each language but for what is translated."""
    return PAGE.format(n=number, **WORDS[language])


def clean_tree(pages: int = 6, languages: tuple[str, ...] = LANGUAGES) -> dict[str, str]:
    """Return the files of a clean tree by path, `docs/LANG/page-N.md`."""
    return {
        f"docs/{language}/page-{number}.md": page_text(language, number)
        for number in range(1, pages + 1)
        for language in languages
    }


def write_files(top: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files under a folder; return it."""
    for name, content in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return top


def commit_on(top: Path, day: str, files: Mapping[str, str | bytes] | None = None) -> Path:
    """Commit a folder, with further files, on a date; it becomes a repository if it is none."""
    write_files(top, files or {})
    at = {"GIT_AUTHOR_DATE": f"{day}T12:00:00", "GIT_COMMITTER_DATE": f"{day}T12:00:00"}
    author = ("-c", "user.name=A. Person", "-c", "user.email=person@example.com")
    for words in (
        ("init", "--quiet", "--template=", "--initial-branch=main"),
        ("add", "--all"),
        ("commit", "--quiet", "--allow-empty", "--message=Change"),
    ):
        command = ["git", "-C", str(top), *author, *words]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, **at})
    return top


def replaced(files: Mapping[str, str], old: str, new: str) -> dict[str, str]:
    """Return files with a text replaced in all of them."""
    return {name: text.replace(old, new) for name, text in files.items()}


def shown(findings: list[Finding], top: Path) -> list[str]:
    """Return `rule path:line path:line…` of each finding, with paths from the top."""
    return [
        " ".join([one.rule, *(str(at).replace(f"{top}/", "") for at in (one.where, *one.others))])
        for one in findings
    ]


def audited(top: Path, openapi: Path | None = None) -> list[str]:
    """Return the findings of a tree as `shown` has them."""
    return shown(audit_tree(top, openapi=openapi).findings, top)
