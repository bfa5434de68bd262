"""`portrait`: a photo or an avatar speaks, in real time on one core, with nothing to download.

Mouth from cues where they are known and from the sound where not; eyes and head by themselves; all of it a function of
time, cues, sound and seed, so a resumed stream goes on with the frames the first one would have shown.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from zipfile import BadZipFile

import cv2

from svc_video.engine import EngineFacts, Job, Prepared, Rgb
from svc_video.engines.portrait.motion import (
    EXPRESSIONS,
    NOD_DEGREES,
    STRESS_BROW,
    STRESS_NOD_DEGREES,
    Body,
)
from svc_video.engines.portrait.params import FaceParams
from svc_video.engines.portrait.renderer import Renderer
from svc_video.engines.portrait.visemes import PARAMETERS, REACH_MS, mouth_at, stress_at
from svc_video.engines.portrait.voicing import AROUND_MS, Voicing
from svc_video.faces.finder import FaceFinder
from svc_video.faces.portrait import PreparedFace, prepare
from svc_video.film import Frame
from svc_video.framing import USUAL_FRAMING, Framing
from svc_video.speech import Cue, Speech
from troupe.wire.errors import EngineMissing

LOOK_AHEAD_MS = int(max(REACH_MS, AROUND_MS)) + 40
CUES_END_MS = 120.0  # over this the mouth passes from cues to the sound where cues end
MOUTH = (*PARAMETERS, "close")

log = logging.getLogger(__name__)


class PortraitEngine:
    """Draws talking portraits."""

    def __init__(self) -> None:
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
        )
        self._finder: FaceFinder | None = None

    def start(self) -> None:
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
        self, picture: Rgb, width: int, height: int, kept: Path | None = None, framing: Framing = USUAL_FRAMING
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


class FaceTrack:
    """What the face does in each frame of one film."""

    def __init__(self, job: Job, speech: Speech) -> None:
        self._speech = speech
        self._rate = job.rate
        self._voicing = Voicing(speech)
        self._head = job.option("head_motion", 1.0)
        self._body = Body(job.seed, head=self._head, blinks=job.option("blink_rate", 1.0))
        self._smile, self._brow = EXPRESSIONS.get(job.expression, EXPRESSIONS[""])

    def at(self, index: int) -> FaceParams:
        """The face in that frame."""
        at_ms = float(index * 1000 / self._rate)
        cues, complete_ms = self._speech.cues()
        loudness = self._voicing.loudness_at(at_ms)
        mouth = self._mouth(at_ms, loudness, cues, complete_ms)
        stress = stress_at(at_ms, cues) if at_ms < complete_ms else 0.0
        self._voicing.forget(at_ms)
        motion = self._body.at(at_ms / 1000)
        return replace(
            mouth,
            smile=self._smile,
            brow=self._brow + STRESS_BROW * stress,
            blink_left=motion.blink,
            blink_right=motion.blink,
            gaze_x=motion.gaze_x,
            gaze_y=motion.gaze_y,
            yaw=motion.yaw,
            pitch=motion.pitch + self._head * (NOD_DEGREES * loudness + STRESS_NOD_DEGREES * stress),
            roll=motion.roll,
            dx=motion.dx,
            dy=motion.dy,
        )

    def _mouth(self, at_ms: float, loudness: float, cues: Sequence[Cue], complete_ms: float) -> FaceParams:
        """By cues as far as they are complete, by the sound after that, and a little of both between."""
        known = min(1.0, max(0.0, (complete_ms - at_ms) / CUES_END_MS))
        if known == 0.0:
            return self._voicing.mouth_at(at_ms)
        told = mouth_at(at_ms, cues, frame_ms=float(1000 / self._rate), loudness=loudness)
        if known == 1.0 or self._speech.ended:
            return told
        return _mixed(told, self._voicing.mouth_at(at_ms), known)


def _kept_face(kept: Path | None) -> PreparedFace | None:
    if kept is None or not kept.exists():
        return None
    try:
        return PreparedFace.load(kept)
    except (OSError, ValueError, KeyError, BadZipFile):
        log.info("a kept face could not be read; it is prepared anew")
        return None


def _mixed(one: FaceParams, other: FaceParams, share: float) -> FaceParams:
    """`share` of one and the rest of the other, mouth only."""
    first, second = asdict(one), asdict(other)
    return FaceParams(**{name: share * first[name] + (1 - share) * second[name] for name in MOUTH})
