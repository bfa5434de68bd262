"""A picture made ready to be animated: framed around the head, at the output's size, with its landmarks."""

import io
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.faces import landmarks as lm
from svc_video.faces.backdrop import composed
from svc_video.faces.finder import Face, FaceFinder
from svc_video.faces.picture import Rgb
from svc_video.faces.view import Box, View, framed
from svc_video.framing import USUAL_FRAMING, Framing
from troupe.wire.errors import InvalidArgument

VERSION = 2  # of the saved form
ARRAYS = ("picture", "points", "triangles", "person")  # of a PreparedFace
SIDES = (64, 2048)  # pixels an output may have per side
SIDEWAYS = 60.0  # degrees of the head beyond which the whole picture is taken to lie on its side
SHARP_SCALE = 2.5  # enlargement beyond which the portrait will look soft
SMALL_FACE = 90  # pixels from forehead to chin below which little is seen of the mouth
FOUND = 0.5  # of the face must be in the network's mask, else it has not understood the picture


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


def prepare(
    finder: FaceFinder, rgb: Rgb, size: tuple[int, int] = (512, 512), framing: Framing = USUAL_FRAMING
) -> PreparedFace:
    """Frames the largest face at (width, height); NoFace, InvalidArgument. About 200 ms; blocking."""
    width, height = size
    if not all(SIDES[0] <= n <= SIDES[1] and n % 2 == 0 for n in size):
        raise InvalidArgument(
            f"{width} x {height} pixels cannot be made: both sides are even and {SIDES[0]}..{SIDES[1]}."
        )
    rgb, face, notes = _upright(finder, rgb)
    view = framed(face.points, rgb.shape[:2], size, framing.aspect)
    points = view.moved(face.points)
    notes += _size_notes(points, view, framing)
    picture, known = view.cut(rgb)
    person, found = _person(finder, picture, points, known)
    if found:
        picture = composed(picture, person, framing.background)
    elif framing.background.kind != "keep":
        notes.append("the person could not be told from the background, which is kept as it is")
    return PreparedFace(picture, points, finder.triangles, person, tuple(notes))


def _upright(finder: FaceFinder, rgb: Rgb) -> tuple[Rgb, Face, list[str]]:
    """The picture, its largest face and notes; a picture that lies on its side is turned."""
    face, notes = finder.largest(rgb)
    turns = round(lm.head_roll(face.points) / 90)
    if abs(lm.head_roll(face.points)) > SIDEWAYS:
        rgb = np.ascontiguousarray(np.rot90(rgb, turns))
        face, notes = finder.largest(rgb)
        notes.append("the head lay on its side, the picture was turned upright")
    return rgb, face, notes


def _size_notes(points: lm.Points, view: View, framing: Framing) -> list[str]:
    if view.scale > SHARP_SCALE:
        return ["the face is small in the picture and will look soft; a larger picture looks better"]
    height = lm.face_height(points)
    if framing.aspect == "original" and height < SMALL_FACE:
        return [
            f"the face is only {height:.0f} pixels high in this frame: another aspect or a larger frame shows it better"
        ]
    return []


def _person(finder: FaceFinder, frame: Rgb, points: lm.Points, known: Box) -> tuple[NDArray[np.uint8], bool]:
    """The person in the frame, and whether one was understood. Where the frame is drawn out, so is the body below."""
    up, down, start, stop = known
    x, y = points[lm.NOSE_TIP, :2] - (start, up)
    seen = finder.person(frame[up:down, start:stop], (float(x), float(y)))
    mask = np.pad(seen, ((0, len(frame) - down), (start, frame.shape[1] - stop)), mode="edge")
    mask = np.pad(mask, ((up, 0), (0, 0)))  # nothing grows out of a head
    face = np.zeros_like(mask)
    cv2.fillConvexPoly(face, cv2.convexHull(np.round(points[lm.OVAL, :2]).astype(np.int32)), 255)
    found = float(mask[face > 0].mean()) > FOUND * 255 if face.any() else False
    return np.maximum(mask, face), found
