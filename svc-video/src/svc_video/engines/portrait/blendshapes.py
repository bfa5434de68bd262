"""How every point of the face moves for each parameter: prescribed moves of a few points, the rest by interpolation.

A shape says where lips, chin, lids and brows go, in units of the mouth's width or of the gap between the lids; the
other points follow by biharmonic interpolation over the mesh's graph (Botsch & Kobbelt 2004), which makes smooth cheeks
and jaws. The graph has no edges across mouth and eyes, so the lips part. Displacements are linear in the parameters.

Moves are made in the head's own space (across, down, forward) and then seen from the front of the picture: on a turned
head the far corner of the mouth goes less far, the chin swings along the head's axis, and rounded lips stand out.

Every mouth shape has a second one that undoes the gap it opens: with `close` = 1 the lips meet whatever else is said.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svc_video.engines.portrait.biharmonic import Float, Graph, Move
from svc_video.engines.portrait.params import FaceParams
from svc_video.faces import landmarks as lm

LIP_ROUNDNESS = 0.62  # exponent of the opening's profile over the mouth's width: 0.5 is an ellipse
UPPER_SHARE = 0.35  # the upper lip's part of the way when lips close
OUTER_SHARE = 0.7  # the outer rim's part of the inner rim's way when lips close
JAW_RISES = 0.6  # part of the jaw's drop that goes when lips close: they do not stretch over all of it
JAW_LINE = (1.0, 0.97, 0.9, 0.76, 0.56, 0.34, 0.14)  # chin to jaw angle: part of the chin's drop
CHIN_POINTS = {18: 0.97, 200: 1.0, 199: 1.0, 175: 1.0, 83: 0.97, 313: 0.97, 182: 0.95, 406: 0.95, 201: 1.0, 421: 1.0}
CHEEKS = (50, 280, 205, 425, 101, 330, 36, 266)
CHEEKS_BELOW_RIMS = (205, 425, 36, 266)  # those that glasses do not stand on
CORNER_BACK = 0.45  # how far a corner goes back for its way out: the teeth stand in an arch
JAW_BACK = 0.3  # how far the chin goes back for its drop: the jaw hinges at the ears
LID_DROP = 1.24  # a shut lid goes a little beyond the lower one's line: the eye must not gleam through
PUCKER_CLOSES = 0.85  # part of the picture's own gap that goes when the lips are rounded
FIXED = (
    *(
        1,
        2,
        4,
        5,
        6,
        8,
        9,
        19,
        94,
        97,
        326,
        98,
        327,
        48,
        278,
        64,
        294,
        168,
        195,
        197,
        122,
        351,
        196,
        419,
        3,
        248,
        51,
        281,
    ),
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 127, 162, 21, 54, 103, 67, 109, 234, 151, 337, 108),
)


@dataclass(frozen=True, slots=True)
class LipShape:
    """Moves at the middle of the mouth and at its corners, in mouth widths; down, outwards, forward are positive."""

    upper: tuple[float, float] = (0.0, 0.0)  # inner rim, outer rim
    lower: tuple[float, float] = (0.0, 0.0)
    out: float = 0.0
    down: float = 0.0
    chin: float = 0.0
    cheek: float = 0.0
    flatten: float = 0.0  # part of the picture's own smile that goes
    forward: float = 0.0  # both lips, towards the viewer


LIP_SHAPES = {
    "jaw": LipShape(upper=(-0.035, -0.024), lower=(0.445, 0.43), out=-0.045, down=0.06, chin=0.37),
    "wide": LipShape(upper=(0.0, 0.012), lower=(0.015, -0.005), out=0.095, down=-0.012, cheek=-0.01),
    "pucker": LipShape(upper=(-0.012, -0.06), lower=(0.028, 0.08), out=-0.2, chin=0.02, flatten=0.85, forward=0.13),
    "press": LipShape(upper=(0.05, 0.02), lower=(-0.05, -0.02), out=0.01, forward=-0.03),
    "upper": LipShape(upper=(-0.09, -0.07), lower=(0.0, 0.0), down=-0.01),
    "lower": LipShape(lower=(0.13, 0.11), out=0.02, down=0.01, chin=0.03),
    "fv": LipShape(upper=(-0.045, -0.035), lower=(-0.03, 0.01), chin=-0.01),
    "smile": LipShape(upper=(0.0, 0.012), lower=(0.0, -0.012), out=0.075, down=-0.085, cheek=-0.05),
}
MOUTH_BASES = (*LIP_SHAPES, *(f"close_{name}" for name in LIP_SHAPES), "close_rest")
EYE_BASES = ("blink_left", "blink_right", "lids", "brow", "squint", "brow_inner", "brow_outer", "lid")
LID_IDLE = 0.25  # a look that the lids do not follow: small ones are many, and moving skin costs time
LID_FOLLOW = 0.22  # of the gap: the lids go with a look up or down
LID_HANG = 0.3  # of the gap: tired upper lids
SQUINT_LIFT = 0.24  # of the gap: the lower lids
SQUINT_CHEEK = -0.025  # mouth widths: the cheeks with them
BROW_LIFT = 0.11  # eye distances
BROW_BETWEEN = 0.05  # eye distances: the skin between the brows
BROW_WITH_GLASSES = 0.4  # of that lift: rims stand on the brows and must not bend


@dataclass(frozen=True, slots=True)
class Blendshapes:
    """Displacements (bases, 468, 2) in pixels for the points (468, 2) of one face, and its units."""

    points: Float
    mouth: Float  # in the order of MOUTH_BASES
    eyes: Float  # in the order of EYE_BASES
    axes: Float  # (2, 2): unit vectors across and down the face
    mouth_width: float  # pixels


def mouth_weights(params: FaceParams) -> Float:
    """Coefficients in the order of MOUTH_BASES."""
    given = np.array([np.clip(getattr(params, name), -1 if name == "smile" else 0, 1) for name in LIP_SHAPES])
    close = float(np.clip(params.close, 0, 1))
    rounding = PUCKER_CLOSES * given[list(LIP_SHAPES).index("pucker")]  # a laughing picture must not say "oo" laughing
    relaxed = float(np.clip(params.relax, 0, 1))
    return np.concatenate([given, given * close, [max(close, rounding, relaxed)]])


def eye_weights(params: FaceParams) -> Float:
    """Coefficients in the order of EYE_BASES; a shut eye's lid follows no look, hangs no lower and is not squinted."""
    left, right = np.clip((params.blink_left, params.blink_right), 0, 1)
    brow, inner, outer, lid, look = np.clip(
        (params.brow, params.brow_inner, params.brow_outer, params.lid, params.gaze_y), -1, 1
    )
    squint = float(np.clip(params.squint, 0, 1))
    followed = np.sign(look) * max(abs(look) - LID_IDLE, 0) / (1 - LID_IDLE)
    is_open = 1 - max(left, right)
    return np.array([left, right, followed * is_open, brow, squint * is_open, inner, outer, lid * is_open])


def solve(points: lm.Points, triangles: NDArray[np.int16], *, glasses: bool = False) -> Blendshapes:
    """The blendshapes of a face; about 30 ms. With `glasses` brows and cheeks move less, so that the rims stay."""
    face = _Face(points, glasses=glasses)
    graph = Graph(face.frontal, triangles)
    lips = {name: face.lip_moves(shape) for name, shape in LIP_SHAPES.items()}
    closings = [face.undoing(moves, JAW_RISES if name == "jaw" else 0.0) for name, moves in lips.items()]
    closings.append(face.closing(face.points[lm.LOWER_INNER] - face.points[lm.UPPER_INNER]))
    mouth = graph.interpolate([*lips.values(), *closings], still=face.still_for_mouth())
    eyes = graph.interpolate(face.eye_moves(), still=face.still_for_eyes())
    return Blendshapes(face.points, mouth, eyes, face.axes, face.mouth_width)


def _gap(moves: Move) -> Float:
    """What a shape adds to the gap (11, 2), corner to corner."""
    return np.array([moves[int(low)] - moves[int(up)] for up, low in zip(lm.UPPER_INNER, lm.LOWER_INNER, strict=True)])


class _Face:
    """Units and prescribed moves of one face."""

    def __init__(self, points: lm.Points, *, glasses: bool = False) -> None:
        self.points = points[:468, :2].astype(np.float64)
        across = (lm.eye_centre(points, left=False) - lm.eye_centre(points, left=True)).astype(np.float64)
        across /= np.linalg.norm(across)
        self.axes = np.array([across, [-across[1], across[0]]])
        self.mouth_width = lm.mouth_width(points)
        head = lm.head_axes(points)
        solid = points[:468].astype(np.float64)
        self.frontal = (solid @ head.T)[:, :2]  # as the face would be seen from its own front
        self._seen = head[:, :2] * ((1,), (1,), (-1,))  # one unit across, down, forward, in the picture
        self._unit = float(np.linalg.norm(self.frontal[291] - self.frontal[61]))  # the mouth's width, not foreshortened
        self._eye_unit = lm.eye_distance(points) / max(float(np.linalg.norm(head[0, :2])), 0.5)
        self._cheeks = {v: float(not glasses or v in CHEEKS_BELOW_RIMS) for v in CHEEKS}
        self._brow_lift = BROW_LIFT * (BROW_WITH_GLASSES if glasses else 1.0)

    def lip_moves(self, shape: LipShape) -> Move:
        """Displacements of all lip points, chin and cheeks."""
        moves: Move = {}
        for rings, (inner, outer), back in (
            (lm.UPPER_LIP, shape.upper, 0.0),
            (lm.LOWER_LIP, shape.lower, JAW_BACK * shape.chin),
        ):
            for number, ring in enumerate(rings):
                part = number / (len(rings) - 1)
                moves.update(self._ring_moves(ring, shape, inner * part + outer * (1 - part), shape.forward - back))
        for vertex, part in self._chin_parts().items():
            moves[vertex] = self._pixels(0, shape.chin * part, -JAW_BACK * shape.chin * part)
        moves.update({v: self._pixels(0, shape.cheek * part) for v, part in self._cheeks.items() if shape.cheek})
        return moves

    def undoing(self, moves: Move, back: float) -> Move:
        """Displacements that close the gap which a shape opens: a part by taking it back, the rest with the lips."""
        lips = self.closing(_gap(moves) * (1 - back))
        return {v: lips.get(v, np.zeros(2)) - back * moves.get(v, np.zeros(2)) for v in {**moves, **lips}}

    def closing(self, gap: Float) -> Move:
        """Displacements that bring the inner rims together over a gap (11, 2) from the upper to the lower rim."""
        moves: Move = {}
        for rings, share in ((lm.UPPER_LIP, UPPER_SHARE), (lm.LOWER_LIP, UPPER_SHARE - 1)):
            for number, ring in enumerate(rings):
                part = number / (len(rings) - 1)
                follow = OUTER_SHARE + (1 - OUTER_SHARE) * part
                moves.update({int(v): g * share * follow for v, g in zip(ring, gap, strict=True)})
        moves.update({v: np.zeros(2) for v in self._chin_parts() if v != 18})
        return moves

    def eye_moves(self) -> list[Move]:
        """Moves in the order of EYE_BASES."""
        left = self._blink(lm.UPPER_LID_LEFT, lm.LOWER_LID_LEFT)
        right = self._blink(lm.UPPER_LID_RIGHT, lm.LOWER_LID_RIGHT)
        blink = {**left, **right}
        lids = {v: move * LID_FOLLOW for v, move in blink.items()} | self._lower_lids(LID_FOLLOW * 0.4)
        squint = self._lower_lids(-SQUINT_LIFT) | {
            v: self._pixels(0, SQUINT_CHEEK * part) for v, part in self._cheeks.items()
        }
        inner, outer = self._brow(inner=True), self._brow(inner=False)
        brow = {v: inner[v] + outer[v] for v in inner}
        hang = {v: move * LID_HANG for v, move in blink.items()}
        return [left, right, lids, brow, squint, inner, outer, hang]

    def _brow(self, *, inner: bool) -> Move:
        """One end of both brows up; it fades towards the other end, so that both together lift them as a whole."""
        moves: Move = {}
        for brow in (lm.BROW_LEFT, lm.BROW_RIGHT):
            from_nose = np.abs((self.frontal[brow] - self.frontal[168])[:, 0])
            part = (from_nose - from_nose.min()) / np.ptp(from_nose)
            lift = self._brow_lift * (1 - part if inner else part)
            moves |= {int(v): self._eye_pixels(-up) for v, up in zip(brow, lift, strict=True)}
        between = BROW_BETWEEN / BROW_LIFT * self._brow_lift if inner else 0.0
        return moves | {v: self._eye_pixels(-between) for v in (8, 9)}

    def still_for_mouth(self) -> list[int]:
        """Points that no mouth shape moves: eyes, brows, nose, forehead."""
        lids = [lm.UPPER_LID_LEFT, lm.LOWER_LID_LEFT, lm.UPPER_LID_RIGHT, lm.LOWER_LID_RIGHT]
        return [int(v) for v in (*FIXED, *np.concatenate(lids), *lm.BROW_LEFT, *lm.BROW_RIGHT)]

    def still_for_eyes(self) -> list[int]:
        """Points that no eye shape moves: nose, cheeks, mouth, forehead's edge, the eyes' corners."""
        mouth = np.concatenate([lm.UPPER_LIP.ravel(), lm.LOWER_LIP.ravel()])
        corners = (33, 133, 362, 263)
        return [int(v) for v in (*FIXED, *CHEEKS, *mouth, *corners) if v not in {8, 9}]

    def _blink(self, upper: NDArray[np.int64], lower: NDArray[np.int64]) -> Move:
        """The upper lid down over the lower one, which stays."""
        gap = self.points[lower] - self.points[upper]
        moves: Move = {int(v): g * LID_DROP for v, g in zip(upper[1:-1], gap[1:-1], strict=True)}
        moves |= {int(v): np.zeros(2) for v in lower[1:-1]}
        return moves

    def _lower_lids(self, part: float) -> Move:
        """The lower lids down by a part of the gap."""
        moves: Move = {}
        for upper, lower in ((lm.UPPER_LID_LEFT, lm.LOWER_LID_LEFT), (lm.UPPER_LID_RIGHT, lm.LOWER_LID_RIGHT)):
            gap = self.points[lower] - self.points[upper]
            moves |= {int(v): g * part for v, g in zip(lower[1:-1], gap[1:-1], strict=True)}
        return moves

    def _ring_moves(self, ring: NDArray[np.int64], shape: LipShape, drop: float, forward: float) -> Move:
        """One lip line: `drop` and `forward` in its middle, the corners' own move at its ends."""
        at = self.frontal[ring, 0]
        t = np.clip(2 * (at - at.min()) / (at.max() - at.min()) - 1, -1, 1)
        profile = (1 - t**2) ** LIP_ROUNDNESS
        down = (shape.down + shape.flatten * self._smile()) * t**2 + drop * profile
        out = shape.out * t
        ahead = forward * profile - CORNER_BACK * out * t
        return {int(v): self._pixels(*way) for v, *way in zip(ring, out, down, ahead, strict=True)}

    def _smile(self) -> float:
        """How far the corners stand above the middle of the lips, in mouth widths; 0 for a straight or sad mouth."""
        middle = (self.frontal[13] + self.frontal[14]) / 2
        corners = (self.frontal[78] + self.frontal[308]) / 2
        return max(float(middle[1] - corners[1]) / self._unit, 0.0)

    def _chin_parts(self) -> dict[int, float]:
        start = int(np.flatnonzero(lm.OVAL == lm.CHIN)[0])
        sides = {int(lm.OVAL[start + s * k]): part for k, part in enumerate(JAW_LINE) for s in (-1, 1)}
        return {**sides, **CHIN_POINTS}

    def _pixels(self, across: float, down: float, forward: float = 0.0) -> Float:
        return np.asarray(np.array([across, down, forward]) @ self._seen * self._unit)

    def _eye_pixels(self, down: float) -> Float:
        return np.asarray(down * self._seen[1] * self._eye_unit)
