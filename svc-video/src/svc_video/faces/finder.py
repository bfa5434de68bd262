"""Pictures in, faces out: the detector and the mesh together."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from svc_video.faces import landmarks as lm
from svc_video.faces import mesh
from svc_video.faces.detector import TILINGS, Detection, looks, sureness
from svc_video.faces.landmarks import Points, eye_distance, face_width, head_pose
from svc_video.faces.net import Net
from svc_video.faces.person import PersonMask
from svc_video.faces.picture import Rgb
from svc_video.faces.retouch import easier
from troupe.wire.errors import NoFace

DATA = Path(__file__).parents[1] / "data"
MIN_PRESENCE = 0.5  # below this the mesh does not believe that the crop is a face
SURE, SURE_RETOUCHED = 0.7, 0.74  # of three closer looks: the middle score; textures reach 0.69
SURE_AT_ONCE = 0.86  # the detector's score beyond which closer looks are spared
SETTLED = 0.07  # eye distances that the points may go from one pass to the next; faces measure 0.01 to 0.05
MOST_PASSES = 3
MOST_FACES = 8  # of one look, the largest ones
TURNED, TURNED_AWAY = 30.0, 45.0  # degrees of yaw that are worth a note, and that cannot be animated
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
        """All faces, the largest first. About 250 ms for one face; seconds where there is none."""
        return self._search(rgb)

    def largest(self, rgb: Rgb) -> tuple[Face, list[str]]:
        """The largest face and notes for the caller; NoFace when none is found, or it is too small, cut or turned."""
        faces = self._search(rgb)
        if not faces:
            raise NoFace(NO_FACE)
        return faces[0], _notes(rgb, faces[0], len(faces))

    def landmarks(self, rgb: Rgb, near: Points) -> tuple[Points, float]:
        """Landmarks of a face that has moved only a little from `near`: for judging rendered frames."""
        return mesh.landmarks(self._mesh, rgb, mesh.region_of_points(near))

    def _search(self, rgb: Rgb) -> list[Face]:
        """The faces of the first look that finds one, in the picture itself or, failing that, in a retouched one."""
        for tried, picture in enumerate(easier(rgb)):
            enough, tilings = (SURE_RETOUCHED, 1) if tried else (SURE, len(TILINGS))
            for found in looks(self._detector, picture, tilings):
                faces = [self._face(picture, detection, enough) for detection in found[:MOST_FACES]]
                if seen := [face for face in faces if face]:
                    return seen
        return []

    def _face(self, rgb: Rgb, detection: Detection, enough: float) -> Face | None:
        """The landmarks of a detection, or None where it is no face.

        Each pass crops around what the last one found. On a face they settle at once; on a texture they wander.
        """
        points, _ = mesh.landmarks(self._mesh, rgb, mesh.region_of_box(detection.box, detection.eyes))
        for _ in range(MOST_PASSES):
            last = points
            points, presence = mesh.landmarks(self._mesh, rgb, mesh.region_of_points(last))
            if presence < MIN_PRESENCE:
                return None
            if _wandered(points, last) <= SETTLED:
                break
        else:
            return None
        if detection.score < SURE_AT_ONCE and sureness(self._detector, rgb, detection) < enough:
            return None
        points, presence = mesh.steady_landmarks(self._mesh, rgb, mesh.region_of_points(points))
        return Face(points, detection.box, detection.score, presence)


def _wandered(points: Points, last: Points) -> float:
    """How far the points went on average, in eye distances."""
    return float(np.linalg.norm(points[:, :2] - last[:, :2], axis=1).mean()) / max(eye_distance(points), 1.0)


def _notes(rgb: Rgb, face: Face, count: int) -> list[str]:
    x, y, width, height = face.box
    if max(width, height) < MIN_FACE_SIDE:
        raise NoFace(
            f"The only face is {int(width)} pixels wide; at least {MIN_FACE_SIDE} are needed. Crop closer to it."
        )
    notes = [f"{count} faces found, the largest is used"] if count > 1 else []
    _check_whole(rgb, face)
    yaw = abs(round(head_pose(face.points)[0]))
    if yaw > TURNED_AWAY:
        raise NoFace(
            f"The head is turned away by about {yaw} degrees; at most {int(TURNED_AWAY)} can be animated. Send a photo "
            "that shows the face from the front."
        )
    if yaw > TURNED:
        notes.append(f"the head is turned by about {yaw} degrees; a frontal picture looks better")
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
