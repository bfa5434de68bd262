"""`make bench-failover`: what callers notice of failures, behind this gateway and behind the LiteLLM proxy.

The same upstream processes stand behind both: svc-text's `echo` over gRPC for ours, over OpenAI's HTTP for LiteLLM.
Three faults: `kill -9` of one of three replicas, `kill -9` of the only replica of the first provider, and a rolling
SIGTERM of three replicas and two gateways. 30 requests a second and three streams; nobody retries. A run counts only if
before the fault every answer was good.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import syns
from tests.bench.report import machine, rounds
from tests.chaos.balancer import Balancer
from tests.chaos.http1 import Reply, ask_once
from tests.chaos.load import Heard, Load, Outcome, failures, numbers, percentile, refusal, worst_gap
from tests.chaos.stage import Stage, failed_attempts, until
from tests.conftest import Process

ROOT = Path(__file__).parents[2]
LITELLM = ROOT / "tests/bench/litellm/start.sh"
INSTALLED = ROOT / "var/litellm/.ready"
QUICK = os.environ.get("QUICK") == "1"
RATE = 30.0
STREAMS = 3
WARM_S = 5.0  # the first answers of a process load code and make connections
BASELINE_S = 4.0 if QUICK else 8.0
OUTAGE_S = 10.0 if QUICK else 30.0
START_S = 120.0
STOP_S = 40.0


@dataclass(slots=True)
class Upstream:
    """One engine process behind both gateways; it comes back on its ports."""

    process: Process
    ports: tuple[str, ...] = ()

    @classmethod
    async def start(cls) -> Upstream:
        upstream = cls(await asyncio.to_thread(_spawn_upstream))
        upstream.ports = tuple(
            f"--{kind}-port={upstream.process.addresses[kind].rpartition(':')[2]}" for kind in ("grpc", "http")
        )
        return upstream

    async def again(self) -> None:
        """Start it once more, on the ports it had."""
        self.process = await asyncio.to_thread(_spawn_upstream, *self.ports)

    def kill(self) -> None:
        """`kill -9`."""
        self.process.popen.kill()
        self.process.popen.wait(STOP_S)

    async def end(self) -> None:
        """SIGTERM, and wait."""
        self.process.popen.terminate()
        await asyncio.to_thread(self.process.popen.wait, STOP_S)

    @property
    def grpc(self) -> str:
        return self.process.addresses["grpc"]

    @property
    def http(self) -> str:
        return self.process.addresses["http"]


@dataclass(slots=True)
class OpenAiLoad(Load):
    """The same load in OpenAI's dialect."""

    path: str = "/v1/chat/completions"

    def _body(self, tokens: int, token_ms: int, *, stream: bool = False) -> bytes:
        messages = [{"role": "user", "content": f"count to {tokens}, {token_ms} ms each"}]
        return json.dumps({"model": "chat", "messages": messages, "stream": stream}).encode()

    async def _read_whole(self, reply: Reply, outcome: Outcome) -> None:
        body = await reply.body()
        if reply.status != 200:
            outcome.why = refusal(reply.status, body)
        elif json.loads(body)["choices"][0]["message"]["content"] != numbers(self.request_tokens):
            outcome.why = f"wrong text of {len(body)} bytes"

    def _heard(self, outcome: Outcome) -> Heard:
        return OpenAiHeard(outcome)


@dataclass(slots=True)
class OpenAiHeard(Heard):
    """The chunks of one stream."""

    def _block(self, block: bytes) -> None:
        data = block.removeprefix(b"data: ")
        if data == b"[DONE]":
            self.ended = True
        elif block.startswith(b"data: "):
            chunk = json.loads(data)
            if "error" in chunk:
                self.error = str(chunk["error"].get("type") or chunk["error"].get("code"))
            elif chunk["choices"] and (text := chunk["choices"][0]["delta"].get("content")):
                self._token(text)


@dataclass(slots=True)
class Gateway:
    """One gateway process of either side."""

    http: str
    end: Callable[[], Awaitable[object]]
    again: Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Side:
    """A gateway's makers and callers."""

    name: str
    load: type[Load]
    ready: str  # the path a balancer asks
    headers: dict[str, str] = field(default_factory=dict)


OURS = Side("ours", Load, "/ready")
THEIRS = Side("litellm", OpenAiLoad, "/health/readiness", {"authorization": "Bearer " + "sk-" + secrets.token_hex(16)})


@asynccontextmanager
async def gateways(
    side: Side, count: int, upstreams: Sequence[Upstream], backups: Sequence[Upstream] = ()
) -> AsyncIterator[list[Gateway]]:
    """Gateways of that side before these upstreams, ready to serve."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        start = _ours if side is OURS else _theirs
        made = []
        for number in range(count):
            (folder / str(number)).mkdir()
            made.append(await start(stack, folder / str(number), upstreams, backups))
        for gateway in made:
            await _until_ready(side, gateway)
        yield made


async def _ours(
    stack: AsyncExitStack, folder: Path, upstreams: Sequence[Upstream], backups: Sequence[Upstream]
) -> Gateway:
    stage = Stage(folder)
    stack.push_async_callback(stage.close)
    spare = {
        "PROVIDER_TEXT_FALLBACK": "spare",
        "PROVIDER_SPARE_ENGINE": "echo",
        "PROVIDER_SPARE_TARGET": ",".join(each.grpc for each in backups),
    }
    actor = await stage.gateway(
        PROVIDER_ECHO_TARGET=",".join(each.grpc for each in upstreams),
        TROUPE_LAME_DUCK_S="1",
        **(spare if backups else {}),
    )
    return Gateway(actor.http, actor.end, actor.again)


async def _theirs(
    stack: AsyncExitStack, folder: Path, upstreams: Sequence[Upstream], backups: Sequence[Upstream]
) -> Gateway:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [str(LITELLM), str(port), *(each.http for each in upstreams)]
    words += ["--", *(each.http for each in backups)] if backups else []
    key = THEIRS.headers["authorization"].removeprefix("Bearer ")
    running: list[subprocess.Popen[bytes]] = []

    async def again() -> None:
        env = {**os.environ, "LITELLM_MASTER_KEY": key}
        running.append(await asyncio.to_thread(_spawn, words, folder, env))

    async def end() -> None:
        running[-1].terminate()
        await asyncio.to_thread(running[-1].wait, STOP_S)

    await again()
    stack.push_async_callback(end)
    return Gateway(f"127.0.0.1:{port}", end, again)


async def _until_ready(side: Side, gateway: Gateway) -> None:
    async def ready() -> bool:
        try:
            reply, _ = await ask_once(gateway.http, "GET", side.ready)
        except OSError:
            return False
        return reply.status == 200

    await until(ready, START_S, f"{side.name} is ready")


@dataclass(slots=True)
class Measured:
    """What callers saw of one fault behind one gateway."""

    outcomes: list[Outcome]
    connects: int | None = None  # tried at the dead primary, whoever tried
    dead_attempts: int | None = None  # requests sent to it

    def figures(self) -> dict[str, int | None]:
        """As the table and the last line tell it."""
        requests = [each for each in self.outcomes if each.kind == "request"]
        streams = [each for each in self.outcomes if each.kind == "stream"]
        return {
            "failed": sum(not each.good for each in requests),
            "failed_streams": sum(not each.good for each in streams),
            "requests": len(requests),
            "streams": len(streams),
            "worst_ms": round(1000 * max(each.took_s for each in requests)),
            "p50_ms": round(1000 * percentile([each.took_s for each in requests if each.good], 0.5)),
            "worst_gap_ms": round(1000 * worst_gap(streams)),
            "dead_attempts": self.dead_attempts,
            "dead_connects": self.connects,
        }


@asynccontextmanager
async def loaded(side: Side, pick: Callable[[], str]) -> AsyncIterator[list[Outcome]]:
    """Load; the block is the fault. Gives what was seen from the fault on, once the block is over."""
    warm = side.load(pick, rate=RATE / 3, streams=1, tokens=20, headers=side.headers)
    async with warm.running():
        await asyncio.sleep(WARM_S)
    load = side.load(pick, streams=STREAMS, tokens=20, rate=RATE, headers=side.headers)
    seen: list[Outcome] = []
    async with load.running():
        await asyncio.sleep(BASELINE_S)
        if broken := failures(load.outcomes):
            sys.exit(f"{side.name}: this run does not count, before the fault there were failures: {dict(broken)}")
        before = len(load.outcomes)
        usual = [each.took_s for each in load.outcomes if each.kind == "request"]
        print(f"{side.name}: before the fault p50 {1000 * percentile(usual, 0.5):.0f} ms", file=sys.stderr)
        yield seen
    seen += load.outcomes[before:]


async def kill_one(side: Side, upstreams: Sequence[Upstream]) -> Measured:
    """kill -9 of one of three, several times."""
    async with gateways(side, 1, upstreams[:3]) as (gateway,), loaded(side, lambda: gateway.http) as seen:
        for turn in range(rounds(3)):
            upstreams[turn % 3].kill()
            await asyncio.sleep(1.0)
            await upstreams[turn % 3].again()
            await asyncio.sleep(3.0)
    return Measured(seen)


async def kill_primary(side: Side, upstreams: Sequence[Upstream]) -> Measured:
    """kill -9 of the only replica of the first provider; the second one has to serve for a while."""
    primary = upstreams[0]
    port = int((primary.grpc if side is OURS else primary.http).rpartition(":")[2])
    attempts: int | None = None
    async with gateways(side, 1, [primary], upstreams[1:2]) as (gateway,), loaded(side, lambda: gateway.http) as seen:
        primary.kill()
        before = await failed_attempts(gateway, "echo") if side is OURS else 0.0
        with syns.counted() as connects:
            await asyncio.sleep(OUTAGE_S)
            tried = connects[port] if connects is not None else None
        attempts = tried
        if side is OURS:
            attempts = round(await failed_attempts(gateway, "echo") - before)
        await primary.again()
        await asyncio.sleep(5.0)
    return Measured(seen, tried, attempts)


async def roll(side: Side, upstreams: Sequence[Upstream]) -> Measured:
    """SIGTERM of three replicas and two gateways, one after the other."""
    async with (
        gateways(side, 2, upstreams[:3]) as both,
        Balancer(both, side.ready).watching() as balancer,
        loaded(side, balancer.pick) as seen,
    ):
        for upstream in upstreams[:3]:
            await upstream.end()
            await upstream.again()
            await asyncio.sleep(2.0)
        for gateway in both:
            await gateway.end()
            await gateway.again()
            await _until_ready(side, gateway)
            await asyncio.sleep(2.0)
    return Measured(seen)


ROWS = {
    "kill -9 one of 3 replicas": kill_one,
    "kill -9 the only replica of the first provider": kill_primary,
    "rolling SIGTERM of 3 replicas and 2 gateways": roll,
}


async def measure(sides: Sequence[Side]) -> dict[str, dict[str, Measured]]:
    """Every row, one side after the other, with upstreams of its own."""
    table: dict[str, dict[str, Measured]] = {}
    for title, row in ROWS.items():
        for side in sides:
            upstreams = list(await asyncio.gather(*(Upstream.start() for _ in range(3))))
            try:
                measured = await row(side, upstreams)
            finally:
                for upstream in upstreams:
                    await asyncio.to_thread(upstream.process.stop)
            table.setdefault(title, {})[side.name] = measured
            print(f"{title}: {side.name}: {measured.figures()}", file=sys.stderr)
            for why, times in failures(measured.outcomes).most_common(6):
                print(f"    {times:5} {why}", file=sys.stderr)
    return table


def show(table: dict[str, dict[str, Measured]]) -> None:
    """Both columns, and one JSON object as the last line."""
    print(f"\nfailover: what callers notice, at {RATE:.0f} requests/s and {STREAMS} streams\n{machine()}")
    print(
        "dead_attempts: requests sent to the dead primary (LiteLLM: connections tried); dead_connects: all connections"
    )
    columns = [OURS.name, THEIRS.name]
    rows = {title: {name: sides[name].figures() for name in sides} for title, sides in table.items()}
    for title, sides in rows.items():
        print(f"\n{title}\n  {'':16}{columns[0]:>12}{columns[1]:>12}")
        for name in sides[OURS.name]:
            cells = [sides[column][name] if column in sides else None for column in columns]
            print(f"  {name:16}" + "".join(f"{'-' if cell is None else cell:>12}" for cell in cells))
    print(json.dumps({name: _total([sides.get(name) for sides in rows.values()]) for name in columns} | {"rows": rows}))


def _total(rows: Sequence[dict[str, int | None] | None]) -> dict[str, int | None] | None:
    if not all(rows):
        return None
    told = [row for row in rows if row]
    attempts = [row["dead_attempts"] for row in told if row["dead_attempts"] is not None]
    return {
        "failed": sum((row["failed"] or 0) + (row["failed_streams"] or 0) for row in told),
        "worst_ms": max(row["worst_ms"] or 0 for row in told),
        "dead_attempts": sum(attempts) if attempts else None,
    }


def _spawn(words: Sequence[str], folder: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(words, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _spawn_upstream(*ports: str) -> Process:
    """`tests/bench/upstream.py`; returns when it says where it listens."""
    words = [sys.executable, str(ROOT / "tests/bench/upstream.py"), *ports]
    popen = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    process = Process(popen)
    process.listening.wait(START_S)
    if not process.addresses:
        sys.exit(f"the upstream did not start:\n{process.log}")
    return process


if __name__ == "__main__":
    if not INSTALLED.exists():
        print("LiteLLM is not installed (tests/bench/litellm/install.sh): its column stays empty", file=sys.stderr)
    show(asyncio.run(measure([OURS, THEIRS] if INSTALLED.exists() else [OURS])))
