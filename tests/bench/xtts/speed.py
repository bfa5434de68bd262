"""Section: how fast XTTS speaks beside coqui-tts, on the same device with the same threads, taking turns.

On a CPU a single sequence and eight at once; on CUDA 64 at once, and first audio. coqui-tts has no batch of different
sentences: eight of its are eight one after another. Without it only our numbers are measured, the others stay null.
THREADS=1 asks for so many, on both sides.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from tests.bench.xtts.figures import Figures, rounded, table
from tests.bench.xtts.laboratory import python
from tests.bench.xtts.speaking import Ours

if TYPE_CHECKING:
    from tests.bench.xtts.__main__ import Bench

CODES_PER_S = 22050 / 1024  # of sound
IDS = list(range(30, 90))  # a sentence of about 150 letters
STREAMS = {"cpu": 8, "cuda": 64}
CODES = {"cpu": 64, "cuda": 200}  # of each sequence
QUICK_CODES = 16
FIRST_ROUNDS = 20  # utterances whose first audio is timed, on CUDA


class Rival:
    """coqui-tts in its own environment; every answer is in seconds."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, task: str, codes: int) -> float:
        """One task, to its end."""
        if not self._process.stdin or not self._process.stdout:
            raise RuntimeError("The rival was started without pipes.")
        self._process.stdin.write(json.dumps({"task": task, "ids": IDS, "codes": codes}) + "\n")
        self._process.stdin.flush()
        return self.answer()

    def answer(self) -> float:
        """The next line."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"coqui-tts ended with {self._process.wait()}: see above.")
        return float(json.loads(line)["s"])


@contextmanager
def rival(folder: Path, device: str, threads: int) -> Iterator[Rival | None]:
    """coqui-tts with the release loaded, or None where it is not installed."""
    interpreter = python()
    if interpreter is None:
        print("coqui-tts is not installed here: tests/bench/xtts/install.sh .venv/bin/uv")
        yield None
        return
    command = [str(part) for part in (interpreter, Path(__file__).with_name("rival.py"), folder, device, threads)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    environment = {**os.environ, "TRANSFORMERS_VERBOSITY": "error"}
    with subprocess.Popen(command, text=True, env=environment, **pipes) as process:
        try:
            started = Rival(process)
            started.answer()
            yield started
        finally:
            process.stdin.close()
            process.wait()


def measure(bench: Bench) -> Figures:
    """Rounds of both, and their medians."""
    device = bench.device
    threads = int(os.environ.get("THREADS") or os.cpu_count() or 1)
    torch.set_num_threads(threads)
    ours = Ours.load(bench.release, device)
    print(f"{threads} threads; weights: {ours.form}")
    with rival(bench.release, device, threads) as other:
        race = Race(ours, other, STREAMS[device], QUICK_CODES if bench.quick else CODES[device])
        race.once()  # caches, kernels, lazily loaded libraries
        rounds = [race.once() for _ in range(bench.rounds)]
    measured = {name: [figures[name] for figures in rounds] for name in rounds[0]}
    table(
        ("", "median", "min", "max"),
        [(name, *(rounded(of(values)) for of in (statistics.median, min, max))) for name, values in measured.items()],
    )
    return {name: rounded(statistics.median(values)) for name, values in measured.items()}


class Race:
    """One round after another."""

    def __init__(self, ours: Ours, other: Rival | None, streams: int, codes: int) -> None:
        self._ours, self._rival = ours, other
        self._streams, self._codes = streams, codes
        self._one, self._many = ours.decoder(1), ours.decoder(streams)

    def once(self) -> dict[str, float]:
        """Both sides in turn, task by task."""
        figures = self._gpt() | self._whole()
        if self._ours.gpt.device.type == "cuda":
            figures |= self._first()
        return figures

    def _gpt(self) -> dict[str, float]:
        """Codes alone."""
        codes, streams = self._codes, self._streams
        single = codes / self._ours.codes(self._one, IDS, 1, codes)
        theirs = codes / self._rival.ask("codes", codes) if self._rival else None
        batch = streams * codes / self._ours.codes(self._many, IDS, streams, codes)
        figures = {"codes_s_single": single, f"codes_s_batch{streams}": batch}
        return figures | ratios(theirs, "codes_s_coqui", speedup_single=single, **{f"speedup_batch{streams}": batch})

    def _whole(self) -> dict[str, float]:
        """Codes and sound: seconds of sound per second."""
        sound, streams = self._codes / CODES_PER_S, self._streams
        single_s, first = self._ours.speak(self._one, IDS, 1, self._codes)
        theirs = sound / self._rival.ask("speak", self._codes) if self._rival else None
        batch_s, _ = self._ours.speak(self._many, IDS, streams, self._codes)
        single, batch = sound / single_s, streams * sound / batch_s
        figures = {"rtf": 1 / single, "sound_s_single": single, f"sound_s_batch{streams}": batch}
        figures["first_audio_ms"] = 1000 * first[0]
        return figures | ratios(theirs, "sound_s_coqui", e2e_single=single, **{f"e2e_batch{streams}": batch})

    def _first(self) -> dict[str, float]:
        """First audio of one utterance after another, the median: prompt, codes, sound on the host."""
        ours = [self._ours.speak(self._one, IDS, 1, self._codes)[1][0] for _ in range(FIRST_ROUNDS)]
        figures = {"first_audio_ms": 1000 * statistics.median(ours)}
        if self._rival:
            theirs = [self._rival.ask("stream", self._codes) for _ in range(FIRST_ROUNDS)]
            figures["first_audio_ms_coqui"] = 1000 * statistics.median(theirs)
        return figures


def ratios(theirs: float | None, name: str, **ours: float) -> dict[str, float]:
    """How many times theirs ours are; nothing where there are no others."""
    if theirs is None:
        return {}
    return {name: theirs} | {figure: value / theirs for figure, value in ours.items()}
