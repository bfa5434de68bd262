"""Section: how far our networks are from coqui-tts's, stage by stage, in fp32 on the CPU."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from tests.bench.xtts.figures import Figures, rounded, table
from tests.bench.xtts.laboratory import ask
from tests.bench.xtts.ours import STAGES, answer
from tests.bench.xtts.questions import questions

from svc_tts.engines.xtts.checkpoint import Checkpoint, load

if TYPE_CHECKING:
    from tests.bench.xtts.__main__ import Bench

SECONDS, CODES = 9.0, 100
LIMIT = 1e-4
NAMED = {
    "style_mel": "mel_max_abs",
    "resampled_22050": "resampler_max_abs",
    "speaker_vector": "speaker_max_abs",
    "cloned_conditioning": "conditioning_max_abs",
    "wave_of_latents": "wav_max_abs",
}


def measure(bench: Bench) -> Figures:
    """Ask both, and compare."""
    checkpoint = load(bench.release)
    given = questions(checkpoint.config, seconds=SECONDS, codes=24 if bench.quick else CODES)
    theirs, ours = ask(bench.release, given, *STAGES), answer(checkpoint, given, *STAGES)
    clone_s, their_clone_s = _hearing_s(checkpoint, given), float(theirs["cloned_s"])
    compared = [name for name in ours if name != "wave_streamed"]
    apart = {name: float(np.abs(ours[name] - theirs[name]).max()) for name in compared}
    table(
        ("stage", "shape", "largest", "apart", "limit"),
        [(name, ours[name].shape, f"{np.abs(theirs[name]).max():.3g}", f"{apart[name]:.2g}", LIMIT) for name in apart],
    )
    streams = {whose: _joined(waves) for whose, waves in (("ours", ours), ("coqui-tts", theirs))}
    for whose, far in streams.items():
        print(f"{whose}: streamed and decoded at once are {far:.2g} apart")
    print(
        f"hearing a voice of {1.5 * SECONDS:.0f} s, processor time of one thread: "
        f"ours {clone_s:.2f} s, coqui-tts {their_clone_s:.2f} s"
    )
    return {
        **{named: rounded(apart[name]) for name, named in NAMED.items()},
        "stream_max_abs": rounded(streams["ours"]),
        "coqui_stream_max_abs": rounded(streams["coqui-tts"]),
        "clone_s": rounded(clone_s),
    }


def _hearing_s(checkpoint: Checkpoint, given: Mapping[str, np.ndarray]) -> float:
    """Processor time of one thread for a voice's latents."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    start = time.process_time()
    answer(checkpoint, given, "cloned")
    torch.set_num_threads(threads)
    return time.process_time() - start


def _joined(waves: dict[str, np.ndarray]) -> float:
    return float(np.abs(waves["wave_streamed"] - waves["wave_of_latents"]).max())
