"""What the mesh needs for the first token of a chat where the engine (`echo`) needs no time of its own."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.vllm_ways import Load, over_http
from tests.conftest import start_process

CHATS = Load(1, 32, 100)  # one after another
WARM = Load(1, 32, 20)
ALONE = {
    "PROVIDER_TEXT": "echo",
    "PROVIDER_TEXT_FALLBACK": "",
    "PROVIDER_TTS_FALLBACK": "",
    "PROVIDER_VIDEO_FALLBACK": "",
}


def asked(number: int, tokens: int) -> dict[str, Any]:
    """A chat for the gateway."""
    return {"prompt": f"{number}. word " * tokens, "stream": True, "max_tokens": tokens}


def first_token_ms() -> float:
    """The median of one fresh mesh."""
    with tempfile.TemporaryDirectory() as folder:
        service = start_process("svc_text", Path(folder), TROUPE_TEXT_ENGINES="echo")
        gateway = start_process("gateway", Path(folder), TROUPE_TEXT_TARGET=service.grpc, **ALONE)
        try:
            for load in (WARM, CHATS):
                told = asyncio.run(over_http(gateway.addresses["http"], "/api/text", asked, load))
        finally:
            gateway.stop()
            service.stop()
    return 1000 * told["first_s"]
