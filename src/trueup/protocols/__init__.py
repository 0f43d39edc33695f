"""Protocols: request bodies, images in replies, and the replies of the mock.

One module for each, in `PROTOCOLS` under the name that routes use.
"""

from collections.abc import Mapping

from trueup.protocols.error_body import ErrorBody, inconclusive_kind
from trueup.protocols.gemini import Gemini
from trueup.protocols.openai_images import OpenAIImages
from trueup.protocols.protocol import Picture, Protocol, Reply

__all__ = ["PROTOCOLS", "ErrorBody", "Picture", "Protocol", "Reply", "inconclusive_kind"]

PROTOCOLS: Mapping[str, Protocol] = {"gemini": Gemini(), "openai-images": OpenAIImages()}
