"""How fast XTTS speaks beside coqui-tts: one random release of full size, the same device and threads, taking turns.

    DEVICE=cuda ROUNDS=5 python -m tests.bench.xtts.speed

CPU: a single sequence and eight at once. CUDA besides: 64 at once, and first audio. coqui-tts has no batch of
different sentences: eight of its are eight one after another. Without its environment (tests/bench/xtts/install.sh;
another place: XTTS_REFERENCE) only our numbers are measured, the others are null.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from tests.bench import report
from tests.bench.xtts.speaking import Ours
from tests.fakes import xtts_release

CODES_PER_S = 22050 / 1024  # of sound
IDS = list(range(30, 90))  # a sentence of about 150 letters
NEVER = -1e4  # bias of the stop code: every sequence is as long as is asked
QUICK = os.environ.get("QUICK") == "1"
PLACES = ("XTTS_REFERENCE", "var/xtts-reference")  # the setting, and where install.sh puts it
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
    python = Path(os.environ.get(*PLACES)) / "bin" / "python"
    if not python.exists():
        print(f"coqui-tts is not in {python.parent.parent}: tests/bench/xtts/install.sh makes it")
        yield None
        return
    command = [python, Path(__file__).parent / "rival.py", folder, device, str(threads)]
    quiet = {"TRANSFORMERS_VERBOSITY": "error", "COQUI_TOS_AGREED": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([str(part) for part in command], text=True, env={**os.environ, **quiet}, **pipes) as process:
        try:
            started = Rival(process)
            started.answer()
            yield started
        finally:
            process.stdin.close()
            process.wait()


def measured(folder: Path, device: str, threads: int) -> tuple[str, list[dict[str, float]]]:
    """The form of our weights, and the figures of each round."""
    torch.set_num_threads(threads)
    ours = Ours.load(folder, device)
    codes = (16 if QUICK else 64) if device == "cpu" else 200
    streams = 8 if device == "cpu" else 64
    with rival(folder, device, threads) as other:
        bench = Bench(ours, other, streams, codes)
        bench.once()  # caches, kernels, lazily loaded libraries
        return ours.form, [bench.once() for _ in range(report.rounds())]


class Bench:
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


def main() -> None:
    """Make the release, measure, and print."""
    device = os.environ.get("DEVICE", "cpu")
    threads = int(os.environ.get("THREADS") or os.cpu_count() or 1)
    with tempfile.TemporaryDirectory() as scratch:
        config = xtts_release.TINY if os.environ.get("SIZE") == "tiny" else xtts_release.FULL
        folder = xtts_release.make(Path(scratch), config, saved_as="plain", stop_bias=NEVER)
        form, figures = measured(folder, device, threads)
    streams = 8 if device == "cpu" else 64
    ran = figures[0]
    wanted = ("speedup_single", f"speedup_batch{streams}", "e2e_single", f"e2e_batch{streams}")
    report.show(
        f"XTTS v2 on {torch.cuda.get_device_name() if device == 'cuda' else 'the CPU'}, {threads} threads",
        figures,
        notes=[f"weights: {form}; random, so that only speed is judged"],
        not_run=[name for name in wanted if name not in ran],
    )


if __name__ == "__main__":
    main()
