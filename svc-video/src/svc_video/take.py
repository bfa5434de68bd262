"""One film being made: a thread draws, a thread encodes, segments come out on the event loop.

Both queues are short, so a slow reader holds back the encoder, and the encoder the drawing. Whoever leaves stops both
threads within a frame.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import closing

from svc_video.captions import Captions
from svc_video.engine import Job, VideoEngine
from svc_video.film import Film, Frame, Segment
from svc_video.mux import SOUND_LEAD_MS, Muxer
from svc_video.speech import SAMPLES_PER_MS, Pcm, Speech, Stopped, frame_span
from troupe.wire.errors import EngineFailed, TroupeError
from troupe.wire.progress import Progress

FRAMES_AHEAD = 4  # drawn, not yet encoded
SEGMENTS_AHEAD = 4  # encoded, not yet taken by the reader
LOOK_S = 0.05  # how often a waiting thread looks whether it should stop
JOIN_S = 5.0

log = logging.getLogger(__name__)

_Drawn = tuple[Frame | None, Pcm]  # no frame = the end, with the last of the sound


class Take:
    """Draws and encodes one film. Make it in a thread: opening the encoders takes some milliseconds."""

    def __init__(
        self,
        engine: VideoEngine,
        job: Job,
        film: Film,
        speech: Speech,
        progress: Progress,
        *,
        captions: Captions | None = None,
    ) -> None:
        self._engine, self._job, self._film = engine, job, film
        self._speech, self._progress, self._captions = speech, progress, captions
        self._muxer = Muxer(film)
        self._sound_from = self._muxer.sound_from
        self._drawn: queue.Queue[_Drawn] = queue.Queue(FRAMES_AHEAD)
        self._slots = threading.Semaphore(SEGMENTS_AHEAD)
        self._stopping = threading.Event()
        self._frames = 0
        self._out: asyncio.Queue[Segment | TroupeError | None] = asyncio.Queue()
        self.mime_type = self._muxer.mime_type

    def drawn(self) -> int:
        """Frames drawn so far."""
        return self._frames

    async def segments(self) -> AsyncGenerator[Segment, None]:
        """The init segment and fragments as they become whole; raises the error that ended the film."""
        loop = asyncio.get_running_loop()
        threads = [
            threading.Thread(target=self._run, args=(work, loop), name=work.__name__, daemon=True)
            for work in (self._draw, self._encode)
        ]
        for thread in threads:
            thread.start()
        try:
            while (item := await self._out.get()) is not None:
                if isinstance(item, TroupeError):
                    raise item
                yield item
                self._slots.release()
        finally:
            self._stopping.set()
            self._speech.stop()
            for thread in threads:
                await asyncio.to_thread(thread.join, JOIN_S)

    def _run(self, work: Callable[[asyncio.AbstractEventLoop], None], loop: asyncio.AbstractEventLoop) -> None:
        try:
            work(loop)
        except Stopped:
            log.debug("a take was stopped")
        except TroupeError as error:
            loop.call_soon_threadsafe(self._out.put_nowait, error)
        except Exception as error:  # the thread's boundary: the reader must learn of it
            log.exception("%s broke", work.__name__)
            failed = EngineFailed(f"The engine broke while drawing: {type(error).__name__}. The log has more.")
            loop.call_soon_threadsafe(self._out.put_nowait, failed)

    def _draw(self, _: asyncio.AbstractEventLoop) -> None:
        index = self._film.start_frame
        with closing(self._engine.animate(self._job, self._speech)) as frames:  # type: ignore[type-var]  # a generator
            for frame in frames:
                stop = frame_span(index, self._film.rate)[1]
                if self._captions is not None:
                    frame = self._captions.drawn(frame, float(index * 1000 / self._film.rate))  # noqa: PLW2901  # the same frame, with words
                self._hand_over(frame, self._speech.known_to(stop + SOUND_LEAD_MS * SAMPLES_PER_MS))
                self._progress.beat("rendering")
                index += 1
                self._frames += 1
        self._hand_over(None, frame_span(index - 1, self._film.rate)[1])

    def _hand_over(self, frame: Frame | None, sound_to: int) -> None:
        pcm = self._speech.pcm(self._sound_from, sound_to)
        self._sound_from = max(self._sound_from, sound_to)
        while not self._stopping.is_set():
            try:
                self._drawn.put((frame, pcm), timeout=LOOK_S)
            except queue.Full:
                continue
            return
        raise Stopped

    def _encode(self, loop: asyncio.AbstractEventLoop) -> None:
        with closing(self._muxer):
            while True:
                frame, pcm = self._next_drawn()
                made = self._muxer.add(frame, pcm) if frame is not None else self._muxer.finish(pcm)
                self._progress.beat()
                for segment in made:
                    self._give(segment, loop)
                if frame is None:
                    loop.call_soon_threadsafe(self._out.put_nowait, None)
                    return

    def _next_drawn(self) -> _Drawn:
        while not self._stopping.is_set():
            try:
                return self._drawn.get(timeout=LOOK_S)
            except queue.Empty:
                continue
        raise Stopped

    def _give(self, segment: Segment, loop: asyncio.AbstractEventLoop) -> None:
        if not self._slots.acquire(blocking=False):
            with self._progress.waiting("reader"):
                while not self._slots.acquire(timeout=LOOK_S):
                    if self._stopping.is_set():
                        raise Stopped
        loop.call_soon_threadsafe(self._out.put_nowait, segment)
