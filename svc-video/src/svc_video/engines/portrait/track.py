"""What one face does in each frame of a film: the mouth from speech, the rest from its rhythm, all by one clock.

A function of time, cues, sound and seed, so a resumed film goes on with the same faces. What was decided for a frame
is kept when cues or sound come late: a face never jumps to what it should have done.
"""

from __future__ import annotations

from collections.abc import Sequence

from svc_video.engine import Job
from svc_video.engines.portrait.blinks import Blinks, Lids
from svc_video.engines.portrait.brows import raised
from svc_video.engines.portrait.expressions import (
    SQUINT_PER_SMILE,
    Expression,
    eased,
    expression_named,
    smile_while,
)
from svc_video.engines.portrait.gaze import Gaze
from svc_video.engines.portrait.head import Beats, Head, Pose
from svc_video.engines.portrait.hearing import Hearing
from svc_video.engines.portrait.params import FaceParams
from svc_video.engines.portrait.prosody import Prosody
from svc_video.engines.portrait.rhythm import Rhythm
from svc_video.engines.portrait.visemes import PARAMETERS, MouthTrack
from svc_video.engines.portrait.voicing import Voicing
from svc_video.speech import Cue, Speech

CUES_END_MS = 120.0  # over this the mouth passes from cues to the sound where cues end
MOUTH = (*PARAMETERS, "close")
BLINK_SQUINT, BLINK_BROW = 0.12, -0.05  # a blink takes a little of cheek and brow with it


class FaceTrack:
    """The face of one film."""

    def __init__(self, job: Job, speech: Speech) -> None:
        self._speech, self._rate, self._seed = speech, job.rate, job.seed
        self._frame_ms = float(1000 / job.rate)
        hearing = Hearing(speech)
        self._voicing = Voicing(hearing, self._frame_ms)
        self._rhythm = Rhythm(hearing, speech.start_ms)
        self._prosody = Prosody(hearing, job.seed, speech.start_ms)
        self._lips = MouthTrack(self._frame_ms)
        self._cued: float | None = None  # the cues' share of the mouth in the last frame
        self._expression = expression_named(job.expression)
        head = job.option("head_motion", 1.0)
        self._head = Head(job.seed, self._expression, head)
        self._gaze = Gaze(job.seed) if head else None
        self._blinks = Blinks(
            job.seed, self._invitation, rate=job.option("blink_rate", 1.0), frame_s=self._frame_ms / 1000
        )

    def at(self, index: int) -> FaceParams:
        """The face in that frame."""
        at_ms = float(index * 1000 / self._rate)
        seconds = at_ms / 1000
        cues, complete_ms = self._speech.cues()
        self._rhythm.advance(at_ms, cues, complete_ms)
        beats = self._beats(at_ms, cues, complete_ms)
        mouth = self._mouth(at_ms, cues, complete_ms)
        pose = self._head.at(seconds, beats)
        rises = self._prosody.rises(self._rhythm.phrase_ends)
        return composed(
            mouth,
            pose,
            gaze=self._look(seconds, (pose.yaw, pose.pitch)),
            lids=self._blinks.at(seconds),
            brow=raised(seconds, beats.accents, rises, self._seed),
            worn=self._expression,
            strength=eased(seconds),
            busy=self._rhythm.busy(at_ms),
        )

    def _beats(self, at_ms: float, cues: Sequence[Cue], complete_ms: float) -> Beats:
        rhythm = self._rhythm
        accents = self._prosody.accents(at_ms, cues, complete_ms, rhythm.phrase_starts)
        return Beats(rhythm.engaged(at_ms), accents, rhythm.phrase_starts, rhythm.phrase_ends)

    def _look(self, seconds: float, head: tuple[float, float]) -> tuple[float, float]:
        return self._gaze.at(seconds, self._rhythm.phrase_starts, head) if self._gaze else (0.0, 0.0)

    def _invitation(self, start: float, end: float) -> float | None:
        """The first moment in that time when a blink goes well: a phrase has ended, or the gaze goes elsewhere."""
        ends = [time for time in self._rhythm.phrase_ends if start <= time <= end]
        shift = self._gaze.shift_between(start, end, self._rhythm.phrase_starts) if self._gaze else None
        return min([*ends, *([] if shift is None else [shift])], default=None)

    def _mouth(self, at_ms: float, cues: Sequence[Cue], complete_ms: float) -> FaceParams:
        """By cues as far as they are complete, by the sound after that, and a little of both between."""
        known = 1.0 if self._speech.ended and cues else min(1.0, max(0.0, (complete_ms - at_ms) / CUES_END_MS))
        # Cues that come late take over as gently as those that end.
        step = self._frame_ms / CUES_END_MS
        before = known if self._cued is None else self._cued
        self._cued = known = min(before + step, max(before - step, known))
        if known == 0.0:
            return self._voicing.mouth_at(at_ms)
        told = self._lips.at(at_ms, cues, self._voicing.loudness_at(at_ms))
        return told if known == 1.0 else _mixed(told, self._voicing.mouth_at(at_ms), known)


def composed(
    mouth: FaceParams,
    pose: Pose,
    *,
    gaze: tuple[float, float],
    lids: Lids,
    brow: float,
    worn: Expression,
    strength: float,
    busy: float,
) -> FaceParams:
    """All of it in one face. A smile gives way to a `busy` mouth, and what is said comes before what is worn."""
    smile = smile_while(worn.smile * strength, busy, mouth.pucker)
    idle = strength * (1 - busy)
    shut = max(lids.left, lids.right)
    return FaceParams(
        jaw=min(1.0, mouth.jaw + worn.jaw * idle),
        wide=mouth.wide,
        pucker=mouth.pucker,
        press=max(mouth.press, worn.press * idle * (1 - mouth.jaw)),
        upper=max(mouth.upper, worn.upper * strength * (1 - mouth.close)),
        lower=mouth.lower,
        close=mouth.close,
        fv=mouth.fv,
        tongue=mouth.tongue,
        smile=smile,
        blink_left=lids.left,
        blink_right=lids.right,
        lid=worn.lid * strength,
        squint=min(1.0, worn.squint * strength + SQUINT_PER_SMILE * max(0.0, smile) + BLINK_SQUINT * shut),
        brow=brow + worn.brow * strength + BLINK_BROW * shut,
        brow_inner=worn.brow_inner * strength,
        brow_outer=worn.brow_outer * strength,
        gaze_x=gaze[0],
        gaze_y=gaze[1],
        yaw=pose.yaw,
        pitch=pose.pitch,
        roll=pose.roll,
        dx=pose.dx,
        dy=pose.dy,
        breath=pose.breath,
    )


def _mixed(one: FaceParams, other: FaceParams, share: float) -> FaceParams:
    """`share` of one and the rest of the other, mouth only."""
    return FaceParams(**{name: share * getattr(one, name) + (1 - share) * getattr(other, name) for name in MOUTH})
