"""Where the gRPC of a service is, when only its HTTP address is known: an old `.env` says `http://host:5050`."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx

from troupe.wire.errors import CannotConnect

GRPC_PORT_HEADER = "X-Troupe-Grpc-Port"
ASK_S = 2.0


def is_url(address: str) -> bool:
    """Whether the address must be asked for its gRPC port."""
    return address.startswith(("http://", "https://"))


async def grpc_address(url: str) -> str:
    """`host:port` of the service's gRPC. Raises `CannotConnect` saying what to do."""
    try:
        # No proxy of the environment: this is a neighbour in the house.
        async with httpx.AsyncClient(timeout=ASK_S, trust_env=False) as client:
            reply = await client.get(f"{url.rstrip('/')}/health")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CannotConnect(unreachable(url, error)) from error
    port = reply.headers.get(GRPC_PORT_HEADER, "")
    if not port.isdecimal():
        raise CannotConnect(
            f"The TTS service at {url} names no gRPC port ({GRPC_PORT_HEADER}): it is a container of the first "
            "release, which is asked over HTTP, and with TLS between the parts over https:// alone; svc-tts in its "
            "place can do more."
        )
    return f"{urlsplit(url).hostname}:{port}"


def unreachable(url: str, error: Exception) -> str:
    """What to say of a TTS service that does not answer at its URL."""
    return (
        f"Cannot connect to the TTS service at {url}: {error or type(error).__name__}. Start it, or correct "
        "PROVIDER_COQUI_SERVICE_URL."
    )
