"""Does SadTalker fit: asked before anything is loaded, by what its files hold and what a frame takes.

The numbers were measured on a CPU with random networks of the official sizes: 2.4 GB with a frame of 256 pixels being
drawn, 3.2 GB with one of 512. What a frame takes on a card is counted from shapes, with a fifth on top for what its
libraries work in (tests/engines_torch/sadtalker/test_roofline.py counts it again).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from svc_video.engines.sadtalker import files
from troupe.wire.errors import EngineMissing

GIBIBYTE = 1 << 30
MEBIBYTE = 1 << 20
OVERHEAD = {"cpu": 300 * MEBIBYTE, "cuda": 900 * MEBIBYTE}  # Python and torch; on a card its context and libraries
AS_KEPT = 1.6  # times their files: some weights are kept as the convolutions want them, too
FRAME_BYTES = {256: 520 * MEBIBYTE, 512: 1_300 * MEBIBYTE}  # working memory of one frame in fp32, at full width
CARD_FRAME_BYTES = {256: 230 * MEBIBYTE, 512: 900 * MEBIBYTE}  # the same on a card, in halves; twice that in fp32
HALVES = ("fp16", "bf16")
SHARE = 0.5  # of what is free that more than one frame at once may take: others need some too


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes that the networks of one size take on one kind of device."""

    weights: int
    frame: int  # each one rendered at once
    overhead: int

    @classmethod
    def of(cls, folder: Path, size: int, device: str, precision: str) -> Need:
        """By the sizes of its files; a narrow release needs less for a frame too."""
        release = [files.release_file(size)] if files.find(folder, files.release_file(size)) else [*files.OLD_SET]
        names = [*release, *files.MAPPINGS, *files.FACE_FILES]
        found = [path for name in names if (path := files.find(folder, name)) is not None]
        weights = sum(path.stat().st_size for path in found)
        share = min(1.0, weights / FULL_WEIGHTS) ** 0.5  # channels go with the root of what connects them
        if device == "cuda":
            frame = CARD_FRAME_BYTES[size] * (1 if precision in {"auto", *HALVES} else 2)
        else:
            frame = FRAME_BYTES[size] // (2 if precision in HALVES else 1)
        return cls(weights, round(frame * share), OVERHEAD[device])

    def total(self, frames: int) -> int:
        """With so many frames at once; reading takes no more."""
        return round(self.weights * AS_KEPT) + frames * self.frame + self.overhead


FULL_WEIGHTS = 1_000 * MEBIBYTE  # of the official files


def fitting_batch(need: Need, most: int, free: int, size: int) -> int:
    """How many frames at once fit into `free` bytes, halved from `most` down to one; raises `EngineMissing`."""
    batch = max(1, most)
    while batch > 1 and need.total(batch) > free * SHARE:
        batch //= 2
    if need.total(batch) > free:
        raise EngineMissing(
            f"SadTalker of {size} pixels needs about {need.total(1) / GIBIBYTE:.1f} GiB of memory, "
            f"and {free / GIBIBYTE:.1f} GiB are free",
            remedy="PROVIDER_SADTALKER_DEVICE=cpu, or a machine or card with more memory",
        )
    return batch
