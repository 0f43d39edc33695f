"""Snippet: an endpoint's request in one language, rendered from the templates under `snippets/`.

Owns the languages and their quoting. Reads the templates and nothing else.
"""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import jinja2

from trueup.errors import BadInput
from trueup.media_type import ending_of_type
from trueup.model import (
    Route,
    RouteOutput,
    Status,
    anchor,
    form_files,
    form_items,
    header_of,
    name_of,
    query_name_of,
    split,
)
from trueup.place import Place
from trueup.protocols import steps_of
from trueup.request import protocol_of, request_of
from trueup.snippet.called_model import with_constant
from trueup.snippet.languages import LANGUAGES, PROGRAMS, Fence, Language, language_of, languages_of
from trueup.snippet.quoting import (
    is_javascript,
    is_plain,
    quote_shell,
    render_javascript,
    render_json,
    render_python,
    render_raw_json,
)
from trueup.snippet.sdk import arguments_of, openai_arguments_of
from trueup.snippet.template_environment import TemplateEnvironment

__all__ = [
    "LANGUAGES",
    "PROGRAMS",
    "Fence",
    "Snippet",
    "Snippets",
    "TemplateEnvironment",
    "base_places",
    "language_of",
    "languages_of",
    "render_snippet",
]


@dataclass(frozen=True)
class Snippet:
    """The code of an endpoint's request; `text` has no newline at its end, as it is copied."""

    endpoint: str
    language: Language
    text: str
    template: str

    @property
    def id(self) -> str:
        """Name that is unique on a page and valid as an HTML id."""
        return f"{anchor(self.endpoint)}--{self.language.name}"


@dataclass(frozen=True)
class Snippets:
    """The snippets that pages can publish, from the templates in `folder`, each rendered once;
    `made` are those so far, by endpoint and language."""

    status: Status
    folder: Path
    made: dict[tuple[str, str], Snippet] = field(default_factory=dict)

    def all(self) -> list[Snippet]:
        """Return them in the order of the file. Raises BadInput."""
        return [snippet for endpoint in self.status.endpoints for snippet in self.of(endpoint)]

    def of(self, endpoint: str) -> list[Snippet]:
        """Return those of an endpoint, in the order of their tabs. Raises BadInput."""
        languages = languages_of(self.status.route_of(endpoint), self.folder)
        return [self.one(endpoint, language.name) for language in languages]

    def one(self, endpoint: str, language: str) -> Snippet:
        """Return that of an endpoint in a language. Raises BadInput as `render_snippet` does."""
        key = endpoint, language
        if key not in self.made:
            self.made[key] = render_snippet(self.status, endpoint, language, self.folder)
        return self.made[key]


def render_snippet(status: Status, endpoint: str, language: str, folder: Path) -> Snippet:
    """Return an endpoint's snippet for the reference target, from the templates in `folder`.

    Raises BadInput when the template is missing or wrong, or cannot be published unchanged.
    """
    kind = LANGUAGES[language]
    name = f"{status.route_of(endpoint).protocol}/{kind.template}"
    file = folder / name
    environment = _environment(folder)
    environment.begin()
    try:
        text = environment.get_template(name).render(_context(status, endpoint))
    except BadInput as error:
        if error.message.where != Place("snippet"):
            raise
        problem = f"{kind.label}: {error.message.problem}"
        raise BadInput(endpoint, problem, error.message.fix) from error
    except jinja2.TemplateNotFound as error:
        problem = f"{error.name}, needed for {kind.label}, does not exist"
        raise BadInput(file, problem, "Write the template.") from error
    except Exception as error:  # of the template: its code raises what it likes
        problem = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise BadInput(_place(error, file), problem, "Correct the template.") from error
    return Snippet(endpoint, kind, _publishable(text, file), str(file))


def base_places(snippet: Snippet, status: Status, folder: Path) -> tuple[int, ...]:
    """Return the offsets of the base URL in a snippet, in the UTF-16 units of JavaScript.

    The same text within the body does not count. Raises BadInput for a template that does more
    with the base URL than write it.
    """
    name = status.reference
    tested = status.targets[name].base_url
    mark = f"https://{sha256(snippet.text.encode()).hexdigest()[:32]}.invalid"
    target = status.targets[name].model_copy(update={"base_url": mark})
    marked = status.model_copy(update={"targets": {**status.targets, name: target}})
    parts = render_snippet(marked, snippet.endpoint, snippet.language.name, folder).text.split(mark)
    if tested.join(parts) != snippet.text:
        raise BadInput(
            snippet.template,
            "the template uses the base URL for more than writing it",
            "Write it unchanged, so that readers can choose another.",
        )
    starts = accumulate(len(f"{part}{tested}".encode("utf-16-le")) // 2 for part in parts[:-1])
    return tuple(end - len(tested) for end in starts)


def _context(status: Status, endpoint: str) -> Mapping[str, Any]:
    model, _ = split(endpoint)
    route, sent = status.route_of(endpoint), request_of(status, endpoint, status.reference)
    method, path = sent.request.split(" ", 1)
    parts = with_constant(status, endpoint, sent)
    form = parts["form"] or {}
    name, scheme = header_of(sent.auth) or ("", "")
    name = "Authorization" if name == "authorization" else name
    return {
        **parts,
        "model": model,
        "name": name_of(endpoint),
        "constant": "MODEL" if parts["called"] == model else "NAME",
        "protocol": route.protocol,
        "kind": next(iter(protocol_of(status, endpoint).shapes.values())),
        "ending": _image_ending(status, endpoint),
        "upstream": status.upstream(model),
        "method": method,
        "base_url": sent.base_url,
        "path": path,
        "query": dict(parse_qsl(path.partition("?")[2], keep_blank_values=True)),
        "key_name": name,
        "key_scheme": scheme,
        "key_header": name and f"{name}: {scheme} ".replace(":  ", ": "),
        "key_query": query_name_of(sent.auth),
        "headers": sent.headers,
        "output": _output(route),
        "task": _task(route),
        "errors": list(map(steps_of, route.errors + status.targets[status.reference].errors)),
        "form_parts": [(name, item) for name, items in form_items(form) for item in items],
        "form_files": list(form_files(form)),
    }


def _image_ending(status: Status, endpoint: str) -> str:
    """Return the ending of the image that the endpoint last returned; png if it is not on record.

    A program goes by the first bytes. A curl command has its file's name before the reply.
    """
    seen = status.seen(endpoint, status.reference)
    newest = next((row.mime for row in seen if row.outcome in ("output", "mixed")), None)
    return ending_of_type(newest or "") or "png"


def _task(route: Route) -> Mapping[str, Any] | None:
    task = route.task
    if task is None:
        return None
    lines = {"poll": task.poll, "fetch": task.fetch}
    paths = {
        name: line and line.removeprefix("GET ").split("{task_id}") for name, line in lines.items()
    }
    places = {"id": task.id, "state": task.state, "error": task.error}
    steps = {name: None if one is None else steps_of(one) for name, one in places.items()}
    return {
        **steps,
        **paths,
        "done": list(task.done),
        "failed": list(task.failed),
    }


def _output(route: Route) -> Mapping[str, Any] | None:
    task, output = route.task, route.output
    if task is not None:
        output = RouteOutput(pointer=task.pointer, kind=task.kind)
    return None if output is None else {"steps": steps_of(output.pointer), "kind": output.kind}


@lru_cache(maxsize=16)
def _environment(folder: Path) -> TemplateEnvironment:
    filters: dict[str, Callable[..., Any]] = {
        "sh": quote_shell,
        "json": render_json,
        "py": render_python,
        "js": render_javascript,
        "raw_json": render_raw_json,
        "genai": arguments_of,
        "openai": openai_arguments_of,
    }
    environment = TemplateEnvironment(folder, filters, {"dict": dict, "refuse": _refuse})
    environment.tests.update(javascript=is_javascript)
    return environment


def _refuse(problem: str, fix: str) -> NoReturn:
    raise BadInput("snippet", problem, fix)


def _place(error: Exception, template: Path) -> Place:
    """Return the line of the template, or of one that it includes, where an error arose."""
    # Jinja puts a frame for each template into the traceback.
    frames = traceback.extract_tb(error.__traceback__)
    places = [Place(at.filename, at.lineno or 0) for at in frames if at.filename.endswith(".j2")]
    return places[-1] if places else Place(str(template))


def _publishable(text: str, file: Path) -> str:
    lines = [line.rstrip(" ") for line in text.strip("\n").split("\n")]
    odd = (line for line in lines if not is_plain(line))
    rejected = next((char for line in odd for char in line if not is_plain(char)), None)
    if rejected is not None:
        raise BadInput(
            file,
            f"the rendered snippet contains U+{ord(rejected):04X}, which is not copied unchanged",
            "Use spaces for indentation and the quoting filters for values.",
        )
    return "\n".join(lines)
