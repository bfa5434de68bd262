"""A fake MiniMax in the test's own loop, and rungs that ask it."""

from __future__ import annotations

import asyncio
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.providers.minimax.account import Account
from gateway.providers.minimax.desk import Pace
from gateway.providers.minimax.rung import MinimaxRung, make_rung
from gateway.providers.minimax.spend import Spend
from gateway.routing.need import Modality
from gateway.routing.rung import Call, Policy
from troupe.v1.media_pb2 import AudioFormat
from troupe.v1.speech_pb2 import Flush, SpeechInput, SpeechSettings
from troupe.wire.deadlines import Deadline

FAKES = str(Path(__file__).parents[4] / "fakes")
METHODS = {Modality.TEXT: "Chat", Modality.TTS: "Synthesize", Modality.VIDEO: "Animate"}
START_S = 20.0
UNARY = {"ListPortraits", "CloneVoice", "DeleteVoice", "ListVoices"}


@dataclass
class Cloud:
    """The fake: where it is, what it has seen, how it shall fail."""

    url: str
    world: object
    rungs: list[MinimaxRung] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)

    def fails(self, endpoint, **behaviour) -> None:
        from minimax.script import Behaviour

        self.world.script.add(Behaviour.read({"endpoint": endpoint, **behaviour}))

    def asked(self, endpoint) -> int:
        return self.world.seen.counts[endpoint]

    @property
    def requests(self):
        return list(self.world.seen.requests)

    def account(self, key="sk-api-fake-global", **fields) -> Account:
        self.accounts.append(Account(key, self.url, **fields))
        return self.accounts[-1]

    def rung(self, modality, *, account=None, model="", spend=None, clock=None, **policy) -> MinimaxRung:
        policy = Policy(**{"timeout_s": 20.0, "first_s": 10.0, "attempts": 2} | policy)
        more = {} if clock is None else {"clock": clock}
        made = make_rung(
            modality, "minimax", account or self.account(), policy, spend or Spend(None), model=model, **more
        )
        made.desk.pace = Pace(first_s=0.01, longest_s=0.05)
        return made


@pytest.fixture(scope="session")
def fake():
    """The fake's URL and world, served by a thread of its own for all tests."""
    sys.path.append(FAKES)
    from minimax.app import make_app
    from minimax.server import running
    from minimax.world import Options

    app = make_app(Options(states=("Preparing", "Processing")))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = running(app)
    try:
        yield asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(START_S), app.world
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(START_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(START_S)
        loop.close()
        sys.path.remove(FAKES)


@pytest.fixture
async def cloud(fake):
    url, world = fake
    for part in (world.script, world.seen, world.voices, world.files, world.tasks):
        part.clear()
    made = Cloud(url, world)
    yield made
    for account in made.accounts:
        await account.aclose()


def call_of(modality, *inputs, method="", timeout_s=20.0, commits=None) -> Call:
    async def given(_rung):
        for message in inputs:
            yield message

    has = {Modality.TEXT: lambda m: bool(m.content or m.tool_calls), Modality.TTS: lambda m: bool(m.audio)}
    if method in UNARY:
        commits = bool
    commits = commits or has.get(modality, lambda m: bool(m.data))
    return Call(method or METHODS[modality], given, commits, Deadline.after(timeout_s))


async def drain(stream) -> list:
    """All messages but the ticks."""
    return [message async for message in stream if not message.HasField("tick")]


@pytest.fixture
def ask():
    """`await ask(rung, *inputs)`: every message of one attempt but its ticks."""

    async def run(rung, *inputs, method="", timeout_s=20.0, commits=None) -> list:
        call = call_of(rung.modality, *inputs, method=method, timeout_s=timeout_s, commits=commits)
        stream = rung.open(call, rung.account.host, timeout_s)
        try:
            if method in UNARY:
                return [message async for message in stream]
            return await drain(stream)
        finally:
            await stream.aclose()

    return run


@pytest.fixture
def call():
    return call_of


def say(*texts, codec=0, **settings):
    """The inputs of Synthesize; None among the texts is a flush."""
    fields = {"format": AudioFormat(codec=codec)} | settings
    first = SpeechInput(settings=SpeechSettings(engine="minimax", **fields))
    return [first, *(SpeechInput(flush=Flush()) if text is None else SpeechInput(text=text) for text in texts)]


@pytest.fixture
def spoken():
    return say


class Clock:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()
