"""A voice's own colour, learned while it speaks and taken out of its frames, so that two voices can be compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from svc_tts.audio.cepstra import Matrix

_QUIETEST_DB = -50.0
_FEWEST_FRAMES = 8  # of speech, before a voice's mean is believed
_MOST_FRAMES = 3_000.0  # of speech a voice's mean remembers
_SPEECH_DB = -30.0  # below the loudest so far
_FORGOTTEN_DB = 3.0  # of the loudest, from one utterance to the next: some are quieter as a whole


class VoiceColour:
    """A voice's mean cepstra, their spread and its level, learned while it speaks: what differs from another's."""

    def __init__(self) -> None:
        self._count = 0.0
        self._sum = np.zeros(12)
        self._squares = np.zeros(12)
        self._loudest_db = -90.0

    def again(self) -> VoiceColour:
        """A copy for the next utterance."""
        copied = VoiceColour()
        copied._count, copied._sum, copied._squares = self._count, self._sum, self._squares
        copied._loudest_db = self._loudest_db - _FORGOTTEN_DB
        return copied

    def of_all(self, parts: Sequence[Matrix]) -> Matrix:
        """These frames (n, 13), learned and then without the colour."""
        frames = np.concatenate(parts)
        self.learn(frames)
        return self.without(frames)

    def learn(self, frames: Matrix) -> None:
        """Take in frames (n, 13)."""
        if not len(frames):
            return
        self._loudest_db = max(self._loudest_db, float(frames[:, -1].max()))
        speech = frames[frames[:, -1] > self._loudest_db + _SPEECH_DB, :-1].astype(np.float64)
        if self._count + len(speech) > _MOST_FRAMES:
            keep = max(0.0, _MOST_FRAMES - len(speech)) / max(self._count, 1.0)
            self._count, self._sum, self._squares = self._count * keep, self._sum * keep, self._squares * keep
        self._count += len(speech)
        self._sum = self._sum + speech.sum(axis=0)
        self._squares = self._squares + (speech * speech).sum(axis=0)

    def without(self, frames: Matrix) -> Matrix:
        """Frames (n, 13): cepstra in standard deviations, the level in dB below the voice's loudest."""
        level = np.maximum(frames[:, -1:] - self._loudest_db, _QUIETEST_DB)
        if self._count < _FEWEST_FRAMES:
            return np.concatenate((np.zeros_like(frames[:, :-1]), level), axis=1).astype(np.float32)
        mean = self._sum / self._count
        spread = np.sqrt(np.maximum(self._squares / self._count - mean * mean, 1e-4))
        return np.concatenate(((frames[:, :-1] - mean) / spread, level), axis=1).astype(np.float32)
