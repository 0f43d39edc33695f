"""Listing: the models that a gateway says it has, in its three forms and with their quirks."""

from collections.abc import Collection, Mapping

from trueup.mock.admission import Caller
from trueup.mock.asked import Asked
from trueup.mock.ledger import Ledger
from trueup.mock.record import Record
from trueup.mock.reply import Answer, as_json

OPENAI_LISTS = ("/v1/models", "/v1beta/openai/models")
GEMINI_LIST = "/v1beta/models"
ONE_MODEL = "/v1/models/"
NO_FACTS = (
    *("baseModelId", "version", "description", "inputTokenLimit", "outputTokenLimit"),
    *("supportedGenerationMethods", "thinking", "temperature", "maxTemperature", "topP", "topK"),
)


def is_listing(method: str, path: str) -> bool:
    """Whether the path lists models, or tells of one."""
    return method == "GET" and (
        path in (*OPENAI_LISTS, GEMINI_LIST) or (path.startswith(ONE_MODEL) and path != ONE_MODEL)
    )


def list_models(record: Record, ledger: Ledger, asked: Asked, caller: Caller) -> Answer:
    """The models that the caller may call and that have a price, or what is told of one.

    A second key beside a valid one turns the list into a search for a model without a name; that is
    the gateway's own fault, and so is answering it with 200.
    """
    names = _callable(record, ledger, caller)
    if asked.path == GEMINI_LIST:
        models = [{"name": n, "displayName": n, **dict.fromkeys(NO_FACTS)} for n in names]
        return as_json({"models": models, "nextPageToken": None})
    if asked.path.startswith(ONE_MODEL):
        return _one(record, asked.path.removeprefix(ONE_MODEL))
    second = asked.headers.get("x-goog-api-key") or any(asked.keys)
    if asked.path == OPENAI_LISTS[0] and second:
        return _unknown("")
    models = [_object(name, kinds) for name, kinds in names.items()]
    return as_json({"data": models, "object": "list", "success": True})


def _callable(record: Record, ledger: Ledger, caller: Caller) -> Mapping[str, Collection[str]]:
    allowed = caller.token.models
    return {
        name: kinds
        for name, kinds in record.names().items()
        if (allowed is None or name in allowed) and ledger.options.price_usd(name) is not None
    }


def _one(record: Record, name: str) -> Answer:
    """A model by an upstream's own name; an alias that only a channel knows is not found."""
    kinds = record.names().get(name)
    if kinds is None or name in record.mapped:
        return _unknown(name)
    return as_json(_object(name, kinds))


def _unknown(name: str) -> Answer:
    error = {
        "message": f"The model '{name}' does not exist",
        "type": "invalid_request_error",
        "param": "model",
        "code": "model_not_found",
    }
    return as_json({"error": error})


def _object(name: str, kinds: Collection[str]) -> dict[str, object]:
    return {
        "id": name,
        "object": "model",
        "created": 1626777600,
        "owned_by": "custom",
        "supported_endpoint_types": list(kinds),
    }
