"""The stage of a scenario: services and gateways as real processes, which it kills, freezes, ends and starts again.

A replica that is started again listens on the port it had: first it gets a free one, later it asks for that one.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psutil
from tests.chaos.http1 import Place, fetch, fetch_json
from tests.conftest import Process, start_process

ROOT = Path(__file__).parents[2]
READY_S = 30.0
GONE_S = 30.0
LOOK_S = 0.02
GENTLY = ("nice", "-n", "19")
NOWHERE = "127.0.0.1:1"  # nothing listens there
BEGUN = ("ok", "stream_broken")  # how attempts end that gave something
CANARY = "zanzibarcanary"  # stands in every prompt, and must stand in no log
SERVICES = {
    "svc_text": ("TROUPE_TEXT", "ENGINES", "echo"),
    "svc_tts": ("TROUPE_SPEECH", "ENGINES", "tone"),
    "svc_video": ("TROUPE_VIDEO", "ENGINES", "still"),
}
ALONE = {
    "PROVIDER_TEXT": "echo",
    "PROVIDER_TEXT_FALLBACK": "",
    "PROVIDER_TTS": "tone",
    "PROVIDER_TTS_FALLBACK": "",
    "PROVIDER_VIDEO": "still",
    "PROVIDER_VIDEO_FALLBACK": "",
    "TROUPE_TEXT_TARGET": NOWHERE,
    "TROUPE_SPEECH_TARGET": NOWHERE,
    "TROUPE_VIDEO_TARGET": NOWHERE,
}
"""A gateway with one rung per chain and nobody behind it: scenarios say who is there."""


@dataclass(slots=True)
class Actor:
    """One process of the stage, through all its lives."""

    module: str
    folder: Path
    env: dict[str, str]
    process: Process
    before: Sequence[str] = ()  # words of a command that runs it
    past: list[Process] = field(default_factory=list)
    back_at: float = 0.0  # when it said that it listens again; seconds of time.monotonic

    @property
    def grpc(self) -> str:
        return self.process.addresses["grpc"]

    @property
    def http(self) -> str:
        return self.process.addresses["http"]

    @property
    def metrics(self) -> str:
        return self.process.addresses["metrics"]

    @property
    def pid(self) -> int:
        return self.process.popen.pid

    @property
    def log(self) -> str:
        return "".join(process.log for process in (*self.past, self.process))

    def signal(self, number: signal.Signals) -> float:
        """Send it, and tell when."""
        self.process.signal(number)
        return time.monotonic()

    def kill(self) -> float:
        """`kill -9`; returns when it is gone, with the time of the kill."""
        killed_at = self.signal(signal.SIGKILL)
        self.process.popen.wait(GONE_S)
        return killed_at

    def freeze(self) -> float:
        return self.signal(signal.SIGSTOP)

    def thaw(self) -> float:
        return self.signal(signal.SIGCONT)

    async def end(self) -> int:
        """SIGTERM, and wait until it has drained; gives its exit status."""
        self.process.signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.popen.wait, GONE_S)

    async def again(self) -> float:
        """Start it on the port it had; gives the time at which it said that it listens.

        Replicas start on machines of their own: here one takes the cores only when nobody else wants them.
        """
        self.past.append(self.process)
        env = self.env | self._ports()
        self.process = await asyncio.to_thread(start_process, self.module, self.folder, [*GENTLY, *self.before], **env)
        self.back_at = time.monotonic()
        with suppress(PermissionError):
            for thread in psutil.Process(self.pid).threads():
                os.setpriority(os.PRIO_PROCESS, thread.id, 0)
        return self.back_at

    def cpu_s(self) -> float:
        """CPU seconds it has used in its present life."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)

    def _ports(self) -> dict[str, str]:
        # The last life's ports, by the names of the settings.
        last = self.past[-1].addresses
        prefix = SERVICES[self.module][0] if self.module in SERVICES else "TROUPE"
        names = {"grpc": f"{prefix}_GRPC_PORT", "http": "TROUPE_PORT" if prefix == "TROUPE" else f"{prefix}_HTTP_PORT"}
        names["metrics"] = f"{prefix}_METRICS_PORT"
        return {name: last[kind].rpartition(":")[2] for kind, name in names.items() if kind in last}


class Stage:
    """All processes of a scenario."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self.actors: list[Actor] = []

    async def start(self, module: str, *, before: Sequence[str] = (), **env: str) -> Actor:
        """Start one process with these settings; `before`: words of a command that runs it."""
        folder = self._folder / f"{module.rpartition('.')[2]}{next(self._numbers)}"
        folder.mkdir()
        env = {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])), **env}
        process = await asyncio.to_thread(start_process, module, folder, before, **env)
        actor = Actor(module, folder, env, process, before)
        self.actors.append(actor)
        return actor

    async def service(self, module: str, *, before: Sequence[str] = (), **env: str) -> Actor:
        """One replica of a service with its test engine."""
        prefix, setting, engine = SERVICES[module]
        return await self.start(module, before=before, **{f"{prefix}_{setting}": engine, **env})

    async def replicas(self, module: str, count: int, **env: str) -> list[Actor]:
        """Several replicas, started together."""
        return list(await asyncio.gather(*(self.service(module, **env) for _ in range(count))))

    async def cloud(self) -> Actor:
        """The fake MiniMax."""
        return await self.start("minimax", PYTHONPATH=str(ROOT / "tests/fakes"), FAKE_MINIMAX_STATES="-")

    async def gateway(self, *, wait: bool = True, **env: str) -> Actor:
        """A gateway with these settings; returns when it says that it is ready."""
        actor = await self.start("gateway", **(ALONE | env))
        if wait:
            await until_ready(actor)
        return actor

    async def close(self) -> None:
        """End all, gateways first; one that had to be killed leaves nobody else behind, and is told at the end."""
        gateways = [actor for actor in self.actors if actor.module == "gateway"]
        others = [actor for actor in self.actors if actor.module != "gateway"]
        ends: list[object] = []
        for actors in (gateways, others):
            stops = (asyncio.to_thread(actor.process.stop) for actor in actors)
            ends += await asyncio.gather(*stops, return_exceptions=True)
        if (stuck := next((end for end in ends if isinstance(end, BaseException)), None)) is not None:
            raise stuck

    def judge_logs(self) -> None:
        """No process may have stumbled, and none may have logged what users said."""
        for actor in self.actors:
            start = actor.log.find("Traceback")
            assert start < 0, f"{actor.module} logged a traceback:\n{actor.log[max(0, start - 500) : start + 3000]}"
            said = next((line for line in actor.log.splitlines() if CANARY in line), None)
            assert said is None, f"{actor.module} logged what a user said:\n{said}"


def targets(actors: Iterable[Actor]) -> str:
    """Their gRPC addresses as a setting."""
    return ",".join(actor.grpc for actor in actors)


async def until(condition: object, within_s: float, what: str) -> float:
    """Wait until the condition (an async function) holds; gives the seconds it took."""
    started = time.monotonic()
    while not await condition():  # type: ignore[operator]  # any async function without arguments
        assert time.monotonic() - started < within_s, f"{what}: not within {within_s:.1f} s"
        await asyncio.sleep(LOOK_S)
    return time.monotonic() - started


async def until_ready(gateway: Actor) -> float:
    """Wait until every chain that has somebody behind it serves."""
    named = [name for name in ("text", "tts", "video") if _somebody(gateway.env, name)]

    async def serving() -> bool:
        chains = await fetch_json(gateway.http, "/providers")
        return all(chains[name]["serving"] for name in named)

    return await until(serving, READY_S, f"{gateway.module} serves {', '.join(named)}")


def _somebody(env: dict[str, str], modality: str) -> bool:
    """Whether a scenario put anyone behind the chain's first rung."""
    rung = env[f"PROVIDER_{modality.upper()}"].upper()
    service = {"text": "TEXT", "tts": "SPEECH", "video": "VIDEO"}[modality]
    return f"PROVIDER_{rung}_TARGET" in env or env[f"TROUPE_{service}_TARGET"] != NOWHERE


async def counted(address: str, name: str, **labels: str) -> float:
    """The sum of a counter's or gauge's samples that have these labels, as /metrics of a process tells it."""
    text = (await fetch(address, "/metrics")).decode()
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    total = 0.0
    for line in text.splitlines():
        head, _, value = line.rpartition(" ")
        if head.partition("{")[0] == name and all(label in head for label in wanted):
            total += float(value)
    return total


async def chats(replica: Actor) -> float:
    """Chats that a replica has taken in its present life, ended or not."""
    ended = await counted(replica.metrics, "troupe_rpc_total", method="Chat")
    return ended + await counted(replica.metrics, "troupe_rpc_outstanding", method="Chat")


async def failed_attempts(gateway: Place, rung: str) -> float:
    """Attempts at a rung that gave nothing, as the gateway counts them; answers that broke amid are another matter."""
    every = await counted(gateway.http, "troupe_attempts_total", rung=rung)
    begun = [await counted(gateway.http, "troupe_attempts_total", rung=rung, outcome=outcome) for outcome in BEGUN]
    return every - sum(begun)
