"""Gateway: what a new site is about, and the first route of each kind. Reads no file, no clock."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from trueup.errors import BadInput
from trueup.model import NAME, Auth, AuthKind, Body, Model, Route, Shape

PROMPT = "A clean icon of a paper boat on a white background"
BASE_URL = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]{1,5})?")
TITLE = re.compile(r"[^\W_](?:[\w .,:()&+/'-]{0,78}[\w.)])?")


@dataclass(frozen=True)
class Kind:
    """How a protocol is called first: its route, an endpoint's body, how an image comes back."""

    name: str
    title: str
    request: str
    auth: AuthKind
    body: Body
    shape: Shape


KINDS: Mapping[str, Kind] = {
    "openai-images": Kind(
        name="images-generations",
        title="Image generations",
        request="POST /v1/images/generations",
        auth="bearer",
        body={"prompt": PROMPT},
        shape="b64-json",
    ),
    "gemini": Kind(
        name="generate-content",
        title="Content generation",
        request="POST /v1beta/models/{upstream}:generateContent",
        auth="x-goog-api-key",
        body={
            "contents": [{"role": "user", "parts": [{"text": PROMPT}]}],
            "generationConfig": {"responseModalities": ["TEXT", "IMAGE"]},
        },
        shape="inline-data",
    ),
}


@dataclass(frozen=True)
class SiteAnswers:
    """A gateway with one model on one route, on the day of its sample.

    BadInput names the option whose value cannot be used.
    """

    day: date
    title: str = "Example gateway"
    base_url: str = "https://gateway.example.com"
    model: str = "example-image-1"
    protocol: str = "openai-images"

    def __post_init__(self) -> None:
        require("--title", self.title, TITLE, "a name in plain letters, such as Example gateway,")
        require("--base-url", self.base_url, BASE_URL, "https and a host, https://example.com,")
        require("--model", self.model, re.compile(NAME), "a name such as example-image-1")
        if self.protocol not in KINDS:
            found = f"--protocol {self.protocol}: no first route of it is known"
            raise BadInput(f"{found}; one of {', '.join(KINDS)} was expected. Choose one.")

    @property
    def kind(self) -> Kind:
        """How its protocol is called."""
        return KINDS[self.protocol]

    @property
    def route(self) -> Route:
        """Its route."""
        kind = self.kind
        auth = Auth(documented=kind.auth)
        return Route(title=kind.title, request=kind.request, protocol=self.protocol, auth=auth)

    @property
    def endpoint(self) -> str:
        """Its model on its route."""
        return f"{self.model}/{self.kind.name}"


def title_of(name: str) -> str:
    """A model's name as people might write it."""
    return " ".join(part.capitalize() for part in re.split(r"[-_]+", name) if part) or name


def model_of(
    name: str, title: str | None = None, upstream: str | None = None, family: str | None = None
) -> Model:
    """A model by its name, with a title made of that unless one is given.

    Not validated: the store words what is wrong, when it reads the file with the model in.
    """
    told = title_of(name) if title is None else title
    return Model.model_construct(title=told, upstream=upstream, family=family)


def require(what: str, value: str, form: re.Pattern[str], expected: str) -> None:
    """BadInput where a value is not of the form."""
    if not form.fullmatch(value):
        raise BadInput(f"{what} {value!r}: it has another form; {expected} was expected. Give it.")
