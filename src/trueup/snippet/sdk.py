"""SDK: the fields of a body that google-genai (3.4), openai (3.54) and anthropic (2.14) send as is.

They would change or refuse the others, which go into their `extra_body`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trueup.model import Body

# An int where the client has a float is not kept: it would send 1 as 1.0.
CONFIG: Mapping[str, tuple[str, type]] = {
    "responseModalities": ("response_modalities", list),
    "stopSequences": ("stop_sequences", list),
    "temperature": ("temperature", float),
    "topP": ("top_p", float),
    "topK": ("top_k", float),
    "candidateCount": ("candidate_count", int),
    "maxOutputTokens": ("max_output_tokens", int),
    "seed": ("seed", int),
    "responseMimeType": ("response_mime_type", str),
}
IMAGE: Mapping[str, tuple[str, type]] = {
    "aspectRatio": ("aspect_ratio", str),
    "imageSize": ("image_size", str),
}

OPENAI: Mapping[str, tuple[str, ...]] = {
    "anthropic-messages": (
        *("max_tokens", "messages", "stream", "cache_control", "container", "metadata"),
        *("output_config", "service_tier", "stop_sequences", "system", "thinking"),
        *("tool_choice", "tools"),
    ),
    "openai-chat": (
        *("messages", "stream", "audio", "frequency_penalty", "logit_bias", "logprobs"),
        *("max_completion_tokens", "max_tokens", "metadata", "modalities", "n"),
        *("parallel_tool_calls", "prediction", "presence_penalty", "reasoning_effort"),
        *("response_format", "seed", "service_tier", "stop", "store", "stream_options"),
        *("temperature", "tool_choice", "tools", "top_logprobs", "top_p", "user", "verbosity"),
    ),
    "openai-embeddings": ("input", "dimensions", "encoding_format", "user"),
    "openai-responses": (
        *("input", "stream", "include", "instructions", "max_output_tokens", "max_tool_calls"),
        *("metadata", "parallel_tool_calls", "previous_response_id", "reasoning", "service_tier"),
        *("store", "temperature", "text", "tool_choice", "tools", "top_p", "truncation", "user"),
    ),
    "openai-speech": (
        *("input", "voice", "instructions", "response_format", "speed", "stream_format"),
    ),
}
"""The arguments of the client for each protocol, of openai or anthropic; it sends each as it is."""


@dataclass(frozen=True)
class Arguments:
    """A body as arguments of the client, under its own names; `rest` has the fields they lack."""

    contents: Any
    config: Mapping[str, Any]
    image: Mapping[str, Any]
    rest: Body


def arguments_of(body: Body) -> Arguments:
    """Return the arguments with which the client sends exactly this body."""
    rest = dict(body)
    contents = rest.pop("contents") if _is_texts(body.get("contents")) else None
    config, image = dict[str, Any](), dict[str, Any]()
    given = body.get("generationConfig")
    if isinstance(given, dict) and (config := _named(given, CONFIG)):
        pictured = given.get("imageConfig")
        if isinstance(pictured, dict) and len(_named(pictured, IMAGE)) == len(pictured) > 0:
            image = _named(pictured, IMAGE)
        kept = {key for key in given if key in CONFIG and CONFIG[key][0] in config}
        kept |= {"imageConfig"} if image else set()
        left = {key: value for key, value in given.items() if key not in kept}
        rest.pop("generationConfig")
        rest |= {"generationConfig": left} if left else {}
    return Arguments(contents, config, image, rest)


@dataclass(frozen=True)
class OpenAIArguments:
    """A body as arguments of openai or anthropic; `rest` has the fields that neither has."""

    named: Body
    rest: Body


def openai_arguments_of(body: Body | None, protocol: str) -> OpenAIArguments:
    """Return the arguments, without the model, with which the client sends this body."""
    given = {key: value for key, value in (body or {}).items() if key != "model"}
    names = OPENAI.get(protocol, ())
    named = {key: given[key] for key in names if key in given}
    return OpenAIArguments(named, {key: given[key] for key in given if key not in named})


def _named(given: Body, names: Mapping[str, tuple[str, type]]) -> dict[str, Any]:
    return {
        names[key][0]: value
        for key, value in given.items()
        if key in names and _is_kept(value, names[key][1])
    }


def _is_kept(value: Any, kind: type) -> bool:
    if kind is list:
        return type(value) is list and all(type(item) is str for item in value)
    return type(value) is kind


def _is_texts(contents: Any) -> bool:
    """Return whether contents have only text parts; the client changes any other part."""
    return (
        isinstance(contents, list)
        and bool(contents)
        and all(
            isinstance(content, dict)
            and content.keys() in ({"parts"}, {"role", "parts"})
            and isinstance(content.get("role", ""), str)
            and isinstance(content["parts"], list)
            and all(_is_text(part) for part in content["parts"])
            for content in contents
        )
    )


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and part.keys() == {"text"} and isinstance(part["text"], str)
