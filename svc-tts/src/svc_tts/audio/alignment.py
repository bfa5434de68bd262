"""When each phone and word is heard in a sound whose text is known: another voice's reading of it is laid beside it.

That voice (espeak) tells its own times. Its reading is a row of states (`Row`), and Viterbi's algorithm finds the
cheapest way through the row as the sound arrives. The way is settled `LAG_S` behind the sound, so that mouths need not
wait for the sentence's end.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from svc_tts.audio.cepstra import HOP_S, Matrix
from svc_tts.audio.heard import Heard, joined
from svc_tts.audio.reading import Indices, Reading, Row
from svc_tts.engine import Piece

LAG_S = 0.16  # for so long, what comes after a moment may change how it is understood
_LAG = round(LAG_S / HOP_S)  # frames
_BLOCK = 100  # frames: a long sentence that comes in one piece takes no more memory than one that streams
_STAY, _SKIP_ONE, _SKIP_TWO = 2.0, 1.0, 2.5  # costs of one voice being slower or faster for a frame
_ENTER_PAUSE = 12.0
_LOUD_DB, _PER_DB = -42.0, 2.0  # below the voice's loudest: above that it is no pause, by so much a dB
_LEVEL_WEIGHT = 0.12  # of a dB, beside cepstra in standard deviations
_FAR = np.float32(1e9)

Costs = npt.NDArray[np.float32]


class Alignment:
    """The way of one sound, as it arrives, through a reading."""

    def __init__(self, reading: Reading) -> None:
        self._row = row = Row.of(reading)
        self._heard = Heard(reading)
        self._features = _weighed(row.frames)
        self._moves = _moves(row.pause)
        self._cost: Costs = np.full(len(row.phone), _FAR, np.float32)
        self._steps: list[npt.NDArray[np.int8]] = []  # of the frames that are not settled
        self._frames = self._settled = 0

    def feed(self, frames: Matrix) -> Piece:
        """What is settled by these frames (n, 13), without the voice's colour."""
        told = [self._feed(frames[at : at + _BLOCK]) for at in range(0, len(frames), _BLOCK)]
        return joined(told)

    def _feed(self, frames: Matrix) -> Piece:
        for local in self._locals(frames):
            self._step(local)
        if len(self._steps) <= _LAG:
            return Piece()
        return self._heard.hear(self._settle(self._way(int(np.argmin(self._cost)))[:-_LAG]))

    def finish(self, length_s: float) -> Piece:
        """The sound is over after that many seconds: all that was not told yet."""
        if not self._steps:
            return self._heard.end(length_s)
        last = len(self._cost) - 1
        end = min((last, max(0, last - 1)), key=lambda state: self._cost[state])
        return joined([self._heard.hear(self._settle(self._way(end))), self._heard.end(length_s)])

    def _locals(self, frames: Matrix) -> Costs:
        """(n, states): how ill each frame fits each state."""
        new = _weighed(frames)
        fits = (new * new).sum(axis=1)[:, None] + (self._features**2).sum(axis=1) - 2 * new @ self._features.T
        paused = np.maximum(0, (frames[:, -1] - _LOUD_DB) * _PER_DB)
        return np.asarray(np.where(self._row.pause, paused[:, None], fits), np.float32)

    def _step(self, local: Costs) -> None:
        if not self._frames:
            self._cost[:3] = (0.0, 1.0, 2.0)[: len(self._cost)]
            self._steps.append(np.zeros(len(self._cost), np.int8))
        else:
            ways = self._moves.copy()
            for back in range(len(ways)):
                ways[back, back:] += self._cost[: len(self._cost) - back]
            step = np.argmin(ways, axis=0)
            self._cost = np.take_along_axis(ways, step[None], axis=0)[0]
            self._steps.append(step.astype(np.int8))
        self._cost += local
        self._cost -= self._cost.min()
        self._frames += 1

    def _way(self, state: int) -> Indices:
        """The states of the frames that are not settled, if the last one is in `state`."""
        way = np.empty(len(self._steps), np.int64)
        for frame in range(len(self._steps) - 1, -1, -1):
            way[frame] = state
            state -= int(self._steps[frame][state])
        return way

    def _settle(self, way: Indices) -> Iterator[tuple[float, int | None]]:
        """The moments at which another phone begins."""
        del self._steps[: len(way)]
        labels = np.where(self._row.pause[way], -1, self._row.phone[way])
        first, self._settled = self._settled, self._settled + len(way)
        for index in np.flatnonzero(np.diff(labels, prepend=-2)):
            label = int(labels[index])
            yield max(0.0, (first + int(index) - 0.5) * HOP_S), None if label < 0 else label


def _weighed(frames: Matrix) -> Matrix:
    return frames * np.array([1.0] * (frames.shape[1] - 1) + [_LEVEL_WEIGHT], np.float32)


def _moves(pause: npt.NDArray[np.bool_]) -> Costs:
    """(4, states): what it costs to come into a state from the one 0, 1, 2, 3 before; a pause may always be passed."""
    behind = np.concatenate(([False, False, False], pause))
    one, two = behind[2:-1], behind[1:-2]  # whether the state one, two before is a pause
    enter = np.where(pause, _ENTER_PAUSE, 0.0)
    stay = np.where(pause, 0.0, _STAY)
    skip_one = np.where(one, 0.0, _SKIP_ONE) + enter
    skip_two = np.where(one | two, _SKIP_ONE, _SKIP_TWO) + enter
    moves = np.stack((stay, enter, skip_one, skip_two)).astype(np.float32)
    for back in range(len(moves)):
        moves[back, :back] = _FAR
    return moves
