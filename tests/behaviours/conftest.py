"""The subjects: every engine that runs here, each started once for all behaviours.

`openai` is asked behind two kinds of servers: llama.cpp's own (a real one, on the same models as `llamacpp`), and the
fake one in the manners of vLLM and of Ollama.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.behaviours.subject import Subject, ready
from tests.fakes.gguf import write
from tests.fakes.openai_server import Manners, serving

from svc_text.engine import EngineContext
from svc_text.places import LlamacppPlace, OpenaiPlace

SERVER = Path(__file__).parents[1] / "fakes" / "llama_server.py"
CALLS, THINKS = frozenset({"tools"}), frozenset({"reasoning"})
SUBJECTS = (
    "echo",
    "llamacpp",
    "llamacpp calls",
    "llamacpp thinks",
    "llama-server",
    "llama-server calls",
    "llama-server thinks",
    "fake vLLM",
    "fake Ollama",
)
ONLY = {"calls": CALLS, "thinks": THINKS}
"""Models that stand here for what they can besides: calling tools at once, thinking first."""
ELSEWHERE = {"llamacpp": CALLS, "llama-server": CALLS}
"""What is asked of those models only: llama.cpp lets a model speak before a call, and this one never gets to it."""


def concerns(name: str, needs: Iterable[str]) -> bool:
    """Whether a behaviour with these needs is asked of that subject."""
    only = ONLY.get(name.partition(" ")[2])
    return ELSEWHERE.get(name, frozenset()).isdisjoint(needs) if only is None else not only.isdisjoint(needs)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models tiny, calls and thinks."""
    folder = tmp_path_factory.mktemp("models")
    write(folder / "tiny.gguf")
    write(folder / "calls.gguf", calls_tools=True)
    write(folder / "thinks.gguf", thinks=True)
    return folder


@contextlib.contextmanager
def llama_server(path: Path) -> Iterator[str]:
    """llama.cpp's own HTTP server, as one would start it; gives its address."""
    pipe = subprocess.PIPE
    command = [sys.executable, SERVER, path]
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
    try:
        yield json.loads(process.stdout.readline())["address"]
    finally:
        process.communicate(timeout=15)


@contextlib.asynccontextmanager
async def made(name: str, folder: Path) -> AsyncIterator[Subject]:
    """The subject of that name."""
    kind, _, model = name.partition(" ")
    async with contextlib.AsyncExitStack() as stack:
        engine, context = "echo", EngineContext()
        if kind == "llamacpp":
            place = LlamacppPlace(folder, model or "tiny", slots=4, context=2048, threads=1)
            engine, context = "llamacpp", EngineContext(llamacpp=place)
        elif kind == "llama-server":
            url = stack.enter_context(llama_server(folder / f"{model or 'tiny'}.gguf"))
            engine, context = "openai", EngineContext(openai=OpenaiPlace(url))
        elif kind == "fake":
            manners = {"vLLM": Manners.VLLM, "Ollama": Manners.OLLAMA}[model]
            server = await stack.enter_async_context(serving(manners))
            engine, context = "openai", EngineContext(openai=OpenaiPlace(server.url))
        desk = await stack.enter_async_context(ready(engine, context))
        yield Subject(desk, "thinks" if kind == "fake" else "")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def subject(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Subject]:
    """Each subject in turn."""
    async with made(request.param, folder) as subject:
        yield subject
