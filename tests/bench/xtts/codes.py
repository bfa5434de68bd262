"""Section: does our transformer draw coqui-tts's codes, greedy and sampled with the same seed, in fp32 on the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from tests.bench.xtts.figures import Figures, rounded, table
from tests.bench.xtts.laboratory import ask

from svc_tts.engines.xtts.checkpoint import Checkpoint, load
from svc_tts.engines.xtts.config import XttsConfig
from svc_tts.engines.xtts.decoder import BatchDecoder, Sequence
from svc_tts.engines.xtts.gpt import Gpt, read_gpt
from svc_tts.engines.xtts.sampling import Dice, Rules, Sampling

if TYPE_CHECKING:
    from tests.bench.xtts.__main__ import Bench

CODES, TEXT = 200, 20
RULES = {"greedy": Sampling(temperature=0), "sampled": Sampling()}
LIMITS = {"latents": 1e-4, "scores": 1e-3}
Arrays = dict[str, np.ndarray]


def questions(config: XttsConfig, codes: int = CODES, seed: int = 7) -> Arrays:
    """What stage `drawn` of reference.py reads."""
    random = np.random.default_rng(5)
    conditioning = random.standard_normal((32, config.gpt.width), dtype=np.float32)
    return {
        "text_ids": random.integers(3, 260, TEXT),
        "conditioning": conditioning,
        "most": np.array(codes),
        "seed": np.array(seed),
    }


def measure(bench: Bench) -> Figures:
    """Ask both, and compare."""
    checkpoint = load(bench.release)
    given = questions(checkpoint.config)
    theirs = ask(bench.release, given, "drawn")
    ours = drawn(checkpoint, given, {name: len(theirs[f"{name}_scores"]) for name in RULES})
    apart = {name: _far(ours[name], theirs[name]) for name in ours if not name.endswith("codes")}
    table(
        ("stage", "shape", "apart", "limit"),
        [(name, ours[name].shape, f"{far:.2g}", LIMITS[name.split("_")[1]]) for name, far in apart.items()],
    )
    equal = {name: ours[f"{name}_codes"].tolist() == theirs[f"{name}_codes"].tolist() for name in RULES}
    for name, same in equal.items():
        print(f"{len(ours[f'{name}_codes'])} {name} codes are {'equal' if same else 'NOT equal'}")
    largest = {part: max(far for name, far in apart.items() if name.endswith(part)) for part in LIMITS}
    return {
        "codes_equal": all(equal.values()),
        "latents_max_abs": rounded(largest["latents"]),
        "scores_max_abs": rounded(largest["scores"]),
    }


def drawn(checkpoint: Checkpoint, given: Arrays, scores: dict[str, int]) -> Arrays:
    """Stage `drawn`, answered by ours: codes and latents step by step, scores of the first codes fed back."""
    gpt = read_gpt(checkpoint.tensors, checkpoint.config.gpt)
    made: Arrays = {}
    for name, rules in RULES.items():
        sequence = Sequence(
            given["text_ids"].tolist(),
            torch.from_numpy(given["conditioning"]),
            Sampling(temperature=rules.temperature, seed=int(given["seed"])),
        )
        codes, latents = spoken(gpt, sequence, int(given["most"]))
        made[f"{name}_codes"], made[f"{name}_latents"] = np.array(codes), latents.numpy()
        made[f"{name}_scores"] = judged(gpt, sequence, codes[: scores[name]]).numpy()
    return made


def spoken(gpt: Gpt, sequence: Sequence, most: int) -> tuple[list[int], torch.Tensor]:
    """Up to so many codes, and their latents (codes, width)."""
    decoder = BatchDecoder(gpt, 1)
    decoder.admit(sequence)
    steps = decoder.step()
    while len(steps) < most and not steps[-1].stopped:
        steps += decoder.step()
    return [step.code for step in steps], torch.stack([step.latent for step in steps])


def judged(gpt: Gpt, sequence: Sequence, codes: list[int]) -> torch.Tensor:
    """What each of the codes is drawn from after all processors: (codes, vocabulary)."""
    logits, _ = gpt.teacher_forced(sequence.text_ids, sequence.conditioning, codes)
    rules, slot = Rules.of(1, gpt.vocabulary, Dice(1, gpt.vocabulary), gpt.device), torch.tensor([0])
    rules.admit(0, sequence.sampling, gpt.sizes.start_audio)
    if sequence.sampling.temperature == 0:  # the likeliest of all: upstream only penalises then
        rules.top_k[0] = gpt.vocabulary
    scores = []
    for row, code in zip(logits, codes, strict=True):
        scores.append(rules.processed(row[None], slot)[0])
        rules.remember(torch.tensor([code]), slot, torch.tensor([True]))
    return torch.stack(scores)


def _far(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference; infinite where one has what the other has not."""
    if ours.shape != theirs.shape or not np.array_equal(np.isinf(ours), np.isinf(theirs)):
        return float("inf")
    known = np.isfinite(ours)
    return float(np.abs(ours[known] - theirs[known]).max())
