"""Small models, written once, and engines that serve them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from tests.fakes.gguf import write
from tests.unit.svc_text.engines.llamacpp.asking import SMALL_CONTEXT

from svc_text.engines.llamacpp.engine import LlamacppEngine
from svc_text.settings import Settings

Make = Callable[..., Awaitable[LlamacppEngine]]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models tiny, thinks, calls, bytes and short (of `SMALL_CONTEXT`)."""
    folder = tmp_path_factory.mktemp("models")
    write(folder / "tiny.gguf")
    write(folder / "thinks.gguf", thinks=True)
    write(folder / "calls.gguf", calls_tools=True)
    write(folder / "bytes.gguf", speaks="bytes")
    write(folder / "short.gguf", context=SMALL_CONTEXT)
    return folder


@pytest.fixture
async def started(folder: Path) -> AsyncIterator[Make]:
    """`await started("tiny", llamacpp_slots=2)` -> an engine that is ready, ended with the test."""
    engines: list[LlamacppEngine] = []

    async def start(model: str, **settings: object) -> LlamacppEngine:
        given = {"models_dir": folder, "llamacpp_model": model, "llamacpp_threads": 1} | settings
        engine = LlamacppEngine(Settings(**given).context)
        engines.append(engine)
        await engine.start(lambda fraction, what: None)
        return engine

    yield start
    for engine in engines:
        await engine.stop()
