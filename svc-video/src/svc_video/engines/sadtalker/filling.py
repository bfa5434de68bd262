"""Puts a release's tensors into networks, all of them and no others; what does not fit is a broken checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from troupe.wire.errors import CheckpointBroken

Tensors = Mapping[str, Tensor]
Network = TypeVar("Network", bound=nn.Module)

REMEDY = "make sadtalker"


def under(tensors: Tensors, prefix: str) -> dict[str, Tensor]:
    """The tensors whose name begins so, without that beginning."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def shape(tensors: Tensors, name: str, of: str) -> tuple[int, ...]:
    """The shape of one tensor. Raises `CheckpointBroken` where `of`, a network, lacks it."""
    if name not in tensors:
        raise broken(of, f"there is no {name}")
    return tuple(tensors[name].shape)


def fill(network: Network, tensors: Tensors, of: str) -> Network:
    """The network, in fp32 and for inference, on the tensors' device.

    Raises `CheckpointBroken` where a tensor is missing, has another shape or has no place.
    """
    try:
        network.load_state_dict({name: _fp32(tensor) for name, tensor in tensors.items()}, assign=True)
    except RuntimeError as error:
        raise broken(of, " ".join(str(error).split())) from error
    return network.eval().requires_grad_(requires_grad=False)


def folded(tensors: Tensors, convolution: str, norm: str, of: str, eps: float = 1e-5) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution that does what it and the batch norm after it did; computed in fp64."""
    parts = [f"{convolution}.weight", f"{convolution}.bias"]
    parts += [f"{norm}.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
    for name in parts:
        shape(tensors, name, of)
    weight, bias, gain, shift, mean, variance = (tensors[name].double() for name in parts)
    scale = gain / torch.sqrt(variance + eps)
    return (weight * scale.view(-1, *[1] * (weight.dim() - 1))).float(), ((bias - mean) * scale + shift).float()


def broken(of: str, what: str) -> CheckpointBroken:
    """The error of a network whose tensors do not fit."""
    return CheckpointBroken(f"The tensors of {of} do not fit SadTalker: {what}. Fetch it anew.", remedy=REMEDY)


def _fp32(tensor: Tensor) -> Tensor:
    """A copy: one tensor that stays in the file would keep all 700 MB of it mapped."""
    return tensor.to(torch.float32, copy=True) if tensor.is_floating_point() else tensor.clone()
