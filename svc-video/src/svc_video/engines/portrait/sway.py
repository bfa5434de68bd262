"""The head's small moves: yaw, pitch, roll and shift as displacement fields that are nothing away from the head.

Notable choices:
- The head with its hair is stiff: all of it takes the whole move. The neck bends between chin and collar, the shoulders
  stand still, and the background gives way in a narrow band around the head, so nothing stretches like rubber.
- Where the head ends is told by the person mask; a picture without one has an ellipse in its place.
- The depth is the mesh's own inside the face and falls off around it; the head turns about an axis behind the face.
- Fields are sampled on a coarse grid once per portrait, summed per frame, and only the head's box is drawn anew.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.engines.portrait.params import FaceParams
from svc_video.engines.portrait.warp import Float, Mover, Pixels, Region, taken, thin_plate
from svc_video.faces import landmarks as lm

NODE_STEP = 12  # pixels between the nodes of the grid
MAX_TURN = 8.0  # degrees
MAX_SHIFT = 0.08  # face widths
AXIS_DEPTH = 0.42  # the axis behind the ears' plane, in face widths
HEAD_SCALE = (0.78, 0.71)  # half axes of the head with its hair, in face widths and face heights
BAND = 0.42  # face widths outside the head over which the background comes to rest
NECK = (-0.06, 0.5)  # face heights below the chin: from where the neck bends, and where it is at rest
EDGE_FADE = 0.1  # part of the frame over which everything comes to rest at its edge
STILL = 0.002  # a weight below this is rest
PERSON = 110  # mask values from here on are the person

Mask = NDArray[np.uint8]


class Sway:
    """Moves the head of one portrait."""

    def __init__(self, frame: tuple[int, int], points: lm.Points, person: Mask | None = None) -> None:
        """`frame` is (height, width) in pixels, `person` (height, width) is 0..255."""
        self._face_width = lm.face_width(points)
        weight = _head_weight(frame, points, person)
        self._region = _box(weight, frame)
        nodes = _nodes(self._region)
        inside = cv2.resize(weight[self._region.part], nodes.shape[1::-1], interpolation=cv2.INTER_AREA)
        self._fields = _fields(nodes, points, np.asarray(inside, dtype=np.float64)).astype(np.float32)
        self._shape = nodes.shape
        self._mover = Mover(self._region)

    def apply(self, picture: Pixels, params: FaceParams) -> Pixels:
        """Move the head in the picture, in place."""
        turns = np.radians(np.clip((params.yaw, params.pitch, params.roll), -MAX_TURN, MAX_TURN))
        shifts = np.clip((params.dx, params.dy), -MAX_SHIFT, MAX_SHIFT) * self._face_width
        weights = np.concatenate([turns, shifts]).astype(np.float32)
        moved = (weights @ self._fields).reshape(self._shape)
        picture[self._region.part] = taken(self._mover.near(picture), self._mover.source(-moved))
        return picture


def moves(params: FaceParams) -> bool:
    """Whether the head is anywhere but at rest."""
    return any((params.yaw, params.pitch, params.roll, params.dx, params.dy))


def _box(weight: NDArray[np.float32], frame: tuple[int, int]) -> Region:
    """The part of the frame that moves at all."""
    rows, columns = (np.flatnonzero((weight > STILL).any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return Region(0, 0, frame[1], frame[0])
    left, top = int(columns[0]), int(rows[0])
    return Region(left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top)


def _nodes(region: Region) -> Float:
    """Positions (rows, columns, 2) of the centres of the grid's cells, in the frame."""
    counts = (max(region.width // NODE_STEP, 4), max(region.height // NODE_STEP, 4))
    x, y = (
        (np.arange(count) + 0.5) * side / count - 0.5 + start
        for count, side, start in zip(counts, (region.width, region.height), (region.left, region.top), strict=True)
    )
    return np.stack(np.meshgrid(x, y), axis=-1)


def _fields(nodes: Float, points: lm.Points, head: Float) -> Float:
    """Displacements (5, nodes * 2) for one radian of yaw, pitch, roll and one pixel of each shift."""
    depth = (_relief(nodes, points) + AXIS_DEPTH * lm.face_width(points)) * head
    neck = points[lm.CHIN, :2] + 0.35 * (points[lm.CHIN, :2] - points[lm.NOSE_TIP, :2])
    around = nodes - neck
    zero = np.zeros_like(depth)
    fields = [
        (depth, zero),
        (zero, depth),
        (-around[..., 1] * head, around[..., 0] * head),
        (head, zero),
        (zero, head),
    ]
    return np.array([np.stack(field, axis=-1).ravel() for field in fields])


def _head_weight(frame: tuple[int, int], points: lm.Points, person: Mask | None) -> NDArray[np.float32]:
    """1 on the head, 0 away from it and at the frame's edge, smooth between, (height, width)."""
    y, x = np.mgrid[0 : frame[0], 0 : frame[1]].astype(np.float32)
    face, down = _upright(points)
    height = float(np.linalg.norm(points[lm.CHIN, :2] - points[lm.FOREHEAD, :2]))
    below = ((x - points[lm.CHIN, 0]) * down[0] + (y - points[lm.CHIN, 1]) * down[1]) / height
    neck = _smooth(np.asarray(1 - (below - NECK[0]) / (NECK[1] - NECK[0]), np.float32))
    head = _ellipse(frame, points, face, height)
    if person is not None:
        head |= _joined((person >= PERSON) & (neck > 0), head)
    away = cv2.distanceTransform((~head).astype(np.uint8), cv2.DIST_L2, 5)
    band = _smooth(1 - np.asarray(away, np.float32) / (BAND * lm.face_width(points)))
    edge = np.asarray(np.minimum(np.minimum(x, frame[1] - 1 - x), np.minimum(y, frame[0] - 1 - y)), np.float32)
    rest = _smooth(edge / (EDGE_FADE * min(frame)))
    soft = cv2.GaussianBlur(band * neck, (0, 0), 0.03 * lm.face_width(points))
    return np.asarray(soft * rest, dtype=np.float32)


def _upright(points: lm.Points) -> tuple[float, Float]:
    """Roll of the face in degrees clockwise, and the unit vector down it."""
    roll = lm.head_roll(points)
    angle = np.radians(roll)
    return roll, np.array([-np.sin(angle), np.cos(angle)])


def _ellipse(frame: tuple[int, int], points: lm.Points, roll: float, height: float) -> NDArray[np.bool_]:
    """Roughly the head with its hair."""
    _, down = _upright(points)
    centre = points[lm.OVAL, :2].mean(axis=0) - 0.12 * height * down
    half = (HEAD_SCALE[0] * lm.face_width(points), HEAD_SCALE[1] * height)
    out = np.zeros(frame, dtype=np.uint8)
    cv2.ellipse(out, (tuple(centre.tolist()), (2 * half[0], 2 * half[1]), roll), 1, -1)
    return np.asarray(out, dtype=np.bool_)


def _joined(person: NDArray[np.bool_], head: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The part of the person that hangs together with the head: somebody else's is none of ours."""
    _, labels = cv2.connectedComponents(person.astype(np.uint8))
    ours = np.unique(labels[head & person])
    return np.asarray(np.isin(labels, ours[ours > 0]))


def _smooth(part: NDArray[np.float32]) -> NDArray[np.float32]:
    part = np.clip(part, 0, 1)
    return np.asarray(part * part * (3 - 2 * part), dtype=np.float32)


def _relief(nodes: Float, points: lm.Points) -> Float:
    """Pixels by which the face stands out before the plane of the ears; zero around the head."""
    oval = points[lm.OVAL]
    ground = float(oval[:, 2].mean())
    ring = oval[:, :2] + 0.7 * (oval[:, :2] - oval[:, :2].mean(axis=0))
    chosen = np.unique(np.concatenate([np.arange(0, 468, 3), lm.OVAL]))
    at = np.concatenate([points[chosen, :2], ring]).astype(np.float64)
    height = np.concatenate([ground - points[chosen, 2], np.zeros(len(ring))])[:, None]
    flat = thin_plate(at, height, nodes.reshape(-1, 2), stiffness=1e-3).reshape(nodes.shape[:2])
    return np.clip(flat, -0.1 * lm.face_width(points), 0.6 * lm.face_width(points))
