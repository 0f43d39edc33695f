"""Templates: mutants of the published requests, which readers would copy and run."""

import re
from collections.abc import Iterator
from functools import partial

from mutation.kinds import Changes, kind
from mutation.tree import Tree

FILTER = re.compile(r"\{\{ ([^{}|]+?) \| (sh|py|js)(\([0-9]\))? \}\}")
HEADER = re.compile(
    r"^\s*(?:-H '|\"?Content-Type|Authorization|\"x-goog|headers=).*\n", re.MULTILINE
)
AUTH = re.compile(r'\{% (?:el)?if auth == "([a-z-]+)" %\}')


def templates(tree: Tree) -> Iterator[tuple[str, str]]:
    """Path and text of each template."""
    for path in sorted(tree.files):
        if path.endswith(".j2"):
            yield path, tree.text(path)


def _with_line(text: str, line: str) -> str:
    """The template with a line more, where it shows: one that extends another has only blocks."""
    block = "{% endblock %}\n"
    if "{% extends" in text:
        return text.replace(block, f"{line}\n{block}", 1)
    return f"{text}{line}\n"


@kind("template-syntax")
def template_syntax(tree: Tree) -> Changes:
    """A template that Jinja cannot read, or that uses what it is not given."""
    for path, text in templates(tree):
        yield f"{path}: an open expression", {path: f"{text}{{{{ model\n"}
        yield f"{path}: an open statement", {path: f"{text}{{% if model %}}\n"}
        yield f"{path}: an undefined name", {path: _with_line(text, "{{ modle }}")}
        yield f"{path}: no text", {path: text.encode() + b"\xff\n"}
        if "shared" not in path:
            yield f"{path}: gone", {path: None}
    for path, text in templates(tree):
        for found in re.finditer(r'\{% (?:include|extends) "([^"]+)" %\}', text):
            new = found[0].replace(found[1], f"no-{found[1]}")
            yield f"{path}: of another", tree.swap(path, found[0], new)


@kind("wrong-quoting")
def wrong_quoting(tree: Tree) -> Changes:
    """A value without its quotes."""
    for path, text in templates(tree):
        for found in FILTER.finditer(text):
            if found[1] in ("sent.rest", "body", "sent.contents", "value"):
                continue  # as plain text it is the same JSON or Python, or is not in any block
            bare = f"{{{{ {found[1]} }}}}"
            yield f"{path}: {found[0]}", tree.swap(path, found[0], bare, found.start())
        if "| json(2) | sh }}" in text:
            yield f"{path}: the body", tree.swap(path, "| json(2) | sh }}", "| json(2) }}")


@kind("typed-in-template")
def typed_in_template(tree: Tree) -> Changes:
    """A fact of the status file typed in a template, or a host of nobody."""
    status = tree.stored.status
    endpoint = next(iter(status.endpoints))
    model = endpoint.partition("/")[0]
    route = status.route_of(endpoint)
    base = status.targets[status.reference].base_url
    for number, (path, text) in enumerate(templates(tree)):
        mark = "//" if ".mjs" in path else "#"
        facts = (
            "https://images.example.com/v1",
            base,
            status.upstream(model),
            f'"{model}"',
            route.request.split(" ")[1].split("{")[0],
            f"Tested on {tree.now.date()}",
            "This way is recommended",
            next(iter(status.signatures.values())).match,
        )
        for fact in facts[number % 2 :: 2]:
            yield f"{path}: {fact}", {path: _with_line(text, f"{mark} {fact}")}


SWAPS = {
    "dropped-header": {
        "curl.sh.j2": [
            ("  -H 'Content-Type: application/json' \\\n", ""),
            ("  -H 'Authorization: Bearer YOUR_API_KEY' \\\n", ""),
        ],
        "python.py.j2": [
            ('        headers={"Authorization": f"Bearer {API_KEY}"},\n', ""),
        ],
        "javascript.mjs.j2": [
            ('      "Content-Type": "application/json",\n', ""),
            ("      Authorization: `Bearer ${API_KEY}`,\n", ""),
        ],
    },
    "wrong-auth-in-code": {
        "curl.sh.j2": [
            ("key=YOUR_API_KEY", "api_key=YOUR_API_KEY"),
            ("Authorization: Bearer YOUR", "Authorization: YOUR"),
            ("Authorization: Bearer YOUR_API_KEY", "x-goog-api-key: YOUR_API_KEY"),
            ("key=YOUR_API_KEY", "key=$API_KEY"),
            ("Bearer YOUR_API_KEY", "Bearer $API_KEY"),
        ],
        "python.py.j2": [
            ('"key": API_KEY', '"api_key": API_KEY'),
            ("Bearer {API_KEY}", "{API_KEY}"),
            ('{"Authorization": f"Bearer {API_KEY}"}', '{"x-goog-api-key": API_KEY}'),
            ('API_KEY = "YOUR_API_KEY"', 'API_KEY = "YOUR_KEY"'),
        ],
        "javascript.mjs.j2": [
            ("key=${API_KEY}", "api_key=${API_KEY}"),
            ("`Bearer ${API_KEY}`", "API_KEY"),
            ("Authorization: `Bearer ${API_KEY}`", '"x-goog-api-key": API_KEY'),
            ('API_KEY = "YOUR_API_KEY"', 'API_KEY = "YOUR_KEY"'),
        ],
        "genai.py.j2": [
            ('API_KEY = "YOUR_API_KEY"', 'API_KEY = "YOUR_KEY"'),
            ("api_key=API_KEY", 'api_key="API_KEY"'),
        ],
    },
    "wrong-method-in-code": {
        "curl.sh.j2": [
            ('curl {% if method != "POST" %}-X {{ method }} {% endif %}', "curl -X GET "),
            ('curl {% if method != "POST" %}-X {{ method }} {% endif %}', "curl -X PUT "),
            ("  -d {{", "  -G -d {{"),
        ],
        "python.py.j2": [("{{ method | py }}", '"PUT"'), ("{{ method | py }}", '"GET"')],
        "javascript.mjs.j2": [("method: {{ method | js }}", 'method: "PUT"')],
        "genai.py.j2": [
            ("client.models.generate_content(", "client.models.generate_content_stream("),
            ('{{ path.split("/")[1] | py }}', '"v1"'),
        ],
    },
    "wrong-body-in-code": {
        "curl.sh.j2": [
            ("-d {{ body | json(2) | sh }}", "-d '{}'"),
            ("{{ body | json(2) | sh }}", "{{ dict(body, size='1K') | json(2) | sh }}"),
            ("{{ body | json(2) | sh }}", "{{ body | json(2) | replace('p', 'P', 1) | sh }}"),
        ],
        "python.py.j2": [
            ("json=BODY", 'json={**BODY, "n": 1}'),
            ("json=BODY", "json=dict(list(BODY.items())[1:])"),
            ("json=BODY", "data=BODY"),
        ],
        "javascript.mjs.j2": [
            ('"JSON.stringify(BODY)"', '"JSON.stringify({ ...BODY, n: 1 })"'),
            ('"JSON.stringify(BODY)"', '"String(BODY)"'),
        ],
        "genai.py.j2": [
            ("            config=CONFIG,\n", ""),
            ("{{ name }}={{ value | py(4) }}", 'top_k=1,\n    {{ name }}={{ value | py(4) }}'),
        ],
    },
    "wrong-model-in-code": {
        "curl.sh.j2": [("{{ (url ~", "{{ (url | replace('image', 'imag') ~")],
        "python.py.j2": [("URL = {{ url | py }}", 'URL = {{ url | py }}.replace("image", "imag")')],
        "javascript.mjs.j2": [
            ("ENDPOINT = {{ url | js }}", 'ENDPOINT = {{ url | js }}.replace("image", "imag")')
        ],
        "genai.py.j2": [("model={{ upstream | py }}", "model={{ model | py }}")],
    },
    "no-image-saved": {
        "python.py.j2": [
            ("    file.write_bytes(image)\n", ""),
            ("file.write_bytes(image)", "file.write_bytes(image[:-9])"),
            ("Path(MODEL +", 'Path("image" +'),
            ('    print(f"Saved {file} ({len(image)} bytes)")\n', ""),
        ],
        "javascript.mjs.j2": [
            ("  await writeFile(file, image);\n", ""),
            ("writeFile(file, image)", "writeFile(file, image.subarray(9))"),
            ("const file = `${MODEL}", "const file = `image"),
            ("  console.log(`Saved ${file} (${image.length} bytes)`);\n", ""),
        ],
        "genai.py.j2": [
            ("    file.write_bytes(image)\n", ""),
            ("file.write_bytes(image)", "file.write_bytes(image[:-9])"),
            ('    print(f"Saved {file} ({len(image)} bytes)")\n', ""),
        ],
    },
    "ignored-failure": {
        "python.py.j2": [
            ('    sys.exit(f"{MODEL}', '    print(f"{MODEL}'),
            ("    if reply.is_error or found.get", "    if found.get"),
            ('sys.exit(f"{MODEL}: no image: {reason or type(error).__name__}")', "pass"),
            ("except Exception as error:", "except KeyError as error:"),
        ],
        "javascript.mjs.j2": [
            ("  process.exitCode = 1;\n", ""),
            ("  console.error(`${MODEL}: no image: ${reason}`);\n", ""),
            ("} catch (error) {", "} catch (error) {\n  throw error;"),
        ],
        "genai.py.j2": [('    sys.exit(f"{MODEL}', '    print(f"{MODEL}')],
        "curl.sh.j2": [("curl {% if", "curl --fail {% if"), ("curl {% if", "true curl {% if")],
    },
    "wrong-shape-in-code": {
        "gemini/python.py.j2": [
            ('part.get("inlineData")', 'part.get("inline_data")'),
            ("data:(image/", "data:(picture/"),
            ("if found := re.search(r\"!\\[", "if found := re.search(r\"!!\\["),
        ],
        "gemini/javascript.mjs.j2": [
            ("{ inlineData } of", "{ inline_data: inlineData } of"),
            ("/data:(image", "/data:(picture"),
            ("const link = /!", "const link = /!!"),
        ],
        "gemini/genai.py.j2": [
            ("if part.inline_data:", "if part.file_data:"),
            ("data:(image/", "data:(picture/"),
            ("if found := re.search(r\"!\\[", "if found := re.search(r\"!!\\["),
        ],
    },
}  # fmt: skip
"""By class, the ends of the paths of templates, with what is put in the place of what."""


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


@kind("request-on-a-console")
def request_on_a_console(tree: Tree) -> Changes:
    """A request in a block that is never run."""
    status = tree.stored.status
    base = status.targets[status.reference].base_url
    for path in sorted(tree.files):
        if path.startswith("snippets/console/") and path.endswith(("mock.txt", "live.txt")):
            yield path, {path: f"{tree.text(path)}$ curl {base}/v1/images\n"}
