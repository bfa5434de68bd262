"""`portrait`: a photo or an avatar speaks, in real time on one core, with nothing to download.

Mouth from cues where they are known and from the sound where not; eyes and head by themselves; all of it a function of
time, cues, sound and seed, so a resumed stream goes on with the frames the first one would have shown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import BadZipFile

import cv2

from svc_video.engine import NO_OPTIONS, USUAL_CONTEXT, EngineContext, EngineFacts, Job, Options, Prepared, Rgb
from svc_video.engines.portrait.expressions import EXPRESSIONS
from svc_video.engines.portrait.renderer import Renderer
from svc_video.engines.portrait.track import FaceTrack
from svc_video.engines.portrait.visemes import REACH_MS
from svc_video.engines.portrait.voicing import AROUND_MS
from svc_video.faces.finder import FaceFinder
from svc_video.faces.portrait import PreparedFace, prepare
from svc_video.film import Frame
from svc_video.framing import USUAL_FRAMING, Framing
from svc_video.speech import Speech
from troupe.wire.errors import EngineMissing

LOOK_AHEAD_MS = int(max(REACH_MS, AROUND_MS)) + 40

log = logging.getLogger(__name__)


class PortraitEngine:
    """Draws talking portraits."""

    def __init__(self, context: EngineContext = USUAL_CONTEXT) -> None:  # noqa: ARG002  # the contract's
        self.facts = EngineFacts(
            model="portrait",
            version="1",
            device="cpu",
            licence="Apache-2.0",
            commercial_use=True,
            licence_note="face detector, attention mesh and person mask: Apache-2.0 (MediaPipe)",
            features=(
                "cues",
                "resume",
                "seed",
                "expression",
                "head_motion",
                "blink_rate",
                "aspect",
                "background",
                "captions",
            ),
            expressions=tuple(EXPRESSIONS),
        )
        self._finder: FaceFinder | None = None

    def start(self, report: Callable[[float], None] = lambda _: None) -> None:  # noqa: ARG002  # the contract's
        """Load the face networks: 20 ms."""
        # Several streams share the machine: OpenCV's own threads would only get in each other's way.
        cv2.setNumThreads(1)
        try:
            self._finder = FaceFinder()
        except FileNotFoundError as error:
            raise EngineMissing(
                f"The face networks are not installed: {error.filename} is missing.",
                remedy="pip install --force-reinstall troupe-svc-video",
            ) from error

    def check(self) -> None:
        """Everything is in this process: what breaks breaks while drawing, and is seen there."""

    def stop(self) -> None:
        """Free the face networks."""
        self._finder = None

    def prepare(
        self,
        picture: Rgb,
        width: int,
        height: int,
        kept: Path | None = None,
        framing: Framing = USUAL_FRAMING,
        *,
        options: Options = NO_OPTIONS,  # noqa: ARG002  # the contract's
    ) -> Prepared:
        """Find the face, frame it, and work out how it moves: about 250 ms, half of it where the face was kept."""
        if self._finder is None:
            raise EngineMissing("The engine portrait is not started.")
        face = _kept_face(kept)
        if face is None:
            face = prepare(self._finder, picture, (width, height), framing)
            if kept is not None:
                face.save(kept)
        return Prepared(width, height, Renderer(face), face.notes)

    def animate(self, job: Job, speech: Speech) -> Iterator[Frame]:
        """One I420 frame after the other."""
        track = FaceTrack(job, speech)
        renderer: Renderer = job.portrait.face
        for index in speech.frames(job.rate, LOOK_AHEAD_MS):
            yield renderer.render_i420(track.at(index))


def _kept_face(kept: Path | None) -> PreparedFace | None:
    if kept is None or not kept.exists():
        return None
    try:
        return PreparedFace.load(kept)
    except (OSError, ValueError, KeyError, BadZipFile):
        log.info("a kept face could not be read; it is prepared anew")
        return None
