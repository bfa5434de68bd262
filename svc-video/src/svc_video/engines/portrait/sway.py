"""The head's small moves: yaw, pitch, roll and shift as displacement fields that vanish at the frame's edge.

The depth is the mesh's own inside the face and falls off around it; the head turns about an axis behind the face.
Fields are sampled on a coarse grid once per portrait and summed per frame.
"""

import cv2
import numpy as np

from svc_video.engines.portrait.params import FaceParams
from svc_video.engines.portrait.warp import Float, Map, Pixels, remapped, thin_plate
from svc_video.faces import landmarks as lm

NODES = 41  # per side of the frame
MAX_TURN = 8.0  # degrees
MAX_SHIFT = 0.08  # face widths
AXIS_DEPTH = 0.42  # the axis behind the ears' plane, in face widths
HEAD_SCALE = (0.78, 0.98)  # half axes of the head with its hair, in face widths and face heights
EDGE_FADE = 0.1  # part of the frame over which everything comes to rest


class Sway:
    """Moves a whole frame of one portrait."""

    def __init__(self, frame: tuple[int, int], points: lm.Points) -> None:
        """`frame` is (height, width) in pixels."""
        self._size = frame[::-1]
        nodes = _nodes(frame)
        self._fields = _fields(nodes, points, frame).astype(np.float32)
        self._shape = nodes.shape
        self._face_width = lm.face_width(points)
        x, y = np.meshgrid(np.arange(frame[1], dtype=np.float32), np.arange(frame[0], dtype=np.float32))
        self._pixels: Map = np.stack([x, y], axis=-1)

    def apply(self, picture: Pixels, params: FaceParams) -> Pixels:
        """The picture with its head moved; a new array."""
        turns = np.radians(np.clip((params.yaw, params.pitch, params.roll), -MAX_TURN, MAX_TURN))
        shifts = np.clip((params.dx, params.dy), -MAX_SHIFT, MAX_SHIFT) * self._face_width
        weights = np.concatenate([turns, shifts]).astype(np.float32)
        moved = (weights @ self._fields).reshape(self._shape)
        full = cv2.resize(moved, self._size, interpolation=cv2.INTER_LINEAR)
        source = np.subtract(self._pixels, full, out=np.asarray(full))
        return np.asarray(remapped(picture, source))


def moves(params: FaceParams) -> bool:
    """Whether the head is anywhere but at rest."""
    return any((params.yaw, params.pitch, params.roll, params.dx, params.dy))


def _nodes(frame: tuple[int, int]) -> Float:
    """Positions (NODES, NODES, 2) of cell centres over the frame."""
    y, x = ((np.arange(NODES) + 0.5) * side / NODES - 0.5 for side in frame)
    return np.stack(np.meshgrid(x, y), axis=-1)


def _fields(nodes: Float, points: lm.Points, frame: tuple[int, int]) -> Float:
    """Displacements (5, nodes * 2) for one radian of yaw, pitch, roll and one pixel of each shift."""
    head = _head_weight(nodes, points, frame)
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


def _head_weight(nodes: Float, points: lm.Points, frame: tuple[int, int]) -> Float:
    """1 on the head, 0 at the frame's edge, smooth between."""
    oval = points[lm.OVAL, :2].astype(np.float64)
    height = float(np.linalg.norm(points[lm.CHIN, :2] - points[lm.FOREHEAD, :2]))
    half = np.array([HEAD_SCALE[0] * lm.face_width(points), HEAD_SCALE[1] * height * 0.72])
    centre = oval.mean(axis=0) - (0, 0.12 * height)
    outside = np.maximum(np.linalg.norm((nodes - centre) / half, axis=-1) - 1, 0) * half.min()
    far = np.array(frame[::-1], dtype=np.float64)
    edge = np.minimum(nodes, far - 1 - nodes).min(axis=-1)
    ratio = edge / (edge + outside + 1e-6)
    rest = np.clip(edge / (EDGE_FADE * far.min()), 0, 1)
    return np.asarray(ratio * ratio * (3 - 2 * ratio) * rest * rest * (3 - 2 * rest))


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
