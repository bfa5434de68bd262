"""`make bench-connect`: what a delta costs svc-text and the gateway, over one `Connect` stream and by a call a chat.

svc-text is a process of its own with the engine `echo`, whose own work counts. A delta is one step of it, here one
token. Costs are processor time of the whole process, so a busy machine changes them less than it changes rates. There
are three readers, all of this process:

    raw       the frames of `Connect` as they come: what svc-text can do
    connect   the gateway's own way to a replica, each chat read by a task of its own
    chat      the same with one call of `Chat` a chat, as before `Connect`

Then what passes until the first token of a chat: alone, and while others stream (`tests/bench/connect_first.py`).

Then memory: many short chats on one stream, and what both processes have grown by. REQUESTS= or FULL=1 (a million).
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc.aio
import psutil
import uvloop
from tests.bench.connect_first import TIMEOUT_S, Peer, asking, first_tokens, one
from tests.bench.report import rounds, show
from tests.bench.stage import pss_mb
from tests.bench.text import until_ready
from tests.conftest import start_process

from gateway.providers.connect import ChatLink
from troupe.v1 import text_pb2, text_pb2_grpc
from troupe.wire.channels import open_channel

QUICK = os.environ.get("QUICK") == "1"
CHATS = 64  # at once
STEPS = 500  # deltas of one chat, without its last
WAVES = 1 if QUICK else 4
REQUESTS = int(os.environ.get("REQUESTS") or (1_000_000 if os.environ.get("FULL") == "1" else 20_000))
WARM_SHARE = 0.2  # of the requests: what grows once has grown by then
CREDIT = 512


async def many(peer: Peer) -> int:
    """`CHATS` chats at once, again and again; their deltas."""
    request, deltas = asking(STEPS), 0
    for _ in range(WAVES):
        deltas += sum(await asyncio.gather(*(one(peer, request) for _ in range(CHATS))))
    return deltas


class RawReader:
    """`Connect` with nothing around it."""

    def __init__(self, stub: text_pb2_grpc.TextStub, steps: int) -> None:
        self._call = stub.Connect(timeout=TIMEOUT_S)
        self._request = asking(steps)
        self._next = 0
        self.deltas = self.done = 0

    async def begin(self) -> None:
        self._next += 1
        start = text_pb2.StartChat(request=self._request, initial_credit=2 * CREDIT)
        await self._call.write(text_pb2.ClientFrame(id=self._next, start=start))

    async def run(self, chats: int) -> None:
        """So many chats, `CHATS` at a time."""
        goal, begun = self.done + chats, min(CHATS, chats)
        for _ in range(begun):
            await self.begin()
        while self.done < goal and (frame := await self._call.read()) is not grpc.aio.EOF:
            ended = 0
            for event in frame.events:
                kind = event.WhichOneof("event")
                ended += kind != "delta"
                self.deltas += kind == "delta" and not event.delta.HasField("tick")
            self.done += ended
            for _ in range(min(ended, chats - begun)):
                begun += 1
                await self.begin()

    async def end(self) -> None:
        await self._call.done_writing()
        while await self._call.read() is not grpc.aio.EOF:
            pass


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time per delta."""

    server_us: float
    reader_us: float


async def cost(pid: int, job: Callable[[], Awaitable[int]]) -> Cost:
    """What both processes used for it."""
    server, used, own = psutil.Process(pid), cpu_s(pid), time.process_time()
    deltas = await job()
    return Cost((cpu_s(server.pid) - used) / deltas * 1e6, (time.process_time() - own) / deltas * 1e6)


def cpu_s(pid: int) -> float:
    """User and system time of that process, all its threads, by the scheduler's count: nanoseconds."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


@asynccontextmanager
async def service() -> AsyncIterator[tuple[text_pb2_grpc.TextStub, int]]:
    """svc-text with echo; a stub and its process."""
    with tempfile.TemporaryDirectory() as folder:
        process = start_process("svc_text", Path(folder), TROUPE_TEXT_ENGINES="echo")
        try:
            async with open_channel(process.grpc) as channel:
                stub = text_pb2_grpc.TextStub(channel)
                await until_ready(stub)
                yield stub, process.popen.pid
        finally:
            process.stop()


async def costs() -> dict[str, float]:
    """One measurement of each reader, one after the other."""
    async with service() as (stub, pid):
        reader = RawReader(stub, STEPS)

        async def raw() -> int:
            before = reader.deltas
            await reader.run(CHATS * WAVES)
            return reader.deltas - before

        await raw()  # warm
        told = {"raw": await cost(pid, raw)}
        await reader.end()
        link, told_first = ChatLink(stub, "bench", lambda: None), dict[str, float]()
        for name, peer in (("connect", Peer(stub, link)), ("chat", Peer(stub, None))):
            await one(peer, asking(STEPS))
            told[name] = await cost(pid, lambda peer=peer: many(peer))
            told_first |= await first_tokens(name, peer)
        await link.close()
    figures = {"deltas_per_s": 1e6 / told["raw"].server_us, "svc_text_us_raw": told["raw"].server_us}
    for name in ("connect", "chat"):
        figures |= {f"svc_text_us_{name}": told[name].server_us, f"gateway_us_{name}": told[name].reader_us}
    figures["speedup_svc_text"] = told["chat"].server_us / told["connect"].server_us
    figures["speedup_gateway"] = told["chat"].reader_us / told["connect"].reader_us
    return figures | told_first


async def memory() -> dict[str, float]:
    """Growth of both processes over many short chats; the first ones are not counted."""
    async with service() as (stub, pid):
        link = ChatLink(stub, "bench", lambda: None)
        peer, request = Peer(stub, link), asking(1)

        async def some(left: list[int]) -> None:
            while left[0] > 0:
                left[0] -= 1
                await one(peer, request)

        async def run(requests: int) -> None:
            left = [requests]
            await asyncio.gather(*(some(left) for _ in range(CHATS)))

        await run(int(REQUESTS * WARM_SHARE))
        server, own, started = pss_mb(pid), pss_mb(os.getpid()), time.monotonic()
        await run(REQUESTS - int(REQUESTS * WARM_SHARE))
        seconds = time.monotonic() - started
        await link.close()
        return {
            "requests": float(REQUESTS),
            "requests_per_s": REQUESTS * (1 - WARM_SHARE) / seconds,
            "svc_text_grown_mb": pss_mb(pid) - server,
            "gateway_grown_mb": pss_mb(os.getpid()) - own,
        }


def main() -> None:
    """Measure and print."""
    grown = uvloop.run(memory())
    measured = [uvloop.run(costs()) | grown for _ in range(rounds())]
    notes = (f"{CHATS} chats at once, {STEPS} deltas each; {REQUESTS} short chats for the memory",)
    show("text over Connect: processor time per delta, us", measured, notes)


if __name__ == "__main__":
    main()
