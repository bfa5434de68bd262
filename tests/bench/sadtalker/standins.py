"""What upstream's imports need and a bare PyTorch lacks: small stand-ins, put in place before `src` is imported.

Upstream (OpenTalker/SadTalker at cd4c046) wants torchvision, kornia, gfpgan and pydub at import, most of it for code
that is never reached, and NumPy and Pillow of 2022. Nothing here computes pixels of a frame except what is said.
"""

from __future__ import annotations

import sys
import types
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec

import numpy as np
import torch
import yaml
from PIL import Image
from torch import nn

NEVER_REACHED = {
    "kornia": (),
    "kornia.geometry": ("warp_affine",),
    "kornia.geometry.camera": ("pixel2cam",),
    "gfpgan": ("GFPGANer",),
    "pydub": ("AudioSegment",),
    "torchvision.transforms": (),
    "torchvision.transforms.functional": ("normalize",),
    "torchvision.models": (),
    "torchvision.models._utils": (),
    "torchvision.ops": (),
    "torchvision.utils": (),
}
"""Module -> names that upstream imports of it; calling one is an error."""
ABSENT_AT_WILL: Mapping[str, tuple[str, ...]] = {"librosa": (), "librosa.filters": ("mel",), "soundfile": ()}
"""The same for packages that install.sh brings: a GPU machine that has only PyTorch renders without them."""


def install() -> None:
    """Put all of it in place; safe to call again."""
    for name, members in NEVER_REACHED.items():
        _module(name, {member: _unreachable(f"{name}.{member}") for member in members})
    _module("torchvision", {})
    _module("torchvision.models", {"resnet50": resnet50})
    _module("torchvision.models._utils", {"IntermediateLayerGetter": IntermediateLayerGetter})
    _module("torchvision.ops", {"nms": nms})
    for name, members in ABSENT_AT_WILL.items():
        if find_spec(name.partition(".")[0]) is None or name in sys.modules:
            _module(name, {member: _unreachable(f"{name}.{member}") for member in members})
    if find_spec("yacs") is None:
        _module("yacs", {})
        _module("yacs.config", {"CfgNode": Settings})
    _old_numpy_and_pillow()


class Settings(dict):
    """yacs's CfgNode, as far as upstream reads one: a YAML file whose entries are attributes."""

    __getattr__ = dict.__getitem__

    @classmethod
    def load_cfg(cls, file: object) -> Settings:
        """Nested mappings become the same."""
        return cls._of(yaml.safe_load(file))

    @classmethod
    def _of(cls, value: object) -> object:
        return cls({key: cls._of(item) for key, item in value.items()}) if isinstance(value, dict) else value

    def freeze(self) -> None:
        """Nothing here changes it anyway."""


def _module(name: str, members: Mapping[str, object]) -> None:
    """A module of that name with these members, known to its parent."""
    module = sys.modules.get(name)
    if module is None:
        module = sys.modules[name] = types.ModuleType(name)
        module.__path__ = []  # so that it may have submodules
    for member, value in members.items():
        setattr(module, member, value)
    parent, _, leaf = name.rpartition(".")
    if parent:
        _module(parent, {leaf: module})


def _unreachable(name: str) -> Callable[..., object]:
    def refuse(*_: object, **__: object) -> object:
        raise RuntimeError(f"{name} stands in for a package that the comparison does not need, and was called")

    return refuse


def nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Greedy non-maximum suppression, as torchvision.ops.nms: (N, 4), (N,) -> indices kept, best first."""
    order = scores.argsort(descending=True, stable=True).tolist()
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: list[int] = []
    for one in order:
        if all(_overlap(boxes, area, one, other) <= iou_threshold for other in kept):
            kept.append(one)
    return torch.tensor(kept, dtype=torch.int64)


def _overlap(boxes: torch.Tensor, area: torch.Tensor, one: int, other: int) -> float:
    low = torch.maximum(boxes[one, :2], boxes[other, :2])
    high = torch.minimum(boxes[one, 2:], boxes[other, 2:])
    shared = (high - low).clamp(min=0).prod()
    return float(shared / (area[one] + area[other] - shared))


class IntermediateLayerGetter(nn.ModuleDict):
    """The first layers of a network, up to the last one asked for; gives the outputs of those asked for."""

    def __init__(self, model: nn.Module, return_layers: Mapping[str, object]) -> None:
        wanted = set(return_layers)
        layers = OrderedDict()
        for name, layer in model.named_children():
            layers[name] = layer
            wanted.discard(name)
            if not wanted:
                break
        super().__init__(layers)
        self.return_layers = dict(return_layers)

    def forward(self, x: torch.Tensor) -> OrderedDict[str, torch.Tensor]:
        """Layer by layer."""
        outputs: OrderedDict[str, torch.Tensor] = OrderedDict()
        for name, layer in self.items():
            x = layer(x)
            if name in self.return_layers:
                outputs[str(self.return_layers[name])] = x
        return outputs


def resnet50(**_: object) -> nn.Module:
    """torchvision's ResNet-50, which upstream carries a copy of."""
    from src.face3d.models import networks

    trunk = networks.ResNet(networks.Bottleneck, [3, 4, 6, 3])
    return nn.Sequential(OrderedDict(_children(trunk)))


def _children(trunk: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    return ((name, layer) for name, layer in trunk.named_children() if hasattr(layer, "forward"))


def _old_numpy_and_pillow() -> None:
    """Names that are gone, and `float()` of arrays of one element, which NumPy 2.4 refuses."""
    for name, value in (("float", float), ("VisibleDeprecationWarning", DeprecationWarning)):
        if name not in vars(np):
            setattr(np, name, value)
    if not hasattr(Image, "ANTIALIAS"):
        Image.ANTIALIAS = Image.Resampling.LANCZOS
    split = np.hsplit
    np.hsplit = lambda array, parts: [part[0] if part.shape == (1,) else part for part in split(array, parts)]
