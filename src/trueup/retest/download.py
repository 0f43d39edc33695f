"""Download: one reply, whole, within a time and a size: a drip of bytes ends in time too."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from trueup.relay.upstream import fault_of


@dataclass(frozen=True)
class Limits:
    """The limits of a reply from its connection to its last byte."""

    timeout_s: float
    largest: int


class Unavailable(ValueError):
    """A server that gave no whole reply, or only that it cannot serve now."""


def download(
    url: str | httpx.URL,
    limits: Limits,
    *,
    params: Mapping[str, int] | None = None,
    headers: Mapping[str, str] | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    tls: ssl.SSLContext | bool = True,
) -> tuple[int, bytes]:
    """Return status and content of the reply to a GET; a redirect is not followed.

    Raises ValueError with a clause as its text for a reply beyond the limits or a compressed one,
    and Unavailable where none comes.
    """

    async def read() -> tuple[int, bytes]:
        content = bytearray()
        client = httpx.AsyncClient(transport=transport, verify=tls, timeout=None)
        fields = {"accept-encoding": "identity", **(headers or {})}
        async with (
            asyncio.timeout(limits.timeout_s),
            client,
            client.stream("GET", url, params=params, headers=fields) as reply,
        ):
            if reply.headers.get("content-encoding", "identity") != "identity":
                raise ValueError("the reply is compressed")
            async for part in reply.aiter_bytes():
                content += part
                if len(content) > limits.largest:
                    raise ValueError(f"the reply is larger than {limits.largest} bytes")
            return reply.status_code, bytes(content)

    try:
        return asyncio.run(read())
    except TimeoutError as error:
        raise Unavailable(f"the reply took longer than {limits.timeout_s:g} s") from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
        fault = fault_of(error, str(url))
        raise Unavailable(f"no answer ({fault})") from error
