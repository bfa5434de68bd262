"""A film's choices, frame by frame: what is put in place of, or beside, what the networks say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from svc_video.engines.sadtalker.blinks import Blinks
from svc_video.engines.sadtalker.camera import angle_track, angles_at
from svc_video.engines.sadtalker.headpose import Heads
from svc_video.engines.sadtalker.plan import MotionPlan
from svc_video.engines.sadtalker.source import EXPRESSION, POSE, Floats
from svc_video.engines.sadtalker.track import sent


class Script:
    """Of one film; `source` (73,) are the picture's coefficients, on the networks' device."""

    def __init__(self, plan: MotionPlan, source: Tensor) -> None:
        self._plan, self._source = plan, source
        self._blinks = Blinks(plan.seed, plan.blinking)
        reference = plan.reference
        self._eyes = None if reference is None or reference.eyes is None else self._on(reference.eyes)
        self._way = None if reference is None or reference.pose is None else self._on(reference.pose)
        angles = (plan.yaw, plan.pitch, plan.roll)
        self._angles = [angle_track(given, plan.angles_frames) if given else None for given in angles]

    def expression_inputs(self, frames: range, ended: int | None) -> tuple[Tensor, Tensor]:
        """Reference expressions (n, 64) and how closed the eyes are (n,)."""
        if self._eyes is not None:  # its eyes are in its expressions
            return self._looped(self._eyes, frames), self._source.new_zeros(len(frames))
        return self._source[:EXPRESSION].expand(len(frames), -1), self._on(self._closed(frames, ended))

    def coefficients(self, frames: range, expressions: Tensor, poses: Tensor | None) -> Tensor:
        """(n, 73) of expressions (n, 64) and poses (n, 6); no poses: the head is still."""
        rest = self._source[EXPRESSION:].repeat(len(frames), 1)
        if poses is not None:
            rest[:, :POSE] = self._scaled(poses if self._way is None else poses + self._looped(self._way, frames))
        return torch.cat((expressions * self._plan.expression_scale, rest), dim=1)

    def turned(self, frames: range, heads: Heads) -> Heads:
        """The camera's angles in place of the heads' own."""
        if not any(track is not None for track in self._angles):
            return heads
        angles = heads.angles.clone()
        for column, track in enumerate(self._angles):
            if track is not None:
                angles[:, column] = self._on(angles_at(track, frames))
        return replace(heads, angles=angles)

    def _closed(self, frames: range, ended: int | None) -> Floats:
        given = self._plan.blinks
        if given is None:
            return self._blinks.ratios(frames, ended)
        closed = np.zeros(len(frames), np.float32)
        part = given[frames.start : frames.stop]
        closed[: len(part)] = part
        return closed

    def _scaled(self, poses: Tensor) -> Tensor:
        if self._plan.pose_scale == 1:
            return poses
        own = self._source[EXPRESSION : EXPRESSION + POSE]
        return own + (poses - own) * self._plan.pose_scale

    def _looped(self, rows: Tensor, frames: range) -> Tensor:
        """The rows for these frames; after the last comes the first again."""
        numbers = torch.arange(frames.start, frames.stop, device=rows.device) % len(rows)
        return rows[numbers]

    def _on(self, values: Floats) -> Tensor:
        return sent(torch.from_numpy(np.ascontiguousarray(values)).float(), self._source.device)
