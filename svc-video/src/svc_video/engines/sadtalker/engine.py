"""`sadtalker`: a photo speaks with SadTalker's official weights, on any processor that PyTorch runs on.

Notable choices:
- the networks live in a process of their own (`worker`), which a fault of CUDA or the system's memory killer may end
  without ending the service; it is started again by itself;
- all films share it and are drawn together (`scheduler`); squares come back, and are set into frames here, in the
  thread of each film;
- a film is a function of its sound, portrait, options and seed;
- nothing here imports torch.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from svc_video.engine import (
    NO_OPTIONS,
    SLOW,
    USUAL_CONTEXT,
    EngineContext,
    EngineFacts,
    Job,
    Options,
    Prepared,
    Rgb,
)
from svc_video.engines.sadtalker import terms
from svc_video.engines.sadtalker.enhancer import Enhancers
from svc_video.engines.sadtalker.kept import load as load_kept
from svc_video.engines.sadtalker.kept import save as save_kept
from svc_video.engines.sadtalker.options import PORTRAIT_OPTIONS, SadTalkerOptions
from svc_video.engines.sadtalker.orders import FilmOrder, Load, to_source
from svc_video.engines.sadtalker.placing import natural_size
from svc_video.engines.sadtalker.process import Process
from svc_video.engines.sadtalker.reel import Reel
from svc_video.engines.sadtalker.shot import SadTalkerFace, Shot, bounded
from svc_video.engines.sadtalker.source import FPS, Source
from svc_video.film import Frame
from svc_video.framing import USUAL_FRAMING, Framing
from svc_video.speech import Speech
from troupe.wire.errors import CheckpointNotFound, EngineFailed, EngineMissing, TroupeError

FEATURES = ("seed", "head_motion", "blink_rate", "aspect", "captions", "resume", "look_back")
FEWEST_AHEAD = 8  # frames that may be drawn before they are taken, however small the batch
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0  # between two starts of a process that dies each time
HEALED_S = 60.0  # one that lived so long begins with the shortest pause again
SLOW_BELOW = FPS / 2  # frames per second: a film that takes twice its length or more is no conversation
LATE_S = 5.0  # so long without a sign of life it is no longer asked for new films

log = logging.getLogger(__name__)


class SadTalkerEngine:
    """SadTalker in a child process."""

    def __init__(self, context: EngineContext = USUAL_CONTEXT) -> None:
        self._place = context.sadtalker
        self._enhancers = Enhancers.named_in(self._place.enhancers)
        self._process: Process | None = None
        self._starting: threading.Thread | None = None
        self._lock = threading.Lock()
        self._loaded = 0.0
        self._started_at = self._not_before = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._refusal: TroupeError | None = None
        self._stopped = False
        self._identities: dict[int, str] = {}  # by size, of what measures faces
        self._counts: Counter[str] = Counter()
        self.facts = EngineFacts(
            model="SadTalker",
            version="0.0.2",
            device=self._place.device,
            licence=terms.LICENCE,
            commercial_use=False,
            licence_note=terms.LICENCE_NOTE,
            features=FEATURES,
            portrait_options=PORTRAIT_OPTIONS,
            probed=False,
            apart=True,
            quick=False,
            frame_rate=FPS,
        )

    def start(self, report: Callable[[float], None]) -> None:
        """Load; raises `CheckpointNotFound` or `EngineMissing` where files, torch or memory are wanting."""
        terms.require(self._place.checkpoint)
        try:
            self._load(report)
        except (EngineMissing, CheckpointNotFound) as error:  # what it said itself: the files are there
            self._refusal = error
            raise

    def prepare(
        self,
        picture: Rgb,
        width: int,
        height: int,
        kept: Path | None = None,
        framing: Framing = USUAL_FRAMING,
        *,
        options: Options = NO_OPTIONS,
    ) -> Prepared:
        """Find the face and cut it out; with the framing "original" the frame has the shape of what was cut out."""
        source = self._source(picture, SadTalkerOptions.of(options), kept)
        if framing.aspect == "original" and not source.full:
            width, height = natural_size(source, (picture.shape[1], picture.shape[0]))
        return Prepared(width, height, SadTalkerFace(source, bounded(picture)), source.notes)

    def animate(self, job: Job, speech: Speech) -> Iterator[Frame]:
        """Frames as they are drawn; closing it frees the networks within a batch."""
        process, options = self._running(), SadTalkerOptions.of(job.options)
        self._enhancers.check(options.enhancer)
        room = max(FEWEST_AHEAD, 2 * int(process.hello["batch"]))
        order = FilmOrder(
            acting=options.acting(job.seed),
            rate=(job.rate.numerator, job.rate.denominator),
            first_index=round(speech.start_ms * job.rate / 1000),
            sound_from=speech.first_sample,
            room=room,
        )
        shot = Shot(job.portrait, options)
        order, parts = replace(order, finish=shot.finish), shot.parts
        told = order.message(shot.face.source, [len(part) for part in parts])
        with process.ask("film", b"".join(parts), **told) as line:
            reel = Reel(process, line, job, speech, room, still=options.still)
            self._counts["films"] += 1
            for frame in reel.frames(job.rate, shot.composed):
                self._counts["frames"] += 1
                yield frame

    def check(self) -> None:
        """Whether the process lives and answers; one that died is started again in the background.

        So is the first one, where its files were missing and are there now; a machine too small for it stays too small.
        """
        process = self._process
        if process is not None and process.alive:
            self._check_pulse(process)
            return
        if process is None:
            terms.require(self._place.checkpoint)
            if self._refusal is not None:
                raise self._refusal
        self._again(process)

    def stop(self) -> None:
        """Leave no process behind."""
        self._stopped = True
        if self._process is not None:
            self._process.end()

    def counts(self) -> Mapping[str, int]:
        """Films, frames, and how often the process was started again, for metrics."""
        return dict(self._counts)

    def _source(self, picture: Rgb, asked: SadTalkerOptions, kept: Path | None) -> Source:
        identity = self._identities.get(asked.size)
        if kept is not None and identity and (source := load_kept(kept, identity)) is not None:
            return source
        height, width = picture.shape[:2]
        told = {"width": width, "height": height, "mode": asked.preprocess, "size": asked.size}
        with self._running().ask("prepare", picture.tobytes(), **told) as line:
            packet = line.done()
        done: dict[str, Any] = packet.message["done"]
        source = to_source(done["source"], packet.data)
        self._identities[asked.size] = done["identity"]
        if kept is not None:
            save_kept(kept, source, done["identity"])
        return source

    def _running(self) -> Process:
        if self._process is None:
            raise EngineFailed("SadTalker was not started.", engine="sadtalker")
        if not self._process.alive:
            raise self._process.failure()
        return self._process

    def _check_pulse(self, process: Process) -> None:
        silent_s = time.monotonic() - process.moved_at
        if silent_s > LATE_S:
            raise EngineFailed(f"SadTalker gave no sign of life for {silent_s:.0f} s", engine="sadtalker")
        if time.monotonic() > self._started_at + HEALED_S:
            self._pause_s = FIRST_PAUSE_S

    def _load(self, report: Callable[[float], None]) -> None:
        place = self._place
        load = Load(str(place.checkpoint), place.device, place.precision, place.batch, place.landmarks, place.enhancers)
        process = Process.start(load, report, self.command)
        self._process, self._started_at = process, time.monotonic()
        if self._stopped:
            process.end()
        hello = process.hello
        speed = float(hello["frames_per_s"])
        told = f"about {speed:.2g} frames per second on this device ({hello['device']}), {FPS} are real time; "
        self.facts = replace(
            self.facts,
            device=hello["device"],
            version=hello["version"],
            features=(*FEATURES, SLOW) if speed < SLOW_BELOW else FEATURES,
            notes=(told + "the engine portrait is real time anywhere",) if speed < FPS else (),
        )

    command: tuple[str, ...] = ()  # of a stand-in, in tests

    def _again(self, dead: Process | None) -> None:
        """Start another process in the background; raises how far that is, unless it is there."""
        with self._lock:
            if self._process is not dead:
                return  # it was started meanwhile
            if self._starting is None or not self._starting.is_alive():
                self._start_another(dead)
        how = "loaded" if dead is None else "started again"
        raise EngineFailed(f"SadTalker is {how}", engine="sadtalker", loading=self._loaded)

    def _start_another(self, dead: Process | None) -> None:
        if time.monotonic() < self._not_before:
            raise self._refusal or (dead.failure() if dead else EngineFailed("It was not started", engine="sadtalker"))
        self._not_before = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        if dead is not None:
            log.warning("%s", dead.failure().message)
            dead.end()
            self._counts["restarted"] += 1
        self._loaded, self._refusal = 0.0, None
        self._starting = threading.Thread(target=self._restart, name="sadtalker-restart", daemon=True)
        self._starting.start()

    def _restart(self) -> None:
        try:
            self.start(self._progress)
        except TroupeError as error:
            self._refusal = error
            log.warning("SadTalker could not be started again: %s", error.message)

    def _progress(self, loaded: float) -> None:
        self._loaded = loaded
