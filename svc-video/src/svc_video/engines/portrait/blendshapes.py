"""How every point of the face moves for each parameter: prescribed moves of a few points, the rest by interpolation.

A shape says where lips, chin, lids and brows go, in units of the mouth's width or of the gap between the lids; the
other points follow by biharmonic interpolation over the mesh's graph (Botsch & Kobbelt 2004), which makes smooth cheeks
and jaws. The graph has no edges across mouth and eyes, so the lips part. Displacements are linear in the parameters.

Every mouth shape has a second one that undoes the gap it opens: with `close` = 1 the lips meet whatever else is said.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svc_video.engines.portrait.params import FaceParams
from svc_video.faces import landmarks as lm

Float = NDArray[np.float64]
Move = dict[int, Float]  # vertex -> displacement in pixels of the picture

RING_PART = 0.42  # distance of the fixed outer ring from the oval, in parts of the way from the face's centre
LIP_ROUNDNESS = 0.62  # exponent of the opening's profile over the mouth's width: 0.5 is an ellipse
UPPER_SHARE = 0.35  # the upper lip's part of the way when lips close
OUTER_SHARE = 0.55  # the outer rim's part of the inner rim's way when lips close
JAW_LINE = (1.0, 0.97, 0.9, 0.76, 0.56, 0.34, 0.14)  # chin to jaw angle: part of the chin's drop
CHIN_POINTS = {18: 0.97, 200: 1.0, 199: 1.0, 175: 1.0, 83: 0.97, 313: 0.97, 182: 0.95, 406: 0.95, 201: 1.0, 421: 1.0}
CHEEKS = (50, 280, 205, 425, 101, 330, 36, 266)
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
    """Moves at the middle of the mouth and at its corners, in mouth widths; down and outwards are positive."""

    upper: tuple[float, float] = (0.0, 0.0)  # inner rim, outer rim
    lower: tuple[float, float] = (0.0, 0.0)
    out: float = 0.0
    down: float = 0.0
    chin: float = 0.0
    cheek: float = 0.0
    flatten: float = 0.0  # part of the picture's own smile that goes


LIP_SHAPES = {
    "jaw": LipShape(upper=(-0.035, -0.024), lower=(0.445, 0.43), out=-0.045, down=0.06, chin=0.37),
    "wide": LipShape(upper=(0.0, 0.012), lower=(0.015, -0.005), out=0.095, down=-0.012, cheek=-0.01),
    "pucker": LipShape(upper=(-0.012, -0.06), lower=(0.028, 0.08), out=-0.2, chin=0.02, flatten=0.85),
    "press": LipShape(upper=(0.05, 0.02), lower=(-0.05, -0.02), out=0.01),
    "upper": LipShape(upper=(-0.09, -0.07), lower=(0.0, 0.0), down=-0.01),
    "lower": LipShape(lower=(0.13, 0.11), out=0.02, down=0.01, chin=0.03),
    "fv": LipShape(upper=(-0.045, -0.035), lower=(-0.03, 0.01), chin=-0.01),
    "smile": LipShape(upper=(0.0, 0.012), lower=(0.0, -0.012), out=0.075, down=-0.085, cheek=-0.05),
}
MOUTH_BASES = (*LIP_SHAPES, *(f"close_{name}" for name in LIP_SHAPES), "close_rest")
EYE_BASES = ("blink_left", "blink_right", "lids", "brow")
LID_IDLE = 0.25  # a look that the lids do not follow: small ones are many, and moving skin costs time
LID_FOLLOW = 0.22  # of the gap: the lids go with a look up or down


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
    """Coefficients in the order of EYE_BASES; a shut eye's lid follows no look."""
    left, right = np.clip((params.blink_left, params.blink_right), 0, 1)
    brow, look = np.clip((params.brow, params.gaze_y), -1, 1)
    followed = np.sign(look) * max(abs(look) - LID_IDLE, 0) / (1 - LID_IDLE)
    return np.array([left, right, followed * (1 - max(left, right)), brow])


def solve(points: lm.Points, triangles: NDArray[np.int16]) -> Blendshapes:
    """The blendshapes of a face; about 30 ms."""
    face = _Face(points)
    graph = _Graph(face.points, triangles)
    lips = {name: face.lip_moves(shape) for name, shape in LIP_SHAPES.items()}
    closings = [face.closing(_gap(moves)) for moves in lips.values()]
    closings.append(face.closing(face.points[lm.LOWER_INNER] - face.points[lm.UPPER_INNER]))
    mouth = graph.interpolate([*lips.values(), *closings], still=face.still_for_mouth())
    eyes = graph.interpolate(face.eye_moves(), still=face.still_for_eyes())
    return Blendshapes(face.points, mouth, eyes, face.axes, face.mouth_width)


def _gap(moves: Move) -> Float:
    """What a shape adds to the gap (11, 2), corner to corner."""
    return np.array([moves[int(low)] - moves[int(up)] for up, low in zip(lm.UPPER_INNER, lm.LOWER_INNER, strict=True)])


class _Face:
    """Units and prescribed moves of one face."""

    def __init__(self, points: lm.Points) -> None:
        self.points = points[:468, :2].astype(np.float64)
        across = (lm.eye_centre(points, left=False) - lm.eye_centre(points, left=True)).astype(np.float64)
        across /= np.linalg.norm(across)
        self.axes = np.array([across, [-across[1], across[0]]])
        self.mouth_width = lm.mouth_width(points)
        self.eye_distance = lm.eye_distance(points)

    def lip_moves(self, shape: LipShape) -> Move:
        """Displacements of all lip points, chin and cheeks."""
        moves: Move = {}
        for rings, (inner, outer) in ((lm.UPPER_LIP, shape.upper), (lm.LOWER_LIP, shape.lower)):
            for number, ring in enumerate(rings):
                part = number / (len(rings) - 1)
                moves.update(self._ring_moves(ring, shape, inner * part + outer * (1 - part)))
        moves.update({v: self._pixels(0, shape.chin * part) for v, part in self._chin_parts().items()})
        moves.update({v: self._pixels(0, shape.cheek) for v in CHEEKS if shape.cheek})
        return moves

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
        brow = {int(v): self._eye_pixels(-0.11) for v in (*lm.BROW_LEFT, *lm.BROW_RIGHT)}
        brow |= {v: self._eye_pixels(-0.05) for v in (8, 9)}
        lids = {v: move * LID_FOLLOW for v, move in {**left, **right}.items()}
        lids |= {int(v): move for v, move in self._lower_follow()}
        return [left, right, lids, brow]

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

    def _lower_follow(self) -> list[tuple[int, Float]]:
        lines = ((lm.UPPER_LID_LEFT, lm.LOWER_LID_LEFT), (lm.UPPER_LID_RIGHT, lm.LOWER_LID_RIGHT))
        out = []
        for upper, lower in lines:
            gap = self.points[lower] - self.points[upper]
            out += [(int(v), g * LID_FOLLOW * 0.4) for v, g in zip(lower[1:-1], gap[1:-1], strict=True)]
        return out

    def _ring_moves(self, ring: NDArray[np.int64], shape: LipShape, drop: float) -> Move:
        """One lip line: `drop` in its middle, the corners' own move at its ends."""
        at = (self.points[ring] - self.points[ring].mean(axis=0)) @ self.axes[0]
        t = np.clip(2 * (at - at.min()) / (at.max() - at.min()) - 1, -1, 1)
        profile = (1 - t**2) ** LIP_ROUNDNESS
        down = (shape.down + shape.flatten * self._smile()) * t**2 + drop * profile
        return {int(v): self._pixels(shape.out * s / 1.0, d) for v, s, d in zip(ring, t, down, strict=True)}

    def _smile(self) -> float:
        """How far the corners stand above the middle of the lips, in mouth widths; 0 for a straight or sad mouth."""
        middle = (self.points[13] + self.points[14]) / 2
        corners = (self.points[78] + self.points[308]) / 2
        return max(float((middle - corners) @ self.axes[1]) / self.mouth_width, 0.0)

    def _chin_parts(self) -> dict[int, float]:
        start = int(np.flatnonzero(lm.OVAL == lm.CHIN)[0])
        sides = {int(lm.OVAL[start + s * k]): part for k, part in enumerate(JAW_LINE) for s in (-1, 1)}
        return {**sides, **CHIN_POINTS}

    def _pixels(self, across: float, down: float) -> Float:
        return np.asarray((across * self.axes[0] + down * self.axes[1]) * self.mouth_width)

    def _eye_pixels(self, down: float) -> Float:
        return np.asarray(down * self.axes[1] * self.eye_distance)


class _Graph:
    """The mesh with a fixed ring around it, and the bilaplacian on it."""

    def __init__(self, points: Float, triangles: NDArray[np.int16]) -> None:
        oval = points[lm.OVAL]
        ring = oval + RING_PART * (oval - points.mean(axis=0))
        self.count = len(points)
        self.ring = list(range(self.count, self.count + len(ring)))
        everywhere = np.concatenate([points, ring])
        edges = {(int(a), int(b)) for t in triangles for a, b in ((t[0], t[1]), (t[1], t[2]), (t[0], t[2]))}
        for k, v in enumerate(lm.OVAL):
            edges |= {(int(v), self.ring[k]), (int(v), self.ring[k - 1])}
        pairs = np.array(sorted(edges))
        weights = 1 / np.maximum(np.linalg.norm(everywhere[pairs[:, 0]] - everywhere[pairs[:, 1]], axis=1), 0.5)
        laplacian = np.zeros((len(everywhere), len(everywhere)))
        laplacian[pairs[:, 0], pairs[:, 1]] = laplacian[pairs[:, 1], pairs[:, 0]] = -weights
        laplacian[np.diag_indices_from(laplacian)] = -laplacian.sum(axis=1)
        scaled = laplacian / laplacian.diagonal()[:, None]
        self.bilaplacian = scaled.T @ scaled

    def interpolate(self, shapes: list[Move], still: list[int]) -> Float:
        """Displacements (shapes, 468, 2): prescribed ones exactly, the rest as smooth as can be.

        A point that any shape prescribes is at rest in the shapes that do not, so that one solution serves all.
        """
        total = len(self.bilaplacian)
        known = np.array(sorted({v for moves in shapes for v in moves} | set(still) | set(self.ring)))
        free = np.setdiff1d(np.arange(total), known)
        values = np.zeros((total, len(shapes), 2))
        for number, moves in enumerate(shapes):
            for vertex, move in moves.items():
                values[vertex, number] = move
        right = -self.bilaplacian[np.ix_(free, known)] @ values[known].reshape(len(known), -1)
        values[free] = np.linalg.solve(self.bilaplacian[np.ix_(free, free)], right).reshape(len(free), -1, 2)
        return np.asarray(values[: self.count].transpose(1, 0, 2))
