"""Projections in fewer bytes: on a CPU a code costs what its weights cost to read.

- `Int8Rows`: weights int8 by output channel, each row of activations int8 by its own peak, sums int32 (FBGEMM, x86).
  The row's own peak makes a sequence's numbers those it has alone, to the last bit.
- `Int8Weights`: weights int8, activations bf16 (kernels for x86 and aarch64): slower, and nearer to the original.
- bf16 itself.

What real weights make of it cannot be known beforehand, and random ones say nothing. So `fitted` judges on the spot:
it has the quantised model speak, asks the original how likely it finds each code, and takes the fastest form whose
opinion stays near (`MOST_DRIFT`).
"""

from __future__ import annotations

import logging
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


FORMS: dict[str, Callable[[Dense], Projection]] = {"int8-rows": Int8Rows.of, "int8-weights": Int8Weights.of}
"""By the speed of a single sequence on a CPU, the fastest first."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A text and a voice to be judged on: ids without their marks, conditioning (32, width)."""

    text_ids: Sequence[int]
    conditioning: Tensor
    codes: int = PROBE_CODES


@dataclass(frozen=True, slots=True)
class Fitted:
    """The model to run, the name of its form, and how far it drifted from its original in nats per code."""

    gpt: Gpt
    form: str
    drift: float


def fitted(gpt: Gpt, probe: Probe, forms: Sequence[str] = tuple(FORMS), most: float = MOST_DRIFT) -> Fitted:
    """The fastest form of an fp32 model on a CPU that says nearly the same; itself ("fp32") where none does.

    Why a form was passed over is logged: the processor lacks it, or it drifted too far.
    """
    for form in forms:
        try:
            quantised = with_projections(gpt, FORMS[form])
            far = drift(gpt, quantised, probe)
        except (RuntimeError, AttributeError) as error:  # what torch says of an operator that is not there
            log.info("xtts: %s is not for this processor: %s", form, str(error).splitlines()[0])
            continue
        if far <= most:
            log.info("xtts: %s, %.4f nats per code from fp32", form, far)
            return Fitted(quantised, form, far)
        log.warning("xtts: %s is %.3f nats per code from fp32, %.3f is the most", form, far, most)
    return Fitted(gpt, "fp32", 0.0)


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
