"""A picture made ready to be animated: framed around the head, at the output's size, with its landmarks."""

import io
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.faces import landmarks as lm
from svc_video.faces.finder import FaceFinder
from svc_video.faces.picture import Rgb
from troupe.wire.errors import InvalidArgument

Box = tuple[int, int, int, int]

VERSION = 2  # of the saved form
ARRAYS = ("picture", "points", "triangles", "person")  # of a PreparedFace
SIDES = (64, 2048)  # pixels an output may have per side
LOOSEST, TIGHTEST = 0.3, 0.72  # forehead to chin in frame heights; beyond the second the frame grows past the picture
PADDING_BLUR = 0.07  # frame heights; what lies outside the picture is its edge, drawn out and out of focus
SIDEWAYS = 60.0  # degrees of the head beyond which the whole picture is taken to lie on its side
EYE_LINE = 0.43  # where the eyes stand, in frame heights from the top
SHARP_SCALE = 2.5  # enlargement beyond which the portrait will look soft


@dataclass(frozen=True, slots=True, eq=False)
class PreparedFace:
    """A framed portrait; cheap to keep: the renderer computes everything else from it."""

    picture: Rgb  # (height, width, 3)
    points: lm.Points  # (478, 3) in pixels of `picture`
    triangles: NDArray[np.int16]  # (854, 3) of the first 468 points
    person: NDArray[np.uint8]  # (height, width): 255 = the person (head, hair, body), 0 = what is behind
    notes: tuple[str, ...] = ()  # what the caller should know

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.picture.shape[1])

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.picture.shape[0])

    def save(self, path: Path) -> None:
        """Writes one .npz file, whole or not at all."""
        beside = path.with_name(path.name + ".part")
        with beside.open("wb") as file:
            np.savez(
                file,
                version=np.array(VERSION),
                **{name: getattr(self, name) for name in ARRAYS},
                notes=np.frombuffer("\n".join(self.notes).encode(), dtype=np.uint8),
            )
        beside.replace(path)

    @classmethod
    def load(cls, path: Path) -> "PreparedFace":
        """What `save` wrote; ValueError for another version's file, which is then prepared anew."""
        with np.load(io.BytesIO(path.read_bytes())) as file:
            if int(file["version"]) != VERSION:
                raise ValueError(f"{path.name} was prepared by another version")
            text = file["notes"].tobytes().decode()
            picture, points, triangles, person = (file[name] for name in ARRAYS)
            return cls(picture, points, triangles, person, tuple(text.splitlines()))


def prepare(finder: FaceFinder, rgb: Rgb, size: tuple[int, int] = (512, 512)) -> PreparedFace:
    """Frames the largest face at (width, height); NoFace, InvalidArgument. About 100 ms; blocking."""
    width, height = size
    if not all(SIDES[0] <= n <= SIDES[1] and n % 2 == 0 for n in size):
        raise InvalidArgument(
            f"{width} x {height} pixels cannot be made: both sides are even and {SIDES[0]}..{SIDES[1]}."
        )
    face, notes = finder.largest(rgb)
    turns = round(lm.head_roll(face.points) / 90)
    if abs(lm.head_roll(face.points)) > SIDEWAYS:
        rgb = np.ascontiguousarray(np.rot90(rgb, turns))
        face, notes = finder.largest(rgb)
        notes.append("the head lay on its side, the picture was turned upright")
    left, top, scale = _framing(face.points, rgb.shape[:2], size)
    if scale > SHARP_SCALE:
        notes.append("the face is small in the picture and will look soft; a larger picture looks better")
    picture = _cut(rgb, left, top, scale, size)
    points = face.points * scale
    points[:, :2] -= (left * scale, top * scale)
    person = _person(finder, picture, points, _known(rgb.shape[:2], left, top, scale, size))
    return PreparedFace(picture, points, finder.triangles, person, tuple(notes))


def _known(picture: tuple[int, int], left: float, top: float, scale: float, size: tuple[int, int]) -> Box:
    """The part of the frame that the picture covers: rows from and to, columns from and to."""
    columns = (-left * scale, (picture[1] - left) * scale)
    rows = (-top * scale, (picture[0] - top) * scale)
    ends = [np.clip(span, 0, n) for span, n in ((rows, size[1]), (columns, size[0]))]
    (up, down), (start, stop) = ((int(np.ceil(a)), int(np.floor(b))) for a, b in ends)
    return up, down, start, stop


def _person(finder: FaceFinder, frame: Rgb, points: lm.Points, known: Box) -> NDArray[np.uint8]:
    """The person in the frame; where the frame is drawn out, so is the mask."""
    up, down, start, stop = known
    x, y = points[lm.NOSE_TIP, :2] - (start, up)
    mask = finder.person(frame[up:down, start:stop], (float(x), float(y)))
    return np.pad(mask, ((up, len(frame) - down), (start, frame.shape[1] - stop)), mode="edge")


def _framing(points: lm.Points, picture: tuple[int, int], size: tuple[int, int]) -> tuple[float, float, float]:
    """Left, top (pixels of the picture) and scale of the frame.

    The frame is the largest that fits into the picture, or a closer one around a small face.
    """
    face_height = float(np.linalg.norm(points[lm.CHIN, :2] - points[lm.FOREHEAD, :2]))
    largest = min(picture[0], picture[1] * size[1] / size[0])
    height = float(np.clip(largest, face_height / TIGHTEST, face_height / LOOSEST))
    width = height * size[0] / size[1]
    eyes = (lm.eye_centre(points, left=True) + lm.eye_centre(points, left=False)) / 2
    left = _inside(float(points[lm.OVAL, 0].mean()) - width / 2, width, picture[1])
    top = _inside(float(eyes[1]) - EYE_LINE * height, height, picture[0])
    return left, top, size[1] / height


def _inside(start: float, length: float, available: int) -> float:
    """The start moved so that the frame stays in the picture, or centred where it cannot."""
    if length > available:
        return start
    return min(max(start, 0.0), available - length)


def _cut(rgb: Rgb, left: float, top: float, scale: float, size: tuple[int, int]) -> Rgb:
    """The frame's pixels; what lies outside the picture is its edge drawn out, out of focus."""
    source, factor = rgb, 1.0
    if scale < 0.5:  # area-average first: the warp alone would alias
        factor = scale * 2
        source = np.asarray(cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))
    step = scale / factor
    shift = step / 2 - 0.5
    matrix = np.array([[step, 0, -left * scale + shift], [0, step, -top * scale + shift]])
    flags = cv2.INTER_AREA if scale == 1 else cv2.INTER_CUBIC
    drawn_out = cv2.warpAffine(source, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    frame = np.asarray(drawn_out, dtype=np.uint8)
    inside = np.full(source.shape[:2], 255, dtype=np.uint8)
    known = np.asarray(cv2.warpAffine(inside, matrix, size, flags=cv2.INTER_LINEAR), dtype=np.uint8)
    return frame if known.min() == 255 else _blurred_outside(frame, known)


def _blurred_outside(frame: Rgb, known: NDArray[np.uint8]) -> Rgb:
    """The frame with the pixels that are not known (0) blurred."""
    blur = PADDING_BLUR * len(frame)
    sharp = cv2.GaussianBlur(known, (0, 0), blur / 3).astype(np.float32)[..., None] / 255
    sharp = np.clip(2 * sharp - 1, 0, 1)
    soft = cv2.GaussianBlur(frame, (0, 0), blur).astype(np.float32)
    return np.round(frame * sharp + soft * (1 - sharp)).astype(np.uint8)
