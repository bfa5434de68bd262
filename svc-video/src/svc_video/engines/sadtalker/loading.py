"""From a folder of checkpoints to networks on the device they run on: what `worker` serves with."""

from __future__ import annotations

import ctypes
import gc
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch

from svc_video.engines.sadtalker import files, memory
from svc_video.engines.sadtalker.enhancer import Enhancers
from svc_video.engines.sadtalker.networks import Networks, Release
from svc_video.engines.sadtalker.orders import Acting, FilmOrder, Load
from svc_video.engines.sadtalker.pace import SAMPLES_PER_FRAME
from svc_video.engines.sadtalker.reader import Place
from svc_video.engines.sadtalker.source import EXPRESSION, PLACE, POSE, Source
from svc_video.engines.sadtalker.worker import Loaded
from troupe.weights.memory import available
from troupe.wire.errors import EngineMissing

DEVICE = re.compile(r"cpu|cuda(:\d{1,2})?")
PRECISIONS = ("auto", "fp32", "tf32", "fp16", "bf16")
BATCH_CPU, BATCH_CUDA = 1, 16  # by the device, where the settings say nothing; more frames at once are no faster there
TORCH, READ = 0.15, 0.6  # of the whole, when each stage is done
WARMING = 2  # batches on a card before one is timed
VERSION = "0.0.2"

_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where it runs, and in which precision."""

    device: torch.device
    precision: str

    @classmethod
    def of(cls, load: Load) -> Self:
        """As the settings say; raises `EngineMissing` where there is no such device."""
        cuda = torch.cuda.is_available()
        name = ("cuda" if cuda else "cpu") if load.device == "auto" else load.device
        if not DEVICE.fullmatch(name) or load.precision not in PRECISIONS:
            raise EngineMissing(
                f'SadTalker cannot run on "{load.device}" in "{load.precision}"',
                remedy="PROVIDER_SADTALKER_DEVICE=auto, cpu, cuda or cuda:N; "
                f"TROUPE_VIDEO_SADTALKER_PRECISION={', '.join(PRECISIONS)}",
            )
        device = torch.device(name)
        if device.type == "cuda":
            device = torch.device("cuda", device.index or 0)
            if not cuda or device.index >= torch.cuda.device_count():
                raise EngineMissing(
                    f"SadTalker was to run on {name}, and this PyTorch ({torch.__version__}) sees no such device",
                    remedy="PROVIDER_SADTALKER_DEVICE=auto, or PyTorch for your card (nvidia-smi lists cards)",
                )
        return cls(device, load.precision)

    @property
    def free(self) -> int:
        """Bytes that can be had on the device."""
        return available() if self.device.type == "cpu" else torch.cuda.mem_get_info(self.device)[0]


def load(load: Load, loading: Callable[[float], None]) -> Loaded:
    """Everything, ready to draw, a first frame drawn; `loading` hears how far (0..1).

    Raises `EngineMissing` where device or memory are wanting, `CheckpointNotFound` or `CheckpointBroken`.
    """
    loading(TORCH)
    torch.set_num_threads(cores())
    folder, spot = Path(load.checkpoint), Spot.of(load)
    if spot.device.type == "cuda":
        torch.cuda.set_device(spot.device)
    size = files.require(folder).sizes[0]
    usual = BATCH_CPU if spot.device.type == "cpu" else BATCH_CUDA
    batch = memory.fitting_batch(_need(folder, size, spot), load.batch or usual, spot.free, size)
    enhancers = Enhancers.named_in(load.enhancers)
    networks = Networks(lambda size: _release(folder, size, spot, load.landmarks), batch, enhancers)
    networks.release(size)
    loading(READ)
    speed = frames_per_s(networks, size)
    hello = {
        "device": str(spot.device), "version": VERSION, "batch": batch, "frames_per_s": round(speed, 3),
        "precision": spot.precision,
    }  # fmt: skip
    return Loaded(networks, networks, hello)


def frames_per_s(networks: Networks, size: int) -> float:
    """Draw first frames and tell how fast; on a card once more, for the first time is no measure there."""
    grey = np.full((size, size, 3), 128, np.uint8)
    source = Source(grey, np.zeros(EXPRESSION + POSE + PLACE, np.float32), "crop", (size, size))
    film = networks.performance(source, FilmOrder(Acting(still=True, blink_rate=0.0)), b"")
    film.feed(bytes(2 * SAMPLES_PER_FRAME * networks.batch))
    film.end()
    poses = film.ready()
    if networks.release(size).renderer.policy.device.type == "cuda":
        for _ in range(WARMING):
            networks.render(poses)
    started = time.perf_counter()
    networks.render(poses)
    return len(poses) / (time.perf_counter() - started)


def cores() -> int:
    """Processors that this process may use: what it is pinned to, and what its container is allowed."""
    pinned = len(os.sched_getaffinity(0))
    try:
        quota, period = _CPU_MAX.read_text().split()
    except (OSError, ValueError):
        return pinned
    return pinned if quota == "max" else max(1, min(pinned, round(int(quota) / int(period))))


def _need(folder: Path, size: int, spot: Spot) -> memory.Need:
    return memory.Need.of(folder, size, spot.device.type, spot.precision)


def _release(folder: Path, size: int, spot: Spot, landmarks: str) -> Release:
    memory.fitting_batch(_need(folder, size, spot), 1, spot.free, size)
    release = Release.load(folder, size, Place(spot.device), spot.precision, landmarks)
    _give_back()
    return release


def _give_back() -> None:
    """What only loading needed goes back to the system, not only to the allocator."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
