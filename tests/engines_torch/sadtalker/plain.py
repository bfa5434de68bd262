"""The renderer's networks written out: every norm by itself, nothing folded, merged or skipped. Slow, easy to read."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

import torch
from torch import Tensor
from torch.nn import functional

Tensors = Mapping[str, Tensor]


def conv(tensors: Tensors, name: str, x: Tensor) -> Tensor:
    """A convolution that keeps the size."""
    if f"{name}.weight_orig" in tensors:
        weight = tensors[f"{name}.weight_orig"]
        weight = weight / (tensors[f"{name}.weight_u"] @ weight.flatten(1) @ tensors[f"{name}.weight_v"])
    else:
        weight = tensors[f"{name}.weight"]
    kind = functional.conv2d if weight.dim() == 4 else functional.conv3d
    return kind(x, weight, tensors.get(f"{name}.bias"), padding=weight.shape[-1] // 2)


def norm(tensors: Tensors, name: str, x: Tensor) -> Tensor:
    """A batch norm that learns no more."""
    held = (tensors[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    return functional.batch_norm(x, *held)


def block(tensors: Tensors, name: str, x: Tensor) -> Tensor:
    """Convolution, norm, ReLU."""
    return norm(tensors, f"{name}.norm", conv(tensors, f"{name}.conv", x)).relu()


def blocks(tensors: Tensors, pattern: str) -> list[str]:
    names: list[str] = []
    for index in count():
        if f"{pattern.format(index)}.weight" not in tensors and f"{pattern.format(index)}.conv.weight" not in tensors:
            return names
        names.append(pattern.format(index))
    return names


def grid(size: tuple[int, int, int]) -> Tensor:
    z, y, x = torch.meshgrid(*(torch.linspace(-1, 1, side) for side in size), indexing="ij")
    return torch.stack((x, y, z), -1)


def keypoints(tensors: Tensors, picture: Tensor) -> Tensor:
    blurred = functional.conv2d(functional.pad(picture, (6, 6, 6, 6)), tensors["down.weight"], groups=3)
    hidden = blurred[:, :, ::4, ::4]
    for name in blocks(tensors, "predictor.down_blocks.down{}"):
        hidden = functional.avg_pool2d(block(tensors, name, hidden), 2)
    hidden = conv(tensors, "predictor.conv", hidden)
    hidden = hidden.view(len(hidden), -1, 16, *hidden.shape[2:])
    for name in blocks(tensors, "predictor.up_blocks.up{}"):
        hidden = block(tensors, name, functional.interpolate(hidden, scale_factor=(1, 2, 2)))
    heat = conv(tensors, "kp", hidden)
    weights = (heat.flatten(2) / 0.1).softmax(2)
    return weights @ grid(heat.shape[2:]).view(-1, 3)


def volume(tensors: Tensors, picture: Tensor) -> Tensor:
    hidden = block(tensors, "first", picture)
    for name in blocks(tensors, "down_blocks.{}"):
        hidden = functional.avg_pool2d(block(tensors, name, hidden), 2)
    hidden = conv(tensors, "second", hidden)
    hidden = hidden.view(len(hidden), -1, 16, *hidden.shape[2:])
    for index in range(6):
        name = f"resblocks_3d.3dr{index}"
        inner = conv(tensors, f"{name}.conv1", norm(tensors, f"{name}.norm1", hidden).relu())
        hidden = hidden + conv(tensors, f"{name}.conv2", norm(tensors, f"{name}.norm2", inner).relu())
    return hidden


def motion(tensors: Tensors, features: Tensor, source: Tensor, driving: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The mask before it is cut, (B, 16, D, H, W), places (B, D, H, W, 3) and occlusion (B, 1, H, W)."""
    held = {name.removeprefix("dense_motion_network."): tensors[name] for name in tensors}
    small = norm(held, "norm", conv(held, "compress", features)).relu()
    batch, size = len(small), small.shape[2:]
    cells = grid(size)
    shifts = torch.cat((torch.zeros(batch, 1, 3), source - driving), 1)
    places = cells + shifts[:, :, None, None, None]  # (B, 16, D, H, W, 3)
    moved = torch.stack(
        [functional.grid_sample(small, places[:, index], align_corners=False) for index in range(shifts.shape[1])], 1
    )
    bumps = [torch.exp(-0.5 * (cells - at[:, :, None, None, None]).square().sum(-1) / 0.01) for at in (driving, source)]
    heat = torch.cat((torch.zeros(batch, 1, *size), bumps[0] - bumps[1]), 1)[:, :, None]
    seen = [torch.cat((heat, moved), 2).flatten(1, 2)]
    for name in blocks(held, "hourglass.encoder.down_blocks.{}"):
        seen.append(functional.avg_pool3d(block(held, name, seen[-1]), (1, 2, 2)))
    hidden = seen.pop()
    for name in blocks(held, "hourglass.decoder.up_blocks.{}"):
        hidden = block(held, name, functional.interpolate(hidden, scale_factor=(1, 2, 2)))
        hidden = torch.cat((hidden, seen.pop()), 1)
    hidden = block(held, "hourglass.decoder", hidden)
    mask = conv(held, "mask", hidden).softmax(1)
    cut = torch.where(mask < 1e-3, torch.zeros(()), mask)
    occlusion = conv(held, "occlusion", hidden.flatten(1, 2)).sigmoid()
    return mask, (cut[..., None] * places).sum(1), occlusion


def decoded(tensors: Tensors, features: Tensor) -> Tensor:
    held = {name.removeprefix("decoder."): tensors[name] for name in tensors}

    def modulated(name: str, x: Tensor) -> Tensor:
        seen = functional.interpolate(features, size=x.shape[2:])
        hidden = conv(held, f"{name}.mlp_shared.0", seen).relu()
        normalized = functional.instance_norm(x)
        return normalized * (1 + conv(held, f"{name}.mlp_gamma", hidden)) + conv(held, f"{name}.mlp_beta", hidden)

    def drawn(name: str, x: Tensor) -> Tensor:
        around = conv(held, f"{name}.conv_s", modulated(f"{name}.norm_s", x)) if name.startswith("up") else x
        inner = conv(held, f"{name}.conv_0", functional.leaky_relu(modulated(f"{name}.norm_0", x), 0.2))
        return around + conv(held, f"{name}.conv_1", functional.leaky_relu(modulated(f"{name}.norm_1", inner), 0.2))

    x = conv(held, "fc", features)
    for index in range(6):
        x = drawn(f"G_middle_{index}", x)
    for index in range(2):
        x = drawn(f"up_{index}", functional.interpolate(x, scale_factor=2))
    return conv(held, "conv_img", functional.leaky_relu(x, 0.2)).sigmoid()


def frame(tensors: Tensors, picture: Tensor, source: Tensor, driving: Tensor) -> Tensor:
    features = volume(tensors, picture)
    _, places, occlusion = motion(tensors, features, source, driving)
    moved = functional.grid_sample(features, places, align_corners=False).flatten(1, 2)
    third = functional.leaky_relu(norm(tensors, "third.norm", conv(tensors, "third.conv", moved)), 0.01)
    return decoded(tensors, conv(tensors, "fourth", third) * occlusion)
