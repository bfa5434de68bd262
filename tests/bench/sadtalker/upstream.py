"""Upstream's own classes, made from a release of any width. Runs in upstream's environment only.

Nothing of upstream is changed: its constructors build networks of full width and its loaders fill them. What the
tensors are narrower than is taken as it comes, and files are read from the release's folder, never fetched.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from tests.bench.sadtalker import standins
from torch import nn

CONFIG = Path("src", "config")


class Upstream:
    """One release, and the parts of upstream's pipeline for it, each made when first asked for."""

    def __init__(self, release: Path, size: int = 256, preprocess: str = "crop", device: str = "cpu") -> None:
        self.release, self.size, self.preprocess, self.device = release.absolute(), size, preprocess, device
        self.home = prepare()

    @cached_property
    def paths(self) -> dict[str, Any]:
        """Which file of the release holds what, as upstream finds it."""
        from src.utils.init_path import init_path

        paths = init_path(str(self.release), str(self.home / CONFIG), self.size, preprocess=self.preprocess)
        if (self.release / "similarity_Lm3D_all.mat").exists():
            paths["dir_of_BFM_fitting"] = str(self.release)
        return dict(paths)

    @cached_property
    def front(self) -> Any:
        """CropAndExtract: picture -> crop and coefficients."""
        from src.utils.preprocess import CropAndExtract

        with self._files():
            return CropAndExtract(self.paths, self.device)

    @cached_property
    def motion(self) -> Any:
        """Audio2Coeff: sound -> coefficients."""
        from src.test_audio2coeff import Audio2Coeff

        return Audio2Coeff(self.paths, self.device)

    @cached_property
    def renderer(self) -> Any:
        """AnimateFromCoeff: coefficients -> frames."""
        from src.facerender.animate import AnimateFromCoeff

        return AnimateFromCoeff(self.paths, self.device)

    @contextmanager
    def _files(self) -> Iterator[None]:
        """Upstream's downloads answered from the release; without a face's files there is no detector at all."""
        import facexlib.detection
        from src.face3d import extract_kp_videos_safe as extract

        def local(url: str, **_: object) -> str:
            return str(self.release / url.rpartition("/")[2])

        extract.load_file_from_url = facexlib.detection.load_file_from_url = local
        made = extract.KeypointExtractor.__init__
        if not (self.release / "alignment_WFLW_4HG.pth").exists():
            extract.KeypointExtractor.__init__ = lambda self, device="cuda": None
        try:
            yield
        finally:
            extract.KeypointExtractor.__init__ = made


def prepare() -> Path:
    """Make `src` importable, once, and teach modules to load narrower tensors; gives upstream's checkout."""
    home = Path(os.environ["UPSTREAM"]).absolute()
    if str(home) not in sys.path:
        sys.path.insert(0, str(home))
        standins.install()
        nn.Module.load_state_dict = fit
    return home


def fit(network: nn.Module, state: Mapping[str, torch.Tensor], strict: bool = True, assign: bool = False) -> None:
    """As `load_state_dict`, strict about names; a tensor of another shape takes the place of the network's own."""
    own = network.state_dict(keep_vars=True)
    if set(own) != set(state):
        raise RuntimeError(f"tensors of {type(network).__name__} differ: {sorted(set(own) ^ set(state))[:5]}")
    for name, value in state.items():
        if own[name].shape == value.shape:
            own[name].data.copy_(value)
            continue
        place, _, leaf = name.rpartition(".")
        module = network.get_submodule(place)
        moved = value.to(own[name].device)
        if leaf in module._parameters:
            module._parameters[leaf] = nn.Parameter(moved, requires_grad=False)
        else:
            module._buffers[leaf] = moved
    _narrow_volume(network)


def _narrow_volume(network: nn.Module) -> None:
    """The one width that the generator keeps as a number: channels of its feature volume."""
    if hasattr(network, "reshape_channel"):
        network.reshape_channel = network.second.weight.shape[0] // network.reshape_depth


@contextmanager
def quiet() -> Iterator[None]:
    """Upstream prints much and draws bars; none of it is wanted."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield
