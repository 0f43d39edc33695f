"""Templates: mutants of the published requests, which readers copy and run."""

import re
from collections.abc import Iterator
from functools import partial

from mutation.tree import Changes, Tree, kind

FILTER = re.compile(r"\{\{ ([^{}|]+?) \| (sh|py|js)(\([0-9]\))? \}\}")


def templates(tree: Tree) -> Iterator[tuple[str, str]]:
    """Return path and text of each template."""
    for path in sorted(tree.files):
        if path.endswith(".j2"):
            yield path, tree.text(path)


@kind("wrong-quoting")
def wrong_quoting(tree: Tree) -> Changes:
    """A value without its quotes."""
    for path, text in templates(tree):
        for found in FILTER.finditer(text):
            if found[1] in ("sent.rest", "body", "sent.contents", "value", "output.steps"):
                continue  # as plain text it is the same JSON or Python, or is not in any block
            bare = f"{{{{ {found[1]} }}}}"
            name = f"{path}: {found[0]} at {found.start()}"
            yield name, tree.swap(path, found[0], bare, found.start())
        if "| json(2) | sh }}" in text:
            yield f"{path}: the body", tree.swap(path, "| json(2) | sh }}", "| json(2) }}")


SWAPS = {
    "wrong-request-in-code": {
        "curl.sh.j2": [
            ("  -H 'Content-Type: application/json'\n", "  -H 'X-Type: application/json'\n"),
            ("~ key_query ~", "~ 'api_key' ~"),
            ("(key_header ~", "('X-' ~ key_header ~"),
            ("(key_header ~", "('x-goog-api-key: ' ~"),
            ('"=YOUR_API_KEY"', '"=$API_KEY"'),
            ('~ "YOUR_API_KEY")', '~ "$API_KEY")'),
            ("curl {% if method != usual %}-X {{ method }} {% endif %}", "curl -X GET "),
            ("curl {% if method != usual %}-X {{ method }} {% endif %}", "curl -X PUT "),
            ("  -d {{", "  -G -d {{"),
            ("-d {{ body | json(2) | sh }}", "-d '{}'"),
            ("{{ body | json(2) | sh }}", "{{ dict(body, size='1K') | json(2) | sh }}"),
            ("{{ body | json(2) | sh }}", "{{ body | json(2) | replace('p', 'P', 1) | sh }}"),
            ("{{ (url ~", "{{ (url | replace('image', 'imag') ~"),
        ],
        "shared/model.py.j2": [
            ("MODEL = {{ called | py }}", "MODEL = {{ called | upper | py }}"),
        ],
        "shared/constants.py.j2": [
            ('API_KEY = "YOUR_API_KEY"', 'API_KEY = "YOUR_KEY"'),
            ("URL = {{ url | py }}", 'URL = {{ url | py }}.replace("image", "imag")'),
        ],
        "shared/request.py.j2": [
            ("{{ key_query | py }}: API_KEY", '"api_key": API_KEY'),
            ("(key_name | py)", '("x-goog-api-key" | py)'),
            ("~ ' {API_KEY}\"'", "~ '{API_KEY}\"'"),
            ("{{ method | py }}", '"PUT"'),
            ("{{ method | py }}", '"GET"'),
            ("json=BODY", 'json={**BODY, "n": 1}'),
            ("json=BODY", "json=dict(list(BODY.items())[1:])"),
            ("json=BODY", "data=BODY"),
        ],
        "shared/constants.mjs.j2": [
            ("MODEL = {{ called | js }}", "MODEL = {{ called | upper | js }}"),
            ('API_KEY = "YOUR_API_KEY"', 'API_KEY = "YOUR_KEY"'),
            ("ENDPOINT = {{ url | js }}", 'ENDPOINT = {{ url | js }}.replace("image", "imag")'),
        ],
        "shared/request.mjs.j2": [
            ('      "Content-Type": "application/json",\n', ""),
            ("{{ key_query }}=${API_KEY}", "api_key=${API_KEY}"),
            ('" ${API_KEY}`"', '"${API_KEY}`"'),
            ("method: {{ method | js }}", 'method: "PUT"'),
            ('"JSON.stringify(BODY)"', '"JSON.stringify({ ...BODY, n: 1 })"'),
            ('"JSON.stringify(BODY)"', '"String(BODY)"'),
        ],
        "genai.py.j2": [
            ('API_KEY = "YOUR_API_KEY"', 'API_KEY = "YOUR_KEY"'),
            ("api_key=API_KEY", 'api_key="API_KEY"'),
            ("client.models.generate_content(", "client.models.generate_content_stream("),
            ('{{ path.split("/")[1] | py }}', '"v1"'),
            ("                config=CONFIG,\n", ""),
            ("{{ name }}={{ value | py(4) }}", 'top_k=1,\n    {{ name }}={{ value | py(4) }}'),
            ("model=MODEL", "model=MODEL.upper()"),
        ],
    },
    "wrong-reply-in-code": {
        "shared/reading.py.j2": [
            ("    file.write_bytes(image)\n", ""),
            ("file.write_bytes(image)", "file.write_bytes(image[:-9])"),
            ('Path(f"{{', 'Path(f"image{{'),
            ("re.match(FORMATS, image).lastgroup", "'jpg'"),
            ('    print(f"Saved {file} ({len(image)} bytes)")\n', ""),
        ],
        "javascript.mjs.j2": [
            ("  await writeFile(file, image);\n", ""),
            ("writeFile(file, image)", "writeFile(file, image.subarray(9))"),
            ("const file = `${ {{-", "const file = `image${ {{-"),
            ("${ending(image)}", "jpg"),
            ("  console.log(`Saved ${file} (${image.length} bytes)`);\n", ""),
        ],
        "gemini/find_image.py.j2": [
            ('part.get("inlineData")', 'part.get("inlineDate")'),
            ("data:image/", "data:picture/"),
            ("re.search(r\"!\\[", "re.search(r\"!!\\["),
        ],
        "gemini/javascript.mjs.j2": [
            ("part.inlineData", "part.inlineDate"),
            ("/data:image", "/data:picture"),
            ("const link = /!", "const link = /!!"),
        ],
        "gemini/genai.py.j2": [
            ("reply.read()", 'b""'),
        ],
    },
    "ignored-failure": {
        "shared/report.py.j2": [
            ('    sys.exit(f"', '    print(f"'),
            ("except Exception as error:", "except KeyError as error:"),
        ],
        "shared/reading.py.j2": [
            ('raise ValueError(f"HTTP {status}: {explain(text)}")', "return"),
            ("has_reply = 200 <= status < 300 and text", "has_reply = text"),
        ],
        "shared/report.mjs.j2": [
            ("  process.exitCode = 1;\n", ""),
            ("  console.error(`", "  void (`"),
            ("} catch (error) {", "} catch (error) {\n  throw error;"),
        ],
        "curl.sh.j2": [
            ("curl {% if", "curl --fail {% if"),
            ("curl {% if", "true curl {% if"),
        ],
    },
}  # fmt: skip
"""By class and end of a template's path, pairs of old and new text."""


def _swaps(name: str, tree: Tree) -> Changes:
    for end, pairs in SWAPS[name].items():
        for path, text in templates(tree):
            if path.endswith(end):
                for old, new in pairs:
                    if old in text:
                        yield (
                            f"{path}: {new.strip() or 'no ' + old.strip()}",
                            tree.swap(path, old, new),
                        )


for each in SWAPS:
    kind(each)(partial(_swaps, each))
