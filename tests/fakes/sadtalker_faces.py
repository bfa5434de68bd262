"""Weights for the detector and the landmark network that find something: nothing learnt, but drawn by hand.

The detector takes the brightest patch of about a hundred pixels for a face, and the landmark network sees the made-up
mean face in any box. So a bright portrait in the middle goes all the way that a real one goes, through both networks,
twice, with random numbers in every other channel. Widths stay as they are.
"""

from __future__ import annotations

import math

import numpy as np
from tests.fakes.sadtalker_weights import Array, Arrays

LANE_SCALE = 1 / 64  # of brightness 0..255, so that other channels that read the lane are not drowned
GREY = 115.0  # what the detector's means leave out, about
BRIGHT = 2.3  # of the lane: beyond it, a face
SURE = 14.0  # logits per unit of it: so few that no two patches are equally sure
NEVER = 8.0  # logits against every other anchor
ANCHOR = 256  # pixels of the one that is used: the first of the coarsest level
FACE = (150.0, 200.0)  # width and height of every face, pixels
SIDE_VARIANCE = 0.2
OFF_GRID = (0.013, 0.017)  # some tenths of a pixel: edges at whole pixels would be rounded either way
CELLS = 64  # of a heat map's side
LEVELS = 5  # resolutions that an hourglass adds up
LAST = 3  # the last hourglass
FACE_X, FACE_Y = 40.0, 30.0  # cells per unit of the mean face
MIDDLE_Y = 0.0  # of the mean face, in the middle of the box


def bright_patch_detector(arrays: Arrays) -> Arrays:
    """RetinaFace's tensors with a lane of brightness in channel 0, from the picture to one anchor."""
    made = {name: array.copy() for name, array in arrays.items()}
    _only(made["body.conv1.weight"], 0, None, LANE_SCALE / made["body.conv1.weight"][0].size)
    _identity(made, "body.bn1", 0, GREY * LANE_SCALE)
    for name, array in made.items():
        if name.startswith("body.layer") and name.endswith(("bn3.weight", "bn3.bias")):
            array[0] = 0
        if name.endswith("downsample.0.weight"):
            _only(array, 0, 0, 1.0)
            _identity(made, name.replace("0.weight", "1"), 0)
    _only(made["fpn.output3.0.weight"], 0, 0, 1.0)
    _identity(made, "fpn.output3.1", 0)
    _only(made["ssh3.conv3X3.0.weight"], 0, 0, 1 / 9)
    _identity(made, "ssh3.conv3X3.1", 0)
    for level in range(3):
        made[f"ClassHead.{level}.conv1x1.weight"][:] = 0
        made[f"ClassHead.{level}.conv1x1.bias"][:] = [NEVER, -NEVER] * 2
    made["ClassHead.2.conv1x1.weight"][1, 0] = SURE
    made["ClassHead.2.conv1x1.bias"][:2] = [0, -SURE * BRIGHT]
    made["BboxHead.2.conv1x1.weight"][:4] = 0
    sides = [math.log(side / ANCHOR) / SIDE_VARIANCE for side in FACE]
    made["BboxHead.2.conv1x1.bias"][:4] = [*OFF_GRID, *sides]
    return made


def mean_face_landmarks(arrays: Arrays, face: Array) -> Arrays:
    """The landmark network's tensors with lanes of row and column, of which the last maps are made.

    `face` (68, 3); its points fall on as many rows and columns as the width has channels for.
    """
    made = {name: array.copy() for name, array in arrays.items()}
    entry = made[f"m{LAST}.coordconv.conv.weight"]
    for lane in (0, 1):  # row, column
        _only(entry, lane, entry.shape[1] - 5 + lane, 1.0)
        made[f"m{LAST}.coordconv.conv.bias"][lane] = 0
    for name, array in made.items():
        if name.startswith((f"m{LAST}.b", f"top_m_{LAST}.")) and name.endswith("conv1.weight"):
            array[:2] = 0
    lane, count = _lane(), len(entry) // 2
    cells = np.unique(np.linspace(1, CELLS - 2, count - 1).round().astype(int))
    _hinges(made, lane[cells], lane[0] - 1)
    points = as_98(face)
    rows = CELLS / 2 - (points[:, 1] - MIDDLE_Y) * FACE_Y
    columns = CELLS / 2 + points[:, 0] * FACE_X
    last = made[f"l{LAST}.weight"]
    last[:] = 0
    made[f"l{LAST}.bias"][:] = 0
    for one, places in enumerate(zip(rows, columns, strict=True)):
        for axis, place in enumerate(places):
            last[one, axis * count] = 1
            last[one, axis * count + 1 + int(np.abs(cells - place).argmin())] = -2
    return made


def _hinges(made: Arrays, knots: Array, lowest: float) -> None:
    """The last features: how far each lane is beyond each knot, or 0; the first of each lane beyond all."""
    weight, bias = made[f"conv_last{LAST}.weight"], made[f"conv_last{LAST}.bias"]
    weight[:] = 0
    bias[:] = 0
    for channel in range(len(weight)):
        _identity(made, f"bn_end{LAST}", channel)
    for axis in (0, 1):
        first = axis * (len(weight) // 2)
        for channel, knot in enumerate((lowest, *knots), first):
            weight[channel, axis] = 1
            bias[channel] = -knot


def _lane() -> Array:
    """What a lane holds in each cell: its coordinate, and that of each coarser level, added up."""
    line = np.linspace(-1, 1, CELLS)
    return sum(np.repeat(line.reshape(-1, 2**level).mean(1), 2**level) for level in range(LEVELS))


def as_98(face: Array) -> Array:
    """68 points as WFLW's 98: those it has in common, the others between two of them."""
    points = np.zeros((98, face.shape[1]))
    points[0:33:2] = face[:17]
    points[1:32:2] = (face[:16] + face[1:17]) / 2
    points[33:38], points[38:42] = face[17:22], face[20:16:-1]
    points[42:47], points[47:51] = face[22:27], face[25:21:-1]
    points[51:60], points[76:96] = face[27:36], face[48:68]
    for start, first in ((60, 36), (68, 42)):
        eye = face[first : first + 6]
        points[start : start + 8] = eye[[0, 1, 1, 2, 3, 4, 4, 5]]
        points[96 + (start == 68)] = eye.mean(0)
    return points


def _only(weight: Array, row: int, column: int | None, value: float) -> None:
    """An output that reads one input, or all of them, evenly."""
    weight[row] = 0
    weight[row, slice(None) if column is None else column] = value


def _identity(made: Arrays, norm: str, channel: int, offset: float = 0.0) -> None:
    """A normalisation that leaves a channel as it is."""
    for name, value in (("weight", 1), ("bias", offset), ("running_mean", 0), ("running_var", 1)):
        made[f"{norm}.{name}"][channel] = value
