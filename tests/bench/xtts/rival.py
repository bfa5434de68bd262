"""coqui-tts at work, for the speed bench: runs in its own environment, and is asked line by line.

    python rival.py FOLDER DEVICE THREADS

Each line of standard input is a JSON object {"task": ..., "ids": [...], "codes": N}, each line of standard output its
answer {"s": seconds}. Tasks: "codes" (what its `inference` does first), "speak" (all of it: codes, the second pass
over them, sound), "stream" (until the first chunk of its `inference_stream`). Sequences do not stop before N codes.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import torch
from reference import load
from TTS.tts.models.xtts import Xtts

NEVER = -1e4  # bias of the stop code
SAMPLING = {"do_sample": True, "temperature": 0.75, "top_k": 50, "top_p": 0.85, "repetition_penalty": 5.0}


def main() -> None:
    """Serves until its input ends."""
    folder, device, threads = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    warnings.simplefilter("ignore")
    torch.set_num_threads(threads)
    model = load(folder).to(device)
    with torch.no_grad():
        model.gpt.mel_head.bias[model.gpt.stop_audio_token] = NEVER
    voice = next(iter(torch.load(folder / "speakers_xtts.pth", weights_only=True).values()))
    latents, speaker = voice["gpt_cond_latent"].to(device), voice["speaker_embedding"].to(device)
    print(json.dumps({"s": 0.0}), file=answers, flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        model.gpt.max_gen_mel_tokens = question["codes"]
        ids = torch.tensor([question["ids"]], dtype=torch.int32, device=device)
        with torch.inference_mode():
            seconds = TASKS[question["task"]](model, ids, latents, speaker)
        print(json.dumps({"s": seconds}), file=answers, flush=True)


def codes(model: Xtts, ids: torch.Tensor, latents: torch.Tensor, _: torch.Tensor) -> float:
    """Seconds for the codes."""
    begun = now(model)
    model.gpt.generate(cond_latents=latents, text_inputs=ids, num_return_sequences=1, num_beams=1, **SAMPLING)
    return now(model) - begun


def speak(model: Xtts, ids: torch.Tensor, latents: torch.Tensor, speaker: torch.Tensor) -> float:
    """Seconds for the whole sound, as `inference` makes it of ids."""
    begun = now(model)
    drawn = model.gpt.generate(cond_latents=latents, text_inputs=ids, num_return_sequences=1, num_beams=1, **SAMPLING)
    length = torch.tensor([ids.shape[-1]], device=ids.device)
    sound = torch.tensor([drawn.shape[-1] * model.gpt.code_stride_len], device=ids.device)
    hidden = model.gpt(ids, length, drawn, sound, cond_latents=latents, return_attentions=False, return_latent=True)
    model.hifigan_decoder(hidden, g=speaker).cpu()
    return now(model) - begun


def stream(model: Xtts, ids: torch.Tensor, latents: torch.Tensor, speaker: torch.Tensor) -> float:
    """Seconds until the first chunk is on the host."""
    model.tokenizer = Fixed(ids[0].tolist())
    begun = now(model)
    chunks: Any = model.inference_stream("text", "en", latents, speaker, **SAMPLING)
    next(chunks).cpu()
    seconds = now(model) - begun
    chunks.close()
    return seconds


class Fixed:
    """A tokenizer that was asked before."""

    def __init__(self, ids: list[int]) -> None:
        self._ids = ids

    def encode(self, *_: object, **__: object) -> list[int]:
        """The ids."""
        return self._ids


def now(model: Xtts) -> float:
    """Seconds, when the device has done all it was given."""
    if model.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


TASKS = {"codes": codes, "speak": speak, "stream": stream}

if __name__ == "__main__":
    main()
