"""Load on a gateway: streams and requests by the clock. It never asks again, and tells of each what came of it.

A stream is good when the tokens 1..N came once each, in order, and its end came; a request when its text is whole.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from tests.chaos.http1 import Client, Cut, Reply
from tests.chaos.stage import CANARY

ANSWER_S = 60.0


@dataclass(slots=True)
class Outcome:
    """One request: when it began (time.monotonic), how long it took, and what was wrong with it."""

    kind: str  # "stream" or "request"
    began: float
    took_s: float = 0.0
    first_s: float = math.nan
    gap_s: float = 0.0  # the longest wait between two tokens
    gap_at: float = 0.0  # when it ended
    status: int = 0
    provider: str = ""
    why: str = ""  # empty = good
    retry_after: str = ""

    @property
    def good(self) -> bool:
        return not self.why


@dataclass(slots=True)
class Load:
    """What is asked, how often, and what came of it."""

    pick: Callable[[], str]  # the gateway for the next request, as a balancer picks one
    streams: int = 0  # held open all the time
    tokens: int = 30  # of a stream
    token_ms: int = 100
    rate: float = 0.0  # further requests per second
    request_tokens: int = 5
    request_ms: int = 0  # per token
    path: str = "/api/text"
    headers: dict[str, str] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    client: Client = field(default_factory=Client)
    _numbers: count[int] = field(default_factory=count)
    _stopping: bool = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Load]:
        """Load while the block runs; then what runs may end, and nothing new begins."""
        jobs = [asyncio.create_task(self._hold_stream(slot / max(1, self.streams))) for slot in range(self.streams)]
        if self.rate:
            jobs.append(asyncio.create_task(self._ask_by_the_clock()))
        try:
            yield self
            self._stopping = True
            async with asyncio.timeout(ANSWER_S):
                await asyncio.gather(*jobs)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            self.client.close()

    async def stream(self) -> Outcome:
        """One stream, counted to `tokens`."""
        return await self._note("stream", self._body(self.tokens, self.token_ms, stream=True), self._read_stream)

    async def request(self) -> Outcome:
        """One request whose answer comes whole."""
        return await self._note("request", self._body(self.request_tokens, self.request_ms), self._read_whole)

    async def _hold_stream(self, phase: float) -> None:
        await asyncio.sleep(phase * self.tokens * self.token_ms / 1000)
        while not self._stopping:
            if not (await self.stream()).good:
                await asyncio.sleep(0.05)  # what is down must not be hammered by those that hold streams

    async def _ask_by_the_clock(self) -> None:
        asked: set[asyncio.Task[Outcome]] = set()
        started, sent = time.monotonic(), 0
        while not self._stopping:
            due = int((time.monotonic() - started) * self.rate)
            for _ in range(due - sent):
                task = asyncio.create_task(self.request())
                asked.add(task)
                task.add_done_callback(asked.discard)
            sent = due
            await asyncio.sleep(max(0.0, (sent + 1) / self.rate - (time.monotonic() - started)))
        await asyncio.gather(*asked)

    def _body(self, tokens: int, token_ms: int, *, stream: bool = False) -> bytes:
        echo = {"count_to": tokens, "delay_ms_per_token": token_ms}
        asked = {"prompt": f"count to {tokens}", "system": f"{CANARY} {next(self._numbers)}"}
        return json.dumps({**asked, "stream": stream, "echo": echo}).encode()

    async def _note(self, kind: str, body: bytes, read: Callable[[Reply, Outcome], object]) -> Outcome:
        outcome = Outcome(kind, time.monotonic())
        try:
            async with asyncio.timeout(ANSWER_S):
                address = self.pick()
                async with self.client.ask(address, "POST", self.path, body, self.headers) as reply:
                    outcome.status = reply.status
                    outcome.provider = reply.headers.get("x-troupe-provider", "")
                    outcome.retry_after = reply.headers.get("retry-after", "")
                    await read(reply, outcome)  # type: ignore[misc]  # both readers are coroutines
        except (Cut, OSError) as error:
            outcome.why = f"{type(error).__name__}: {error}"
        except TimeoutError:
            outcome.why = f"no end after {ANSWER_S:.0f} s"
        outcome.took_s = time.monotonic() - outcome.began
        self.outcomes.append(outcome)
        return outcome

    async def _read_whole(self, reply: Reply, outcome: Outcome) -> None:
        body = await reply.body()
        if reply.status != 200:
            outcome.why = refusal(reply.status, body)
        elif json.loads(body)["text"] != numbers(self.request_tokens):
            outcome.why = f"wrong text of {len(body)} bytes"

    async def _read_stream(self, reply: Reply, outcome: Outcome) -> None:
        if reply.status != 200:
            outcome.why = refusal(reply.status, await reply.body())
            return
        heard = self._heard(outcome)
        async for piece in reply.pieces():
            heard.feed(piece)
        outcome.why = heard.verdict(self.tokens)

    def _heard(self, outcome: Outcome) -> Heard:
        return Heard(outcome)


@dataclass(slots=True)
class Heard:
    """The events of one stream, as they come."""

    outcome: Outcome
    text: list[str] = field(default_factory=list)
    ended: bool = False
    error: str = ""
    _rest: bytes = b""
    _last: float = 0.0

    def feed(self, piece: bytes) -> None:
        """Take in what came."""
        *blocks, self._rest = (self._rest + piece).split(b"\n\n")
        for block in blocks:
            self._block(block)

    def _block(self, block: bytes) -> None:
        event, _, line = block.partition(b"\n")
        kind, data = event.removeprefix(b"event: "), line.removeprefix(b"data: ")
        if kind == b"delta":
            self._token(json.loads(data)["text"])
        elif kind == b"end":
            self.ended = True
        elif kind == b"error":
            self.error = json.loads(data)["error"]["code"]

    def _token(self, text: str) -> None:
        now = time.monotonic()
        if not self.text:
            self.outcome.first_s = now - self.outcome.began
        elif now - self._last > self.outcome.gap_s:
            self.outcome.gap_s, self.outcome.gap_at = now - self._last, now
        self._last = now
        self.text.append(text)

    def verdict(self, tokens: int) -> str:
        """What is wrong with it; empty = nothing."""
        if self.error:
            return f"error event {self.error} {'amid' if self.text else 'before'} its tokens"
        if not self.ended:
            return "ended without an end" if self.text else "ended without a token"
        said = "".join(self.text)
        return "" if said == numbers(tokens) else f"tokens lost or doubled: {said[:40]}…{said[-40:]}"


def numbers(tokens: int) -> str:
    """What `echo` says when it counts."""
    return " ".join(str(number) for number in range(1, tokens + 1))


def refusal(status: int, body: bytes) -> str:
    """A status with its error's code."""
    try:
        return f"{status} {json.loads(body)['error']['code']}"
    except (ValueError, KeyError):
        return f"{status} {body[:60]!r}"


def failures(outcomes: Sequence[Outcome]) -> Counter[str]:
    """What went wrong, how often."""
    return Counter(f"{outcome.kind}: {outcome.why}" for outcome in outcomes if not outcome.good)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of them lies; nan of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def worst_gap(outcomes: Sequence[Outcome]) -> float:
    """The longest wait between two tokens of a stream, seconds."""
    return max((outcome.gap_s for outcome in outcomes if outcome.kind == "stream"), default=0.0)
