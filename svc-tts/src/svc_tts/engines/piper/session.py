"""One voice in memory: onnxruntime's session, what it takes and gives, and how loud it is.

Imported in the child process only (`worker`): a malformed graph may end the process that loads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as _states

from svc_tts.engines.piper.graph import NotProtobuf, with_durations

Floats = np.ndarray[Any, np.dtype[np.float32]]

_NEEDED, _SPEAKER = ("input", "input_lengths", "scales"), "sid"
_LONGEST_S = 180.0
_LOUD, _FULL = 0.7, 0.98  # peaks: of the first stretch a speaker says, and of the loudest allowed
_MOST_GAIN = 8.0
_MOST_BYTES = 1 << 30  # the largest released voice has 0.11 GiB
_FEWEST_IDS = 3
_ERRORS_ONLY = 3  # onnxruntime's severity: its warnings on graphs are noise


ONNX_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    *(kind for kind in vars(_states).values() if isinstance(kind, type) and issubclass(kind, Exception)),
)
"""What onnxruntime raises; its own errors have no base of their own."""


class Defect(Exception):
    """Why a voice cannot be used, as a sentence about its file."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Sound at the voice's own rate, and the frames of each id where the voice tells them."""

    wave: Floats  # (samples,), -1..1
    frames: tuple[float, ...]


class Session:
    """A loaded voice."""

    def __init__(self, path: Path, threads: int) -> None:
        self._name = path.name
        self._session = _load(path, threads)
        names = [each.name for each in self._session.get_inputs()]
        if not set(_NEEDED) <= set(names) <= {*_NEEDED, _SPEAKER}:
            raise Defect(
                f"{path.name} is no voice of Piper: its inputs are {', '.join(names)};"
                f" a voice has {', '.join(_NEEDED)} and, with several speakers, {_SPEAKER}."
            )
        self._several = _SPEAKER in names
        self._gains: dict[int, float] = {}

    def speak(
        self, ids: Sequence[int], scales: Sequence[float], speaker: int, rate: int, options: Any = None
    ) -> Spoken:
        """Speak a row of ids; raises `Defect` where what comes is no sound."""
        row = np.array([ids], np.int64)  # (1, T)
        inputs = {"input": row, "input_lengths": np.array([row.shape[1]], np.int64)}
        feed: Mapping[str, Any] = inputs | {"scales": np.array(scales, np.float32)}
        if self._several:
            feed = {**feed, _SPEAKER: np.array([speaker], np.int64)}
        outputs = self._session.run(None, feed, options)
        wave = np.asarray(outputs[0], np.float32).reshape(-1)
        if not np.isfinite(wave).all():
            raise Defect(f"{self._name} gives numbers that are no sound (NaN or infinite).")
        if not 0 < wave.size <= _LONGEST_S * rate:
            raise Defect(f"{self._name} gave {wave.size / rate:.1f} s for {len(ids)} phonemes.")
        return Spoken(self._levelled(wave, speaker), _frames(outputs[1:], len(ids), wave.size))

    def _levelled(self, wave: Floats, speaker: int) -> Floats:
        """As loud as all this speaker said before; what would be clipped lowers it for good."""
        peak = float(np.abs(wave).max()) or 1.0
        usual = self._gains.get(speaker, min(_MOST_GAIN, _LOUD / peak))
        gain = self._gains[speaker] = min(usual, _FULL / peak)
        return wave * np.float32(gain)


def _load(path: Path, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # it would burn what others need
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise Defect(f"{path.name} has more than {_MOST_BYTES >> 30} GiB: it is no voice of Piper.")
        model = with_durations(path.read_bytes())
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except OSError as error:
        raise Defect(f"{path.name} cannot be read: {error.strerror}.") from error
    except NotProtobuf as error:
        raise Defect(f"{path.name} cannot be loaded: {error}. Download it again.") from error
    except ONNX_ERRORS as error:
        reason = " ".join(str(error).split())[:200]
        raise Defect(f"{path.name} cannot be loaded: {reason}") from error


def _frames(told: Sequence[Any], ids: int, samples: int) -> tuple[float, ...]:
    """The frames of each id, if one of these outputs is that: as many as ids, and the sound a multiple of their sum."""
    for output in told:
        row = np.asarray(output, np.float64).reshape(-1)
        whole = row.sum()
        if row.size == ids and ids >= _FEWEST_IDS and (row >= 0).all() and whole > 0 and samples % whole == 0:
            return tuple(row.tolist())
    return ()
