"""Names and shapes of SadTalker's release, at any width: the committed manifest, and what of a shape narrows.

A width of 1/8 has an eighth of the channels. What is a count of something else (colours, key points, coefficients,
heat maps, styles) stays. The manifest is written by tests/bench/sadtalker/manifest.py from upstream's modules.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Shape = tuple[int, ...]

MANIFEST = Path(__file__).with_name("sadtalker_manifest.tsv")
MOVED = 16  # volumes that dense motion warps: 15 key points and the background
COMPRESSED = 4  # channels of each, and a heat map beside them
DEPTH = 16  # of the feature volume


@dataclass(frozen=True, slots=True)
class Entry:
    """One tensor of the release at full width."""

    part: str  # of the release: generator, kp_extractor, audio2exp, ...
    name: str  # within the part
    dtype: str
    shape: Shape


@functools.cache
def entries() -> tuple[Entry, ...]:
    """The manifest, in upstream's order."""
    rows = (line.split("\t") for line in MANIFEST.read_text().splitlines()[1:])
    return tuple(
        Entry(part, name, dtype, tuple(int(axis) for axis in shape.split(",") if axis))
        for part, name, dtype, shape in rows
    )


def channels(count: int, width: float) -> int:
    """So many channels, at that width."""
    return max(1, math.ceil(count * width))


def moved(width: float) -> int:
    """Channels that dense motion's hourglass is given: 80 at full width."""
    return MOVED * (channels(COMPRESSED, width) + 1)


def beside(kept: int) -> Callable[[int, float], int]:
    """Channels of which `kept` are no channels of a network and stay."""
    return lambda count, width: kept + channels(count - kept, width)


def _keep(count: int, _: float) -> int:
    return count


def _hourglass(count: int, width: float) -> int:
    kept = moved(1.0)
    return moved(width) + (channels(count - kept, width) if count > kept else 0)


def _occlusion(count: int, width: float) -> int:
    return DEPTH * _hourglass(count // DEPTH, width)


Rule = Callable[[int, float], int]
RULES: tuple[tuple[str, tuple[Rule, ...]], ...] = (
    (r"kp_extractor down\.weight", (_keep, _keep)),
    (r"kp_extractor kp\..*", (_keep, channels)),
    (r"generator dense_motion_network\.hourglass\.encoder\.down_blocks\.0\.conv\.weight", (channels, _hourglass)),
    (r"generator dense_motion_network\.hourglass\.decoder\.(conv|norm)\..*", (_hourglass, _hourglass)),
    (r"generator dense_motion_network\.mask\..*", (_keep, _hourglass)),
    (r"generator dense_motion_network\.occlusion\..*", (_keep, _occlusion)),
    (r"generator decoder\.conv_img\..*", (_keep, channels)),
    (r".* decoder\..*weight_v", (channels,)),
    (r"audio2exp mapping1\..*", (_keep, beside(65))),
    (r"audio2pose netG\..*(classbias|pose_linear.*)", (_keep, _keep)),
    (r"audio2pose netG\..*(linear_audio|linear_means|linear_logvar|output_layer).*", (_keep, channels)),
    (r"audio2pose netG\.decoder\.MLP\.L1\..*", (_keep, channels)),
    (r"audio2pose netG\..*MLP\.L0\..*", (channels, _keep)),
    (r"audio2pose netD_motion\.seq\.0\.conv\.weight", (channels, _keep)),
    (r"audio2pose netD_motion\.seq\.\d\.weight", (_keep, channels)),
    (r"mapping_.* first\.0\.weight", (channels, _keep)),
    (r"(mapping_.*|he_estimator) fc_.*", (_keep, channels)),
    (r"face_3drecon final_layers\..*", (_keep, channels)),
    (r"fan m0\.coordconv\.conv\.weight", (channels, beside(3))),
    (r"fan m[123]\.coordconv\.conv\.weight", (channels, beside(5))),
    (r"fan conv1\.conv\.weight", (channels, _keep)),
    (r"fan l\d\..*", (_keep, channels)),
    (r"fan al\d\.weight", (channels, _keep)),
    (r"retinaface (Class|Bbox|Landmark)Head\..*", (_keep, channels)),
)
"""(part and name, how its first axes narrow); the first that matches. Everything else narrows in its first two."""
PICTURE = {1, 3}  # channels in of what looks at a picture or a spectrogram


def narrowed(entry: Entry, width: float) -> Shape:
    """The shape that an entry has at a width."""
    if width == 1.0:
        return entry.shape
    rules = next((rules for pattern, rules in RULES if re.fullmatch(pattern, f"{entry.part} {entry.name}")), None)
    if rules is None:
        reads = len(entry.shape) > 1 and entry.shape[1] in PICTURE
        rules = (channels, _keep if reads else channels)
    return tuple(rule(axis, width) for rule, axis in zip(rules, entry.shape, strict=False)) + entry.shape[len(rules) :]
