"""Answers: what a new site is about, and the first route of each kind. Reads no file, no clock."""

import re
import wave
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from hashlib import sha256
from io import BytesIO

from trueup.errors import BadInput
from trueup.model import NAME, Auth, Body, Endpoint, FormFile, Route, Shape, Task

PROMPT = "A clean icon of a paper boat on a white background"
QUESTION = "Answer with one word: pong"
BASE_URL = re.compile(r"https://[a-z0-9.-]+(:[0-9]{1,5})?")
TITLE = re.compile(r"[^\W_](?:[\w .,:()&+/'-]{0,78}[\w.)])?")
"""80 characters at most, to fit on one line of the settings; none that a page would render."""


@cache
def silence() -> bytes:
    """Return half a second of sound that says nothing, as WAV."""
    with BytesIO() as file:
        with wave.open(file, "wb") as sound:
            sound.setparams((1, 1, 8000, 4000, "NONE", ""))
            sound.writeframes(bytes([128]) * 4000)
        return file.getvalue()


@dataclass(frozen=True)
class Kind:
    """The first route of a protocol, the body of its endpoint or the part `file` of its form, and
    the shape of its reply."""

    name: str
    title: str
    request: str
    auth: Auth
    shape: Shape
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    file: tuple[str, str, bytes] | None = None
    """Name, media type and bytes."""
    task: Task | None = None

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint as the status file has it."""
        if self.file is None:
            return Endpoint(body=self.body)
        name, mime, content = self.file
        sent = FormFile(file=name, mime=mime, sha256=sha256(content).hexdigest())
        return Endpoint(form={"file": sent})


KINDS: Mapping[str, Kind] = {
    "anthropic-messages": Kind(
        name="messages",
        title="Messages",
        request="POST /v1/messages",
        auth="header x-api-key",
        body={"max_tokens": 64, "messages": [{"role": "user", "content": QUESTION}]},
        shape="content-blocks",
        headers={"anthropic-version": "2023-06-01"},
    ),
    "openai-chat": Kind(
        name="chat",
        title="Chat",
        request="POST /v1/chat/completions",
        auth="bearer",
        body={"messages": [{"role": "user", "content": QUESTION}]},
        shape="message",
    ),
    "openai-embeddings": Kind(
        name="embeddings",
        title="Embeddings",
        request="POST /v1/embeddings",
        auth="bearer",
        body={"input": [QUESTION], "encoding_format": "float"},
        shape="float-vectors",
    ),
    "openai-images": Kind(
        name="images-generations",
        title="Image generations",
        request="POST /v1/images/generations",
        auth="bearer",
        body={"prompt": PROMPT},
        shape="b64-json",
    ),
    "openai-responses": Kind(
        name="responses",
        title="Responses",
        request="POST /v1/responses",
        auth="bearer",
        body={"input": QUESTION},
        shape="response",
    ),
    "gemini": Kind(
        name="generate-content",
        title="Content generation",
        request="POST /v1beta/models/{upstream}:generateContent",
        auth="header x-goog-api-key",
        body={
            "contents": [{"role": "user", "parts": [{"text": PROMPT}]}],
            "generationConfig": {"responseModalities": ["TEXT", "IMAGE"]},
        },
        shape="inline-data",
    ),
    "openai-speech": Kind(
        name="audio-speech",
        title="Speech",
        request="POST /v1/audio/speech",
        auth="bearer",
        body={"input": "This is a test.", "voice": "alloy"},
        shape="audio",
    ),
    "openai-transcriptions": Kind(
        name="audio-transcriptions",
        title="Transcriptions",
        request="POST /v1/audio/transcriptions",
        auth="bearer",
        file=("silence.wav", "audio/wav", silence()),
        shape="transcript",
    ),
    "task": Kind(
        name="video-generations",
        title="Video generations",
        request="POST /v1/video/generations",
        auth="bearer",
        body={"prompt": PROMPT},
        shape="link",
        task=Task(
            id="/task_id",
            poll="GET /v1/video/generations/{task_id}",
            state="/data/status",
            done=("SUCCESS",),
            failed=("FAILURE",),
            output="/data/result_url",
            kind="video",
            error="/data/fail_reason",
        ),
    ),
}


@dataclass(frozen=True)
class SiteAnswers:
    """A gateway with one model on one route, and the date of its sample.

    BadInput names the option whose value cannot be used.
    """

    day: date
    title: str = "Example gateway"
    base_url: str = "https://gateway.example.com"
    model: str = "example-image-1"
    protocol: str = "openai-images"

    def __post_init__(self) -> None:
        for option, value, form, expected, example in (
            ("--title", self.title, TITLE, "a name in plain letters", "Example gateway"),
            (
                "--base-url",
                self.base_url,
                BASE_URL,
                "https:// and a host alone",
                "https://example.com",
            ),
            ("--model", self.model, re.compile(NAME), "a name of a model", "example-image-1"),
        ):
            if not form.fullmatch(value):
                problem = f"got {value!r}, expected {expected}"
                raise BadInput(option, problem, f"Use the form of {example}.")
        if self.protocol not in KINDS:
            problem = f"got {self.protocol!r}, expected one of {', '.join(KINDS)}"
            raise BadInput("--protocol", problem, "Use one of these.")

    @property
    def kind(self) -> Kind:
        """The first route of the protocol."""
        return KINDS[self.protocol]

    @property
    def route(self) -> Route:
        """The route as the status file has it."""
        kind = self.kind
        return Route(
            title=kind.title,
            request=kind.request,
            protocol=self.protocol,
            auth=kind.auth,
            headers=dict(kind.headers),
            task=kind.task,
        )

    @property
    def endpoint(self) -> str:
        """The model on its route."""
        return f"{self.model}/{self.kind.name}"

    @property
    def model_title(self) -> str:
        """The name of the model as people might write it."""
        parts = [part.capitalize() for part in re.split(r"[-_]+", self.model)]
        return " ".join(filter(None, parts)) or self.model
