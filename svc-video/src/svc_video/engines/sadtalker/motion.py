"""How a portrait moves to its speech: sound in, heads out, while the sound is still coming.

- Everything is computed at absolute positions. However the sound is cut, the frames are those of the whole clip, and a
  stream begun at a later frame gives that frame as the first one would have (`LOOK_BACK_MS` of sound before it).
- A frame comes as soon as all it depends on is known: `LOOK_AHEAD_MS` of sound after it at worst, `STILL_AHEAD_MS`
  where the head is still. When the sound has ended, the rest comes at once.
- What no later frame needs is forgotten: half an hour takes no more memory than ten seconds.
- No value is read back from the device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from svc_video.engines.sadtalker import mapping as mapped
from svc_video.engines.sadtalker import smoothing
from svc_video.engines.sadtalker.audio2exp import AudioToExpression
from svc_video.engines.sadtalker.audio2pose import CHUNK_FRAMES, AudioToPose
from svc_video.engines.sadtalker.blinks import REACH as BLINK_REACH
from svc_video.engines.sadtalker.filling import Tensors
from svc_video.engines.sadtalker.headmotion import HeadMotion
from svc_video.engines.sadtalker.headpose import Heads
from svc_video.engines.sadtalker.hearing import Hearing
from svc_video.engines.sadtalker.mapping import Mapping, still_heads
from svc_video.engines.sadtalker.plan import MotionPlan
from svc_video.engines.sadtalker.resampling import REACH as FILTER_REACH
from svc_video.engines.sadtalker.script import Script
from svc_video.engines.sadtalker.source import EXPRESSION, FPS, POSE, Floats
from svc_video.engines.sadtalker.track import Track
from svc_video.engines.sadtalker.windows import HEARD_AHEAD_MS, HEARD_BACK_MS
from svc_video.speech import Pcm
from troupe.wire.media import SAMPLE_RATE

FRAME_MS = 1_000 // FPS
FILTER_MS = FILTER_REACH * 1_000 / SAMPLE_RATE
POSE_REACH = mapped.REACH + smoothing.REACH  # frames on each side whose raw pose a frame's key points depend on
LOOK_AHEAD_MS = math.ceil((POSE_REACH + CHUNK_FRAMES - 1) * FRAME_MS + HEARD_AHEAD_MS + FILTER_MS)
"""Sound after the end of a frame that its key points need, at most: a chunk that begins with the last pose needed."""
STILL_AHEAD_MS = math.ceil((mapped.REACH + BLINK_REACH - 1) * FRAME_MS + FILTER_MS)
"""The same where the head is still; without blinks two or three frames less."""
LOOK_BACK_MS = math.ceil((POSE_REACH + CHUNK_FRAMES - 1) * FRAME_MS + HEARD_BACK_MS + FILTER_MS)
"""Sound before a frame from which a stream begun with that frame gives what the whole film has there."""

HEARD_AT_ONCE = 128  # windows: the encoders' planes take 160 KB each
MAPPED_AT_ONCE = 1_024  # frames


@dataclass(frozen=True, slots=True)
class MotionNetworks:
    """The three networks of one release; `mapping` is the one for 70 coefficients or the one for 73."""

    expression: AudioToExpression
    pose: AudioToPose
    mapping: Mapping

    @classmethod
    def of(cls, audio2exp: Tensors, audio2pose: Tensors, mapping: Tensors) -> Self:
        """From a release's tensors, without their parts' beginnings. Raises `CheckpointBroken`."""
        return cls(AudioToExpression.of(audio2exp), AudioToPose.of(audio2pose), Mapping.of(mapping))

    def to(self, device: torch.device | str) -> Self:
        """On that device; modules move in place."""
        for network in (self.expression, self.pose, self.mapping):
            _moved(network, device)
        return self

    @property
    def device(self) -> torch.device:
        """Where they are."""
        return self.mapping.heads.weight.device

    def source_heads(self, coefficients: Floats) -> Heads:
        """The head of the picture itself, one frame; `coefficients` (73,)."""
        with torch.inference_mode():
            return still_heads(self.mapping, torch.from_numpy(coefficients).float().to(self.device))


def _moved(network: nn.Module, device: torch.device | str) -> None:
    network.to(device)


@dataclass(frozen=True, slots=True)
class Motion:
    """Some frames of a film, in order."""

    first: int  # number of the first of them
    coefficients: Tensor  # (n, 70) or (n, 73), as the mapping network was given them
    heads: Heads

    def __len__(self) -> int:
        return len(self.heads)


class MotionStream:
    """One film. `coefficients` (73,) are the picture's; `start_frame` is the first frame wanted.

    `first_sample` is the number of the first sample fed, counted from the film's beginning, at `rate` (24 or 16 kHz);
    for a later start, that of `LOOK_BACK_MS` before. With less the frames come too, but not quite the same.
    """

    def __init__(
        self,
        networks: MotionNetworks,
        coefficients: Floats,
        plan: MotionPlan,
        *,
        start_frame: int = 0,
        first_sample: int = 0,
        rate: int = SAMPLE_RATE,
    ) -> None:
        self._networks, self._plan = networks, plan
        device = networks.device
        self._source = torch.from_numpy(coefficients).float().to(device)
        self._script = Script(plan, self._source)
        self._hearing = Hearing(device, first_sample, rate)
        first = max(0, start_frame - mapped.REACH)
        pose = self._source[EXPRESSION : EXPRESSION + POSE]
        self._head = None if plan.still else HeadMotion(networks.pose, pose, plan.style, plan.seed, first)
        self._heard = first if self._head is None else self._head.first_heard  # the next frame the head hears
        self._expressions = Track(first, EXPRESSION, device)
        self._poses = Track(first, POSE, device)
        self._coefficients = Track(first, networks.mapping.coefficients, device)
        self._spoken = first  # the next frame whose expression is wanted
        self._next = start_frame

    def feed(self, pcm: Pcm) -> None:
        """More sound, s16 mono."""
        self._hearing.feed(pcm)

    def end(self) -> None:
        """No more sound comes. A last frame that is not full of it is shown with silence."""
        self._hearing.end()

    @property
    def total(self) -> int | None:
        """Frames of the film, once its sound has ended."""
        return self._hearing.frames

    @torch.inference_mode()
    def frames(self) -> Motion | None:
        """Every frame that is known now and was not given yet; none = more sound is needed, or all were given."""
        if self.total is not None and self.total <= self._next:
            return None
        while self._listen():
            self._join()
        return self._map()

    def _listen(self) -> bool:
        """Give some more windows to the networks; whether there were any."""
        listened = self._hear() if self._head is not None else False
        spoke = self._speak()
        self._hearing.forget(self._spoken if self._head is None else min(self._heard, self._spoken))
        return listened or spoke

    def _hear(self) -> bool:
        frames = range(self._heard, min(self._hearing.known, self._heard + HEARD_AT_ONCE))
        if not frames or self._head is None:
            return False
        self._head.hear(self._hearing.windows(frames))
        self._heard = frames.stop
        return True

    def _speak(self) -> bool:
        known = self._hearing.known
        if self._plan.drawing_blinks and self.total is None:
            known = min(known, self._hearing.sure - BLINK_REACH + 1)
        frames = range(self._spoken, min(known, self._spoken + HEARD_AT_ONCE))
        if not frames:
            return False
        reference, closed = self._script.expression_inputs(frames, self.total)
        self._expressions.append(self._networks.expression(self._hearing.windows(frames), reference, closed))
        self._spoken = frames.stop
        return True

    def _join(self) -> None:
        """Expression and pose of the frames that have both, as coefficients."""
        if self._head is not None:
            done = self.total is not None and self._heard >= self.total
            self._poses.append(self._head.poses(self.total if done else None))
        start = self._coefficients.stop
        stop = self._expressions.stop if self._head is None else min(self._expressions.stop, self._poses.stop)
        if stop <= start:
            return
        poses = None if self._head is None else self._poses.slice(start, stop)
        rows = self._script.coefficients(range(start, stop), self._expressions.slice(start, stop), poses)
        self._coefficients.append(rows[:, : self._networks.mapping.coefficients])
        self._expressions.forget(stop)
        self._poses.forget(stop)

    def _map(self) -> Motion | None:
        """The heads of the frames whose neighbours are known."""
        total = self.total
        until = self._coefficients.stop - mapped.REACH if total is None else total
        parts = [
            self._heads(range(start, min(until, start + MAPPED_AT_ONCE)))
            for start in range(self._next, until, MAPPED_AT_ONCE)
        ]
        if not parts:
            return None
        first, self._next = self._next, until
        given = self._coefficients.slice(first, until)
        self._coefficients.forget(until - mapped.REACH)
        return Motion(first, given, Heads.join(parts))

    def _heads(self, frames: range) -> Heads:
        around = range(frames.start - mapped.REACH, frames.stop + mapped.REACH)
        last = self._coefficients.stop - 1
        rows = self._coefficients.rows([min(max(number, 0), last) for number in around])
        return self._script.turned(frames, self._networks.mapping(rows))


def whole_motion(
    networks: MotionNetworks, coefficients: Floats, plan: MotionPlan, pcm: Pcm, rate: int = SAMPLE_RATE
) -> Motion | None:
    """The motion of a whole clip; none where it has no sample."""
    stream = MotionStream(networks, coefficients, plan, rate=rate)
    stream.feed(pcm)
    stream.end()
    return stream.frames()
