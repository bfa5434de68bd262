"""The sound of one film while it comes, as the networks hear it: a window of mel columns for each frame."""

from __future__ import annotations

import torch
from torch import Tensor

from svc_video.engines.sadtalker.mel import MELS, Columns, MelStream
from svc_video.engines.sadtalker.resampling import FULL_SCALE, PHASES, RATE, STEP, Resampler, Wave
from svc_video.engines.sadtalker.track import Track
from svc_video.engines.sadtalker.windows import (
    FRAME_SAMPLES,
    WINDOW_COLUMNS,
    first_column,
    frames_heard,
    frames_of,
    window_columns,
)
from svc_video.speech import Pcm
from troupe.wire.media import SAMPLE_RATE

PIECE = 10 * SAMPLE_RATE  # samples worked on at once, however much is fed: so much memory is enough


class Hearing:
    """PCM in, windows out. `first_sample` is the number of the first sample that will be fed, at `rate` (Hz)."""

    def __init__(self, device: torch.device, first_sample: int = 0, rate: int = SAMPLE_RATE) -> None:
        if rate not in {SAMPLE_RATE, RATE}:
            raise ValueError(f"Sound of {rate} Hz was given. Give {SAMPLE_RATE} or {RATE} Hz.")
        self.rate = rate
        self._resampler = Resampler(first_sample) if rate != RATE else None
        self._mel = MelStream(first_sample if self._resampler is None else self._resampler.first)
        self._columns = Track(self._mel.first, MELS, device)
        self._fed = first_sample  # number of the sample up to which sound was fed
        self.frames: int | None = None  # of the film, once the sound has ended

    def feed(self, pcm: Pcm) -> None:
        """More sound."""
        for start in range(0, len(pcm), PIECE):
            piece = pcm[start : start + PIECE]
            self._fed += len(piece)
            self._add(self._mel.feed(self._resampler.feed(piece) if self._resampler else piece / FULL_SCALE))

    def end(self) -> None:
        """No more comes: silence to the end of the last frame, and the last columns."""
        frames = frames_of(-(-self._fed * RATE // self.rate))
        until = frames * FRAME_SAMPLES
        self._add(self._mel.feed(self._resampler.end(until) if self._resampler else _silence(until - self._fed)))
        self._add(self._mel.end())
        self.frames = frames

    @property
    def known(self) -> int:
        """Frames, from the first of the film, whose window is complete."""
        return frames_heard(self._columns.stop) if self.frames is None else self.frames

    @property
    def sure(self) -> int:
        """Frames the film has at least."""
        return self._fed * RATE // self.rate // FRAME_SAMPLES if self.frames is None else self.frames

    def windows(self, frames: range) -> Tensor:
        """(n, 1, 80, 16), of frames that are known. What came before the first sample fed is as silent as it began."""
        columns = window_columns(frames, None if self.frames is None else self._columns.stop)
        oldest = self._columns.first
        rows = self._columns.rows([max(oldest, column) for window in columns for column in window])
        return rows.view(len(frames), WINDOW_COLUMNS, MELS).transpose(1, 2)[:, None].contiguous()

    def forget(self, before: int) -> None:
        """Frames before that one are asked for no more."""
        self._columns.forget(max(0, first_column(before)))

    def _add(self, columns: Columns) -> None:
        self._columns.append(torch.from_numpy(columns))


def _silence(samples: int) -> Wave:
    return torch.zeros(max(0, samples), dtype=torch.float64).numpy()


assert STEP * RATE == PHASES * SAMPLE_RATE  # noqa: S101  # a frame ends on a whole sample of both rates
