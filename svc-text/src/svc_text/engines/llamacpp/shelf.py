"""The models that are loaded now: fetched when asked for, put away when nobody asks."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from pathlib import Path

from svc_text.engines.llamacpp.marks import defuser
from svc_text.engines.llamacpp.memory import MEBIBYTE, fitting_slots
from svc_text.engines.llamacpp.model import Model
from svc_text.engines.llamacpp.process import Child, Order
from svc_text.engines.llamacpp.request import Reach
from svc_text.models.inspect import ModelCard, inspect
from svc_text.places import LlamacppPlace
from troupe.wire.errors import CheckpointBroken, Overloaded

LOOK_IDLE_S = 1.0
CPUS = Path("/sys/devices/system/cpu")

log = logging.getLogger(__name__)

DEFAULT_SLOTS = 8
DEFAULT_CONTEXT = 8192  # tokens; less where the model was trained for less


def unheard(_: float) -> None:
    """Where nobody waits to hear how far the loading is."""


class Shelf:
    """Up to `held` models, each in a process of its own."""

    def __init__(self, place: LlamacppPlace) -> None:
        self._place = place
        self._models: dict[Path, Model] = {}
        self._loading = asyncio.Lock()
        self._keeper = asyncio.create_task(self._put_idle_away())

    @property
    def loaded(self) -> tuple[Model, ...]:
        """The models in memory."""
        return tuple(self._models.values())

    @asynccontextmanager
    async def model(
        self,
        path: Path,
        loading: Callable[[float], None] = unheard,
        queued: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> AsyncIterator[Model]:
        """The model of that file, loaded where it was not; it stays while in use.

        `loading` hears how far the loading is (0..1); within `queued` it waits for another one's. Raises
        what `inspect` and `Child.start` raise, and `Overloaded` where all that are held are in use.
        """
        model = self._in_hand(path)
        if model is None:
            with queued():
                await self._loading.acquire()
            try:
                model = self._in_hand(path) or await self._load(path, loading)
            finally:
                self._loading.release()
        try:
            yield model
        finally:
            model.users -= 1
            model.last_used = time.monotonic()

    async def end(self) -> None:
        """Put all away."""
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        for path in tuple(self._models):
            await self._put_away(path)

    def _in_hand(self, path: Path) -> Model | None:
        model = self._models.get(path)
        if model is None or not model.child.alive:
            return None
        model.users += 1
        return model

    async def _load(self, path: Path, loading: Callable[[float], None]) -> Model:
        await self._make_room(path)
        card = await asyncio.to_thread(inspect, path)
        started = time.monotonic()
        order, reach = await asyncio.to_thread(self._planned, card)
        child = await Child.start(order, loading, card.size * card.parts)
        model = self._models[path] = Model(child, reach)
        model.users += 1
        took = time.monotonic() - started
        log.info("%s loaded in %.1f s: %d chats at once, %d tokens each", card.name, took, reach.slots, reach.context)
        return model

    def _planned(self, card: ModelCard) -> tuple[Order, Reach]:
        place = self._place
        if card.layers < 1 or card.vocabulary < 1:
            raise CheckpointBroken(f"{card.path} has no layers or no vocabulary. Fetch another: make model.")
        context = min(place.context or DEFAULT_CONTEXT, card.context_length)
        most = place.slots or DEFAULT_SLOTS
        # A number that was asked for is kept or refused; the default gives way to what memory there is.
        slots = fitting_slots(card, most, place.slots or 1, context, place.cache_mib * MEBIBYTE)
        order = Order(
            path=str(card.path.absolute()),
            name=card.name,
            socket="",
            slots=slots,
            context=context,
            batch=place.batch,
            threads=place.threads or cores(),
            cache_mib=place.cache_mib,
            gpu_layers=place.gpu_layers,
            verbose=place.verbose,
        )
        return order, Reach(card.name, context, slots, card.vocabulary, defuser(card.path))

    async def _make_room(self, wanted: Path) -> None:
        """Put away what is dead, and the one that was not used for longest where too many are held."""
        for path, model in tuple(self._models.items()):
            if not model.child.alive:
                await self._put_away(path)
        while len(self._models) >= self._place.held:
            idle = [path for path, model in self._models.items() if not model.busy]
            if not idle:
                held = ", ".join(model.reach.name for model in self._models.values())
                raise Overloaded(
                    f"{wanted.stem} is not loaded, and {held} is in use. Try again in a second, or raise "
                    "TROUPE_TEXT_LLAMACPP_HELD.",
                    retry_after_s=1,
                )
            await self._put_away(min(idle, key=lambda path: self._models[path].last_used))

    async def _put_away(self, path: Path) -> None:
        await self._models.pop(path).end()

    async def _put_idle_away(self) -> None:
        while self._place.idle_s:
            await asyncio.sleep(min(LOOK_IDLE_S, self._place.idle_s))
            async with self._loading:
                for path, model in tuple(self._models.items()):
                    if not model.busy and time.monotonic() - model.last_used > self._place.idle_s:
                        log.info("%s was idle for %.0f s and is unloaded", model.reach.name, self._place.idle_s)
                        await self._put_away(path)


def cores() -> int:
    """Processor cores that this process may use: two threads of one core do not compute faster than one."""
    siblings = set()
    allowed = os.sched_getaffinity(0)
    for cpu in allowed:
        try:
            siblings.add((CPUS / f"cpu{cpu}" / "topology" / "thread_siblings_list").read_text())
        except OSError:
            return len(allowed)
    return max(1, len(siblings))
