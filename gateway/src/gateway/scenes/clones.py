"""Whose cloned voices there are: as the services that keep them list them to their owner, kept for half a minute.

What is kept here only finds a voice by its id. Whether it may speak is decided by the service that keeps it, each time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gateway.routing.capability import KEEPS_REFERENCES
from gateway.routing.chain import Chain
from gateway.routing.need import Modality, Need
from gateway.routing.rung import Call, Rung
from gateway.scenes.asking import once, only
from gateway.voices import Voice
from troupe.v1.engine_pb2 import ENGINE_STATE_MISSING, TASK_CLONE, VOICE_STATE_READY, EngineInfo, Principal
from troupe.v1.engine_pb2 import Voice as WireVoice
from troupe.v1.speech_pb2 import ListVoicesRequest, ListVoicesResponse
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import TroupeError

KEPT_S = 30.0
"""How long a list is believed; what is done through this gateway is seen at once."""
LOOK_AGAIN_S = 1.0
"""For a voice that is not in the list or could not speak, or where a service did not answer: a list older than this is
read again."""
LIST_S = 5.0
"""Within which a service must list its voices."""
MOST_OWNERS = 1000
"""Lists kept; those of the owners who asked first are given up first."""

Services = tuple[tuple[str, ...], ...]
"""Names of rungs, together where they are of one service."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listed:
    """A cloned voice as its service tells of it, and the rungs of that service."""

    voice: WireVoice
    rungs: frozenset[str]

    def as_voice(self, chain: Chain) -> Voice:
        """As speech is ordered with it: which engines keep it, and which could speak with it now."""
        told, infos = self.voice, self._infos(chain)
        able = {info.name for info in infos if TASK_CLONE in info.tasks and info.state != ENGINE_STATE_MISSING}
        return Voice(
            voice_id=told.voice_id,
            name=told.name or told.voice_id,
            language=told.language,
            gender=told.gender,
            source=told.engine or "clone",
            engines={info.name: told.voice_id for info in infos},
            cloned=True,
            speakers=frozenset(able),
            state=told.state or VOICE_STATE_READY,  # a service that tells of no state has it ready
            created_at=told.created_at_unix_s,
        )

    def speaker_trouble(self, chain: Chain) -> str:
        """Why the engines of its service that clone do not run, and what mends it; empty where there is none."""
        missing = [info for info in self._infos(chain) if TASK_CLONE in info.tasks]
        said = (f"{info.name}: {info.reason}{f' (run: {info.remedy})' if info.remedy else ''}" for info in missing)
        return "; ".join(said)

    def _infos(self, chain: Chain) -> list[EngineInfo]:
        described = (rung.describe() for rung in chain.rungs if rung.name in self.rungs)
        return [info for info in described if info is not None]


@dataclass(frozen=True, slots=True)
class Failure:
    """A service that could not list its voices."""

    rung: str
    error: TroupeError
    keeps: bool  # it is a service of the house: voices may be there


@dataclass(slots=True)
class Page:
    """One owner's voices."""

    voices: Sequence[Listed] = ()
    failures: Sequence[Failure] = ()
    asked: Services = ()
    read_at: float = float("-inf")
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    def find(self, voice_id: str) -> Listed | None:
        """The voice of that id; case does not matter."""
        wanted = voice_id.casefold()
        return next((each for each in self.voices if each.voice.voice_id.casefold() == wanted), None)


class CloneBook:
    """The lists of all owners who asked lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pages: dict[tuple[str, bool], Page] = {}

    async def of(self, owner: str, chain: Chain, *, local_only: bool = False, at_most_s: float = KEPT_S) -> Page:
        """That owner's voices, from a list no older than `at_most_s`; who could not be asked stands in it too."""
        key = (owner, local_only)
        while len(self._pages) >= MOST_OWNERS and key not in self._pages:
            del self._pages[next(iter(self._pages))]
        page = self._pages.setdefault(key, Page())
        async with page.reading:  # many who ask at once read once
            services = _services(chain, local_only=local_only)
            age_s = self._clock() - page.read_at
            # A service that was not known when the list was read may keep voices too.
            if age_s > (min(at_most_s, LOOK_AGAIN_S) if page.failures else at_most_s) or page.asked != services:
                page.voices, page.failures = await _listed(owner, chain, services)
                page.asked, page.read_at = services, self._clock()
        return page

    async def find(
        self, owner: str, voice_id: str, chain: Chain, *, local_only: bool = False
    ) -> tuple[Page, Listed | None]:
        """The voice of that id, looked for again where the list does not have it or had it unable to speak."""
        page = await self.of(owner, chain, local_only=local_only)
        listed = page.find(voice_id)
        if listed is None or not listed.voice.usable:
            page = await self.of(owner, chain, local_only=local_only, at_most_s=LOOK_AGAIN_S)
            listed = page.find(voice_id)
        return page, listed

    def forget(self, owner: str) -> None:
        """Something changed: who asks next reads anew, and a list that is being read now is not kept."""
        for local_only in (False, True):
            self._pages.pop((owner, local_only), None)


def keeps(rung: Rung) -> bool:
    """Whether its service keeps cloned voices, whatever its engines can."""
    info = rung.describe()
    return info is not None and KEEPS_REFERENCES in info.features


def clones(rung: Rung) -> bool:
    """Whether its service keeps cloned voices, or itself makes them."""
    info = rung.describe()
    return info is not None and (KEEPS_REFERENCES in info.features or TASK_CLONE in info.tasks)


def takers(chain: Chain, named: Sequence[str]) -> Need:
    """Who is asked to clone: those named, else services of the house, else (none of those is there) the cloud."""
    keeping = tuple(rung.name for rung in chain.rungs if keeps(rung))
    asked = tuple(named) or keeping or tuple(rung.name for rung in chain.rungs if clones(rung))
    kept = all(any(name in {rung.name, rung.engine} and keeps(rung) for rung in chain.rungs) for name in asked)
    if asked and kept:
        return Need(Modality.TTS, rungs=asked, service_only=True)
    return Need(Modality.TTS, rungs=asked, task=TASK_CLONE)


def _services(chain: Chain, *, local_only: bool) -> Services:
    """The services that keep clones, each as its rungs; rungs of one service share its replicas."""
    services: dict[int, list[str]] = {}
    for rung in chain.rungs:
        if keeps(rung) or (clones(rung) and not local_only):
            services.setdefault(id(rung.pool), []).append(rung.name)
    return tuple(map(tuple, services.values()))


async def _listed(owner: str, chain: Chain, services: Services) -> tuple[list[Listed], list[Failure]]:
    """Every service once, all at the same time."""
    voices: list[Listed] = []
    failures: list[Failure] = []
    for answer in await asyncio.gather(*(_ask(owner, chain, names) for names in services)):
        if isinstance(answer, Failure):
            failures.append(answer)
        else:
            voices += answer
    return voices, failures


async def _ask(owner: str, chain: Chain, names: tuple[str, ...]) -> list[Listed] | Failure:
    need = Need(Modality.TTS, rungs=names, service_only=True)
    request = ListVoicesRequest(principal=Principal(key_id=owner))
    call: Call[ListVoicesResponse] = Call(
        "ListVoices", once(request), lambda _message: True, Deadline.after(LIST_S), hedged=True
    )
    try:
        answer = await only(chain, need, call)
    except TroupeError as error:
        log.warning("cloned voices at %s could not be listed: %s", names[0], error.message)
        return Failure(names[0], error, any(keeps(rung) for rung in chain.rungs if rung.name in names))
    return [Listed(voice, frozenset(names)) for voice in answer.value.voices if voice.cloned]
