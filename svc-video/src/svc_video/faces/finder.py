"""Pictures in, faces out: the detector and the mesh together."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from svc_video.faces import landmarks as lm
from svc_video.faces import mesh
from svc_video.faces.detector import Detection, detect
from svc_video.faces.landmarks import Points, face_width
from svc_video.faces.net import Net
from svc_video.faces.person import PersonMask
from svc_video.faces.picture import Rgb
from troupe.wire.errors import NoFace

DATA = Path(__file__).parents[1] / "data"
MIN_PRESENCE = 0.5  # below this the mesh does not believe that the crop is a face
MIN_FACE_SIDE = 40  # pixels of the detector's box; less cannot be animated
MOVING = np.concatenate([lm.UPPER_LID_LEFT, lm.UPPER_LID_RIGHT, lm.UPPER_OUTER, lm.LOWER_OUTER])
OUTSIDE_PART = 0.02  # face widths by which those may lie outside: the network guesses them to a pixel or two
EDGE_PART = 0.06  # part of the face's box outside the picture before it is called cut off
NO_FACE = (
    "No face was found in the picture. Send a photo with one clear face: seen from the front, well lit, not covered, "
    "at least a fifth of the picture wide."
)


@dataclass(frozen=True, slots=True)
class Face:
    """One face: landmarks (478, 3) in pixels, the detector's box (x, y, width, height), how sure both networks are."""

    points: Points
    box: tuple[float, float, float, float]
    score: float
    presence: float


class FaceFinder:
    """Both networks, loaded once (20 ms) and shared by all threads."""

    def __init__(self, data: Path = DATA) -> None:
        self._detector = Net(data / "detector.npz")
        self._mesh = Net(data / "mesh.npz")
        self.triangles = self._mesh.extra["triangles"]  # (854, 3) of the first 468 landmarks
        self.person = PersonMask(data)

    def find_faces(self, rgb: Rgb) -> list[Face]:
        """All faces, the largest first. About 100 ms for one face."""
        faces = [self._face(rgb, detection) for detection in detect(self._detector, rgb)]
        return [face for face in faces if face.presence >= MIN_PRESENCE]

    def largest(self, rgb: Rgb) -> tuple[Face, list[str]]:
        """The largest face and notes for the caller; NoFace when there is none or it is too small."""
        detections = detect(self._detector, rgb)
        for detection in detections:
            face = self._face(rgb, detection)
            if face.presence >= MIN_PRESENCE:
                return face, _notes(rgb, face, len(detections))
        raise NoFace(NO_FACE)

    def landmarks(self, rgb: Rgb, near: Points) -> tuple[Points, float]:
        """Landmarks of a face that has moved only a little from `near`: for judging rendered frames."""
        return mesh.landmarks(self._mesh, rgb, mesh.region_of_points(near))

    def _face(self, rgb: Rgb, detection: Detection) -> Face:
        """Two passes: the second crop stands straight around what the first found."""
        first, presence = mesh.landmarks(self._mesh, rgb, mesh.region_of_box(detection.box, detection.eyes))
        if presence < MIN_PRESENCE:
            return Face(first, detection.box, detection.score, presence)
        points, presence = mesh.landmarks(self._mesh, rgb, mesh.region_of_points(first))
        return Face(points, detection.box, detection.score, presence)


def _notes(rgb: Rgb, face: Face, count: int) -> list[str]:
    x, y, width, height = face.box
    if max(width, height) < MIN_FACE_SIDE:
        raise NoFace(
            f"The only face is {int(width)} pixels wide; at least {MIN_FACE_SIDE} are needed. Crop closer to it."
        )
    notes = [f"{count} faces found, the largest is used"] if count > 1 else []
    _check_whole(rgb, face)
    inside_x = min(x + width, rgb.shape[1]) - max(x, 0)
    inside_y = min(y + height, rgb.shape[0]) - max(y, 0)
    if inside_x < width * (1 - EDGE_PART) or inside_y < height * (1 - EDGE_PART):
        notes.append("the face is cut off at the edge of the picture")
    return notes


def _check_whole(rgb: Rgb, face: Face) -> None:
    """NoFace where the picture's edge goes through an eye or the mouth: nothing could be animated there."""
    needed = face.points[MOVING, :2]
    slack = OUTSIDE_PART * face_width(face.points)
    height, width = rgb.shape[:2]
    edges = {
        "left": needed[:, 0].min() < -slack,
        "top": needed[:, 1].min() < -slack,
        "right": needed[:, 0].max() > width + slack,
        "bottom": needed[:, 1].max() > height + slack,
    }
    cut = [name for name, is_cut in edges.items() if is_cut]
    if cut:
        raise NoFace(
            f"The face is cut off at the {' and '.join(cut)} edge of the picture: both eyes and the whole mouth must "
            "be inside. Send a photo that shows the whole head."
        )
