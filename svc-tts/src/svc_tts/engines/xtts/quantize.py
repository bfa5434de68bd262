"""Projections in fewer bytes: on a CPU a code costs what its weights cost to read.

- `Int8Rows`: weights int8 by output channel, each row of activations int8 by its own peak, sums int32 (FBGEMM, x86).
  The row's own peak makes a sequence's numbers those it has alone, to the last bit.
- `Int8Weights`: weights int8, activations bf16 (kernels for x86 and aarch64): slower, and nearer to the original.
- `Bf16`: weights and activations bf16 in oneDNN's own layout: as fast as `Int8Weights` for one sequence on x86, twice
  as fast for eight.

What real weights make of it cannot be known beforehand, and random ones say nothing. So `fitted` judges on the spot:
it has the quantised model speak, compares its opinion of each code with the original's, and takes the fastest form
that stays near (`MOST_DRIFT`).
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from svc_tts.engines.xtts import decoder
from svc_tts.engines.xtts.gpt import Dense, Gpt, Projection, with_projections
from svc_tts.engines.xtts.sampling import Sampling

log = logging.getLogger(__name__)

PEAK = 127  # of int8, on both sides of 0
ZERO_POINT = 128  # the kernel wants activations unsigned
QUIET = 1e-12  # rows below it are silent: they must not divide by 0
MOST_DRIFT = 0.05  # nats per code, mean: the noise of a temperature changed by some hundredths
PROBE_CODES = 48  # about two seconds of speech
TIMED = 3  # steps, after one that warms up


def channel_scales(weight: Tensor) -> Tensor:
    """(out, in) -> (out,): what one step of int8 is worth."""
    return weight.abs().amax(1).clamp_min(QUIET) / PEAK


@dataclass(frozen=True, slots=True)
class Int8Weights:
    """Weights int8 (out, in), scales (out,) bf16, bias (out,) as the rows."""

    weight: Tensor
    scales: Tensor
    bias: Tensor

    @classmethod
    def of(cls, dense: Dense) -> Self:
        """Rounded to the nearest."""
        weight = dense.weight.float()
        scales = channel_scales(weight)
        return cls((weight / scales[:, None]).round().to(torch.int8), scales.to(torch.bfloat16), dense.bias)

    def __call__(self, rows: Tensor) -> Tensor:
        """(rows, in) -> (rows, out), in the rows' precision."""
        product = torch._weight_int8pack_mm(rows.to(torch.bfloat16), self.weight, self.scales)  # noqa: SLF001 it has no other name
        return product.to(rows.dtype) + self.bias


@dataclass(frozen=True, slots=True)
class Int8Rows:
    """Weights packed for FBGEMM; fp32 in and out."""

    packed: Any
    bias: Tensor

    @classmethod
    def of(cls, dense: Dense) -> Self:
        """RuntimeError where this torch or this processor has no FBGEMM."""
        weight = dense.weight.float()
        zeros = torch.zeros(len(weight), dtype=torch.long)
        with warnings.catch_warnings():
            # Announced for a torch to come; the one that `make torch` pins has it, and the next rung stands ready.
            warnings.filterwarnings("ignore", "torch.quantize_per_tensor", UserWarning)
            counted = torch.quantize_per_channel(weight, channel_scales(weight).double(), zeros, 0, torch.qint8)
        return cls(torch.ops.quantized.linear_prepack(counted, None), dense.bias.float())

    def __call__(self, rows: Tensor) -> Tensor:
        """(rows, in) -> (rows, out)."""
        peaks = rows.abs().amax(1, keepdim=True).clamp_min(QUIET)
        product = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
            rows / peaks, 1 / PEAK, ZERO_POINT, self.packed
        )
        return torch.addcmul(self.bias, product, peaks)


@dataclass(frozen=True, slots=True)
class Bf16:
    """Weights in oneDNN's layout, bias (out,) bf16; rows of any precision in and out."""

    packed: Tensor
    bias: Tensor

    @classmethod
    def of(cls, dense: Dense) -> Self:
        """RuntimeError where this processor has no bf16 in oneDNN."""
        weight = dense.weight.to(torch.bfloat16)
        return cls(torch.ops.mkldnn._reorder_linear_weight(weight), dense.bias.to(torch.bfloat16))  # noqa: SLF001 as above

    def __call__(self, rows: Tensor) -> Tensor:
        """(rows, in) -> (rows, out), in the rows' precision."""
        low = rows.to(torch.bfloat16)
        product = torch.ops.mkldnn._linear_pointwise(low, self.packed, self.bias, "none", [], "")  # noqa: SLF001 as above
        return product.to(rows.dtype)


FORMS: dict[str, Callable[[Dense], Projection]] = {
    "int8-rows": Int8Rows.of,
    "bf16": Bf16.of,
    "int8-weights": Int8Weights.of,
}
RUNGS = (("int8-rows",), ("bf16", "int8-weights"))
"""Forms by speed, the fastest first; those of one rung are timed against each other, for processors differ."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What to judge on: ids of a text without its marks, conditioning (32, width), sequences that run at once."""

    text_ids: Sequence[int]
    conditioning: Tensor
    slots: int = 1
    codes: int = PROBE_CODES


@dataclass(frozen=True, slots=True)
class Fitted:
    """The model to run, the name of its form, how far it drifted from its original in nats per code."""

    gpt: Gpt
    form: str
    drift: float


def fitted(gpt: Gpt, probe: Probe, rungs: Sequence[Sequence[str]] = RUNGS, most: float = MOST_DRIFT) -> Fitted:
    """The fastest form of an fp32 model on a CPU that says nearly the same; itself ("fp32") where none does.

    Why a form was passed over is logged: the processor lacks it, or it drifted too far.
    """
    for rung in rungs:
        near = [made for form in rung if (made := _made(gpt, form, probe)) and _is_near(made, most)]
        if near:
            best = near[0] if len(near) == 1 else min(near, key=lambda made: step_s(made.gpt, probe.slots))
            log.info("xtts: %s, %.4f nats per code from fp32", best.form, best.drift)
            return best
    return Fitted(gpt, "fp32", 0.0)


def _made(gpt: Gpt, form: str, probe: Probe) -> Fitted | None:
    """The model in that form, or None where the processor lacks it."""
    try:
        quantised = with_projections(gpt, FORMS[form])
        made = Fitted(quantised, form, drift(gpt, quantised, probe))
    except (RuntimeError, AttributeError) as error:  # what torch says of an operator that is not there
        log.info("xtts: %s is not for this processor: %s", form, str(error).splitlines()[0])
        return None
    return made


def _is_near(made: Fitted, most: float) -> bool:
    if made.drift > most:
        log.warning("xtts: %s drifts %.3f nats per code from fp32, %.3f is the most", made.form, made.drift, most)
    return made.drift <= most


@torch.inference_mode()
def step_s(gpt: Gpt, rows: int) -> float:
    """Seconds for so many rows through the projections, the best of a few: attention costs the same in every form."""
    given = torch.ones(rows, gpt.width)
    times = []
    for _ in range(TIMED + 1):
        begun = time.perf_counter()
        gpt.forward(given, lambda _layer, _queries, _keys, values: values)
        times.append(time.perf_counter() - begun)
    return min(times[1:])


@torch.inference_mode()
def drift(original: Gpt, quantised: Gpt, probe: Probe) -> float:
    """How much the two differ about speech that the quantised one makes: mean KL divergence in nats per code.

    At temperature 1 and over the whole vocabulary, so above what any sampling hears of it. Not a number, or no
    speech at all: infinite.
    """
    codes = _spoken(quantised, probe)
    told = [gpt.teacher_forced(probe.text_ids, probe.conditioning, codes)[0] for gpt in (original, quantised)]
    right, near = (logits.log_softmax(-1) for logits in told)
    far = (right.exp() * (right - near)).sum(-1).mean().item()
    return far if far == far else float("inf")  # noqa: PLR0124 not a number


def _spoken(gpt: Gpt, probe: Probe) -> list[int]:
    speaker = decoder.BatchDecoder(gpt, 1)
    speaker.admit(decoder.Sequence(probe.text_ids, probe.conditioning, Sampling()))
    steps = [step for _ in range(probe.codes) for step in speaker.step()]
    return [step.code for step in steps]
