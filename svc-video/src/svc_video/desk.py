"""The desk between the RPCs and the engines: which work, who is being served, and what happens when one breaks.

An engine is ready when it has drawn a first real frame. One that fails is asked for a frame at once, and is off until
it gives one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from fractions import Fraction

from svc_video.engine import SLOW, USUAL_CONTEXT, EngineContext, Job, Prepared, VideoEngine, make
from svc_video.film import Frame
from svc_video.portraits.gallery import Gallery
from svc_video.speech import SAMPLES_PER_MS, Speech
from troupe.v1.engine_pb2 import ENGINE_STATE_MISSING, ENGINE_STATE_READY
from troupe.wire.errors import CheckpointNotFound, EngineFailed, EngineMissing, Overloaded, TroupeError
from troupe.wire.health import EngineBoard
from troupe.wire.media import SAMPLE_BYTES

SERVICE = "troupe.v1.Video"
FIRST_FRAME_S = 60.0  # the first frame after loading must come within this
SUSPECT_S = 0.8  # ... one that just failed has this long, so that the board tells it within a second
PROBE_S = 5.0  # ... and one that is off, this long
PROBE_SIZE = 256
USUAL_SIZE = (512, 512)
WARM_REST_S = 1.5  # between two avatars being prepared
PROBE_MS = 200  # of silence
WATCH_S = 0.5  # between two looks at the engines that work
MISSING_S = 10.0  # ... and at what one lacked: `make sadtalker` beside a service that runs
RETRY_S = 0.5  # between two probes of a broken engine

log = logging.getLogger(__name__)


class Desk:
    """The engines of this process."""

    def __init__(
        self, names: Sequence[str], gallery: Gallery, max_streams: int, context: EngineContext = USUAL_CONTEXT
    ) -> None:
        self.engines: dict[str, VideoEngine] = {name: make(name, context) for name in names}
        self.board = EngineBoard(SERVICE, self.engines)
        self.gallery = gallery
        self.max_streams = max_streams
        self.outstanding = dict.fromkeys(self.engines, 0)
        self._mending: dict[str, asyncio.Task[None]] = {}

    def engine(self, name: str) -> tuple[str, VideoEngine]:
        """The named engine, or for an empty name the first one that is ready; raises unless there is one.

        One that is far from real time serves those who named none only where no other can.
        """
        name = name or self._usual() or next(iter(self.engines), "")
        self.board.require(name)
        return name, self.engines[name]

    def _usual(self) -> str:
        ready = [name for name in self.engines if self.board.status(name).state == ENGINE_STATE_READY]
        ready.sort(key=lambda name: SLOW in self.engines[name].facts.features)
        return next(iter(ready), "")

    async def load(self) -> None:
        """Start the engines side by side: nobody waits for one whose weights take their time."""
        await asyncio.gather(*(self._load(name, engine) for name, engine in self.engines.items()))

    async def _load(self, name: str, engine: VideoEngine) -> None:
        await self.board.loading(name, 0.0)
        try:
            await self._start(name, engine)
            await self._probe(name, FIRST_FRAME_S)
        except (EngineMissing, CheckpointNotFound) as error:
            await self.board.missing(name, error.message.rstrip("."), error.details.get("remedy", ""))
        except EngineFailed as error:
            self.broke(name, error)
        else:
            await self.board.ready(name)

    async def _start(self, name: str, engine: VideoEngine) -> None:
        loop = asyncio.get_running_loop()
        told: list[Future[None]] = []

        def report(progress: float) -> None:
            told.append(asyncio.run_coroutine_threadsafe(self.board.loading(name, progress), loop))

        try:
            await asyncio.to_thread(engine.start, report)
        finally:
            # The reports go out before the state that follows them.
            await asyncio.gather(*map(asyncio.wrap_future, told))

    async def watch(self) -> None:
        """Look after the engines while the process lives."""
        loop, looked_at = asyncio.get_running_loop(), 0.0
        while True:
            await asyncio.sleep(WATCH_S)
            if loop.time() > looked_at + MISSING_S:
                looked_at = loop.time()
                await self._look_for_what_was_missing()
            for name, engine in self.engines.items():
                if self.board.status(name).state == ENGINE_STATE_READY:
                    try:
                        async with asyncio.timeout(PROBE_S):
                            await asyncio.to_thread(engine.check)
                    except TimeoutError:
                        self.broke(name, EngineFailed(f"It did not answer within {PROBE_S:.0f} s.", engine=name))
                    except TroupeError as error:
                        self.broke(name, error)

    async def _look_for_what_was_missing(self) -> None:
        """Ask the engines that live apart; one whose files came meanwhile says so by loading them."""
        for name, engine in self.engines.items():
            if not engine.facts.apart or self.board.status(name).state != ENGINE_STATE_MISSING:
                continue
            try:
                await asyncio.to_thread(engine.check)
            except (EngineMissing, CheckpointNotFound) as error:
                await self._take_off(name, error)
            except TroupeError as error:
                log.info("engine %s has what it lacked: %s", name, error.message)
                self._mend_soon(name)
            else:
                self._mend_soon(name)

    async def warm(self) -> None:
        """Prepare the avatars at the usual size, so that the first film of each does not wait for it.

        One after the other with a rest between: a service that has just started has more urgent things to do.
        """
        for avatar in self.gallery.avatars:
            for name, engine in self.engines.items():
                if engine.facts.quick and self.board.status(name).state == ENGINE_STATE_READY:
                    await asyncio.to_thread(self.gallery.prepared, name, engine, "", avatar, USUAL_SIZE)
            await asyncio.sleep(WARM_REST_S)

    @contextmanager
    def serving(self, name: str) -> Iterator[None]:
        """One film being made by that engine; raises `Overloaded` when there are too many."""
        running = sum(self.outstanding.values())
        if running >= self.max_streams:
            raise Overloaded(
                f"{running} films are being made, the most this service makes at once. Try again in a moment.",
                retry_after_s=1,
            )
        self.outstanding[name] += 1
        try:
            yield
        finally:
            self.outstanding[name] -= 1

    def broke(self, name: str, error: TroupeError) -> None:
        """That engine failed: unless it draws a frame now, take it off until it does."""
        log.warning("engine %s failed: %s", name, error.message)
        self._mend_soon(name)

    def _mend_soon(self, name: str) -> None:
        if name not in self._mending:
            self._mending[name] = asyncio.create_task(self._mend(name))

    async def stop(self) -> None:
        """Free every engine."""
        for task in list(self._mending.values()):
            task.cancel()
        await asyncio.gather(*self._mending.values(), return_exceptions=True)
        for engine in self.engines.values():
            await asyncio.to_thread(engine.stop)

    async def _mend(self, name: str) -> None:
        # Asked first: one request that an engine cannot bear must not take it away from all the others.
        seconds = SUSPECT_S
        try:
            while True:
                try:
                    await self._probe(name, seconds)
                except TroupeError as error:
                    await self._take_off(name, error)
                    await asyncio.sleep(RETRY_S)
                    seconds = PROBE_S
                else:
                    break
            await self.board.ready(name)
        finally:
            del self._mending[name]

    async def _take_off(self, name: str, error: TroupeError) -> None:
        reason, loaded = error.message.rstrip("."), error.details.get("loading")
        if loaded is not None:
            await self.board.loading(name, float(loaded), reason)
        elif isinstance(error, (EngineMissing, CheckpointNotFound)):
            await self.board.missing(name, reason, error.details.get("remedy", ""))
        else:
            await self.board.broken(name, reason)

    async def _probe(self, name: str, seconds: float) -> None:
        """Have one frame of the default avatar drawn, where that is quick; raises `EngineFailed`."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.to_thread(self._draw_one, name)
        except TimeoutError as error:
            raise EngineFailed(f"It drew no frame within {seconds:.0f} s.", engine=name) from error
        except TroupeError:
            raise
        except Exception as error:
            log.exception("engine %s broke in its probe", name)
            raise EngineFailed(f"It broke drawing a frame: {type(error).__name__}: {error}", engine=name) from error

    def _draw_one(self, name: str) -> None:
        engine = self.engines[name]
        engine.check()
        if not engine.facts.probed:
            return
        face = self.gallery.prepared(name, engine, "", self.gallery.default, (PROBE_SIZE, PROBE_SIZE))
        first_frame(engine, face)


def first_frame(engine: VideoEngine, face: Prepared) -> Frame:
    """The portrait at rest, as the engine draws it; raises `EngineFailed`."""
    speech = Speech()
    speech.feed(bytes(PROBE_MS * SAMPLES_PER_MS * SAMPLE_BYTES))
    speech.end()
    job = Job(portrait=face, rate=Fraction(25))
    with closing(engine.animate(job, speech)) as frames:  # type: ignore[type-var]  # a generator
        frame = next(frames, None)
    if frame is None:
        raise EngineFailed("It drew no frame.")
    return frame
