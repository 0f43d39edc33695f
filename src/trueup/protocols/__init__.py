"""Protocols: request bodies, outputs in replies, and the replies of the mock.

One module for each, in `PROTOCOLS` under the name that routes use.
"""

from collections.abc import Mapping

from trueup.protocols.anthropic_messages import AnthropicMessages
from trueup.protocols.error_body import CALLER_STATUSES, ErrorBody, inconclusive_kind
from trueup.protocols.gemini_text import GeminiContent
from trueup.protocols.json_output import JsonOutput
from trueup.protocols.json_pointer import steps_of
from trueup.protocols.json_schema import problem_of_schema
from trueup.protocols.openai_chat import OpenAIChat
from trueup.protocols.openai_embeddings import OpenAIEmbeddings
from trueup.protocols.openai_images import OpenAIImages
from trueup.protocols.openai_models import OpenAIModels
from trueup.protocols.openai_responses import OpenAIResponses
from trueup.protocols.openai_speech import OpenAISpeech
from trueup.protocols.openai_transcriptions import OpenAITranscriptions
from trueup.protocols.protocol import (
    OUTPUT_TOKENS,
    PROMPT_TOKENS,
    Protocol,
    Reply,
    Sample,
    WordedReply,
)
from trueup.protocols.task_output import TaskOutput

__all__ = [
    "CALLER_STATUSES",
    "OUTPUT_TOKENS",
    "PROMPT_TOKENS",
    "PROTOCOLS",
    "ErrorBody",
    "Protocol",
    "Reply",
    "Sample",
    "TaskOutput",
    "WordedReply",
    "inconclusive_kind",
    "problem_of_schema",
    "steps_of",
]

PROTOCOLS: Mapping[str, Protocol] = {
    "anthropic-messages": AnthropicMessages(),
    "gemini": GeminiContent(),
    "json": JsonOutput(),
    "openai-chat": OpenAIChat(),
    "openai-embeddings": OpenAIEmbeddings(),
    "openai-images": OpenAIImages(),
    "openai-models": OpenAIModels(),
    "openai-responses": OpenAIResponses(),
    "openai-speech": OpenAISpeech(),
    "openai-transcriptions": OpenAITranscriptions(),
    "task": TaskOutput(),
}
