"""Samples of the rules about advices and versions in headings, and sentences with advices."""

from audit_samples import Pair, Sample, page

ON = "`boat-1` on `POST /v1/boats`"
IDS = "- `boat-4-large`\n- `boat-4-small`\n"

ADVICE_SAMPLES: dict[str, Pair] = {
    "advice-both-ways": Pair(
        Sample(
            {
                "a.md": f"# Routes\n\nText.\n\n{ON} is recommended.\n",
                "b.md": f"# Notes\n\n- Avoid {ON}.\n",
                "c.md": "# Status\n\n| Model | Route | Status |\n| --- | --- | --- |\n"
                "| `boat-1` | `POST /v1/boats` | Production-ready |\n",
            },
            found="a.md:5 c.md:5 b.md:3",
        ),
        Sample(
            {
                "a.md": f"# Routes\n\n{ON} is recommended.\n\n`boat-2` is recommended for maps.\n",
                "b.md": "# Notes\n\nAvoid `boat-1` on `POST /v2/boats`.\n\nAvoid `boat-2`.\n",
            }
        ),
    ),
    "heading-version": Pair(
        Sample(page(f"# Models\n\n## Boat 3.5\n\n{IDS}"), found="a.md:3 a.md:5 a.md:6"),
        Sample(page(f"# Models\n\n## Boat 4\n\n{IDS}\n## Boat 3.5\n\n{IDS}- `boat-3.5`\n")),
    ),
}

RECOMMENDED = """\
`boat-1` is ready for production.
`boat-1` 可用于生产。
For new work use `boat-1`.
`boat-1` is recommended and `boat-9` is deprecated.
`boat-1` is recommended.
We recommend `boat-1`.
We recommend using the `boat-1` model.
Recommended model: `boat-1`.
The recommended model is `boat-1`.
`boat-1` (recommended)
**Recommended:** `boat-1`
`boat-1` is production-ready.
`boat-1` is the recommended choice for new projects.
Use `boat-1`.
Please use `boat-1` instead.
Do not use `boat-9`, use `boat-1` instead.
Use `boat-1` instead of `boat-9`.
Prefer `boat-1`, not `boat-9`.
`boat-1` through `POST /v1/boats` is recommended.
Use `POST /v1/boats` with `boat-1`.
`boat-1` is recommended because it is fast.
You should use `boat-1`.
推荐使用 `boat-1`。
建议使用 `boat-1` 模型。
请使用 `boat-1`。
不要使用 `boat-9`，请使用 `boat-1`。
`boat-1` 是推荐的模型。
推荐的模型是 `boat-1`。
`boat-1` を推奨します。
推奨モデルは `boat-1` です。
`boat-1` を使ってください。
`boat-1` は推奨されています。
Рекомендуем `boat-1`.
Рекомендуется использовать `boat-1`.
Используйте `boat-1`.
`boat-1` рекомендуется для новых проектов.
`boat-1` wird empfohlen.
Wir empfehlen `boat-1`.
Verwenden Sie bitte `boat-1`.
Bitte verwenden Sie `boat-1`.
Nous recommandons `boat-1`.
`boat-1` est recommandé.
Nous vous recommandons d'utiliser `boat-1`.
Utilisez `boat-1`.
Se recomienda `boat-1`.
Recomendamos usar `boat-1`.
`boat-1` está recomendado.
Recomendamos o `boat-1`.
`boat-1` é o modelo recomendado.
`boat-1`를 권장합니다.
`boat-1`을 사용하세요.
`boat-1` 사용을 추천합니다.
"""

ADVISED_AGAINST = """\
It is not recommended to use `boat-1`.
We recommend not to use `boat-1`.
`boat-1` 不可用于生产。
**`boat-1`** — not recommended for production.
`boat-1` is not recommended.
`boat-1` isn't recommended.
`boat-1` is no longer recommended.
We do not recommend `boat-1`.
We don't recommend using `boat-1`.
Avoid `boat-1`.
Avoid using `boat-1`.
Do not use `boat-1`.
Don’t use `boat-1`.
Never use `boat-1`.
Do not use `boat-1` in new projects.
Do not use `boat-1`: it fails half of the time.
`boat-1` is deprecated for new work.
`boat-1` should not be used.
`boat-1` is not production-ready.
`boat-1` is not currently recommended.
Not recommended: `boat-1`
Do not use `boat-1` via `POST /v1/boats`.
不推荐使用 `boat-1`。
不建议使用 `boat-1`。
请勿使用 `boat-1`。
避免使用 `boat-1`。
不要在新项目中使用 `boat-1`。
`boat-1` 不推荐使用。
`boat-1` 已弃用。
`boat-1` は非推奨です。
`boat-1` は推奨しません。
`boat-1` の使用は推奨しません。
`boat-1` を使わないでください。
Не используйте `boat-1`.
`boat-1` не рекомендуется.
Избегайте `boat-1`.
Не рекомендуем использовать `boat-1`.
`boat-1` wird nicht empfohlen.
Verwenden Sie `boat-1` nicht.
Verwenden Sie nicht `boat-1`.
Vermeiden Sie `boat-1`.
Wir empfehlen `boat-1` nicht.
N'utilisez pas `boat-1`.
Ne pas utiliser `boat-1`.
`boat-1` n'est pas recommandé.
`boat-1` est déconseillé.
Évitez `boat-1`.
Nous ne recommandons pas `boat-1`.
No use `boat-1`.
Evite `boat-1`.
No se recomienda `boat-1`.
`boat-1` no está recomendado.
Não use `boat-1`.
`boat-1` não é recomendado.
`boat-1`는 권장하지 않습니다.
`boat-1`을 사용하지 마세요.
`boat-1` 사용을 권장하지 않습니다.
"""

NEITHER = """\
`boat-1` is recommended; avoid it in tests.
`boat-1` is recommended. It is not recommended in tests.
`boat-1` is not deprecated.
`boat-1` は非推奨ではありません。
There is no reason to avoid `boat-1`.
Use `boat-1` for images.
When streaming, use `boat-1`.
`boat-1` is recommended if you need speed.
The recommended size of `boat-1` is large.
Recommended `boat-1` settings: none.
`boat-1` recommended size
Avoid `boat-1` prompts.
Avoid sending `boat-1`.
We use `boat-1`.
You can use `boat-1`.
To use `boat-1`, set the key.
Should I use `boat-1`?
Need speed? Use `boat-1`.
`boat-1` was recommended.
Use `boat-1` or `boat-2`.
Do not use `boat-1` without a key.
Use `boat-1` with `stream`.
Use the `boat-1` prefix.
No need to avoid `boat-1`.
Do not avoid `boat-1`.
Support says `boat-1` is recommended.
Avoid the `boat-1`-based route.
On 2026-04-03 `boat-1` is recommended.
Otherwise, use `boat-1`.
Use `--boat-1`.
Use `boat.md`.
Use `boat()`.
推荐使用 `boat-1` 生成图片。
如果需要透明背景，请使用 `boat-1`。
`boat-1` 的推荐尺寸是 1024。
`boat-1` 推荐尺寸 1024。
不要修改 `boat-1`。
画像には `boat-1` を使ってください。
`boat-1` の推奨サイズは大です。
`boat-1` は推奨サイズを返します。
Не меняйте `boat-1`.
Для изображений используйте `boat-1`.
Verwenden Sie `boat-1` für Bilder.
Wenn Sie streamen, verwenden Sie `boat-1`.
Utilisez `boat-1` pour les images.
Use `boat-1` para imágenes.
Use `boat-1` para imagens.
이미지에는 `boat-1`을 사용하세요.
Die empfohlene Größe von `boat-1` ist groß.
`boat-1` is recommended, unless you stream.
Prefer `boat-1` to `boat-2`.
~~Use `boat-1`.~~
Use `boat-1` prompts.
Use `X-Api-Key`.
Use `multipart/form-data`.
Avoid `base64`.
Avoid `zh-CN`.
`boat-1` is recommended over `boat-2`.
`boat-1` will be recommended.
Remember to avoid `boat-1` tests.
Neither `boat-1` nor `boat-2` is recommended.
It is false that `boat-1` is recommended.
If you must, use `boat-1`.
Only use `boat-1`.
Recommended: `boat-1` or `boat-2`.
`boat-1` is only recommended here.
`boat-1` (not recommended size)
`boat-1`, with streaming, is recommended.
The keys of `boat-1` are deprecated.
Deprecated `boat-1` keys
`boat-1` 推荐用于图片。
仅推荐 `boat-1`。
`boat-1` 的使用说明
`boat-1` は画像向けに推奨されます。
Nicht nur `boat-1` wird empfohlen.
`boat-1` est recommandé pour les images.
Use `boat-1`'s prompts.
Choose `boat-1` in the menu.
Use `boat-1` as a prefix.
"""
