"""The 478 points of the attention mesh by name. Left and right are those of the picture, not of the person.

The first 468 are MediaPipe's face mesh, then five of each iris. A lip or eye line runs from left to right and includes
both corners.
"""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]  # (478, 3): x and y in pixels, z in pixels towards the back

COUNT = 478
IRIS_LEFT, IRIS_RIGHT = 468, 473  # centres; four edge points follow each

# lips, from the skin to the gap: outer, semi-outer, semi-inner, inner
UPPER_LIP = np.array(
    [
        [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291],
        [76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306],
        [62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292],
        [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308],
    ]
)
LOWER_LIP = np.array(
    [
        [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291],
        [76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306],
        [62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292],
        [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308],
    ]
)
UPPER_INNER, LOWER_INNER = UPPER_LIP[3], LOWER_LIP[3]
UPPER_OUTER, LOWER_OUTER = UPPER_LIP[0], LOWER_LIP[0]

UPPER_LID_LEFT = np.array([33, 246, 161, 160, 159, 158, 157, 173, 133])
LOWER_LID_LEFT = np.array([33, 7, 163, 144, 145, 153, 154, 155, 133])
UPPER_LID_RIGHT = np.array([362, 398, 384, 385, 386, 387, 388, 466, 263])
LOWER_LID_RIGHT = np.array([362, 382, 381, 380, 374, 373, 390, 249, 263])

BROW_LEFT = np.array([70, 63, 105, 66, 107, 46, 53, 52, 65, 55])
BROW_RIGHT = np.array([336, 296, 334, 293, 300, 285, 295, 282, 283, 276])

NOSE_TIP, FOREHEAD, CHIN, NOSE_BASE = 1, 10, 152, 2
CHEEK_LEFT, CHEEK_RIGHT = 234, 454
# points that mirror each other on the hard parts of the head, left and right: what tells its yaw
MIRRORED = np.array([[33, 263], [61, 291], [234, 454], [127, 356], [93, 323], [50, 280]])
FRONTAL_PITCH = 8.0  # degrees by which the chin lies behind the forehead's edge in a head that looks straight ahead
# the outline of the face, clockwise from the top
OVAL = np.array(
    (
        *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
        *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
    )
)


def eye_distance(points: Points) -> float:
    """Pixels between the centres of the eyes: the unit of everything that moves."""
    return float(np.linalg.norm(eye_centre(points, left=False) - eye_centre(points, left=True)))


def eye_centre(points: NDArray[np.floating], *, left: bool) -> NDArray[np.float32]:
    """(x, y) midway between an eye's corners."""
    corners = [33, 133] if left else [362, 263]
    return np.asarray(points[corners, :2].mean(axis=0), dtype=np.float32)


def face_width(points: Points) -> float:
    """Pixels from ear to ear."""
    return float(np.linalg.norm(points[CHEEK_RIGHT, :2] - points[CHEEK_LEFT, :2]))


def face_height(points: Points) -> float:
    """Pixels from the forehead to the chin."""
    return float(np.linalg.norm(points[CHIN, :2] - points[FOREHEAD, :2]))


def mouth_width(points: Points) -> float:
    """Pixels between the corners of the mouth."""
    return float(np.linalg.norm(points[291, :2] - points[61, :2]))


def mouth_opening(points: Points) -> float:
    """The gap between the lips in units of the eye distance: the mean of its three middle columns."""
    columns = slice(4, 7)
    gaps = np.linalg.norm(points[LOWER_INNER[columns], :2] - points[UPPER_INNER[columns], :2], axis=1)
    return float(gaps.mean()) / eye_distance(points)


def eye_opening(points: Points, *, left: bool) -> float:
    """The gap between the lids over the eye's width."""
    upper, lower = (UPPER_LID_LEFT, LOWER_LID_LEFT) if left else (UPPER_LID_RIGHT, LOWER_LID_RIGHT)
    gaps = np.linalg.norm(points[upper[2:7], :2] - points[lower[2:7], :2], axis=1)
    return float(gaps.mean() / np.linalg.norm(points[upper[-1], :2] - points[upper[0], :2]))


def head_roll(points: Points) -> float:
    """Degrees by which the line of the eyes is turned, clockwise as seen."""
    across = eye_centre(points, left=False) - eye_centre(points, left=True)
    return float(np.degrees(np.arctan2(across[1], across[0])))


def head_axes(points: Points) -> NDArray[np.float64]:
    """The head's own axes (3, 3) in the picture's x, y and z: across, down and into the head, unit vectors.

    The eyes' line is where `across` is seen, whatever the head does (orthographic view); its depth comes from the
    mesh's mirrored pairs. For a head that looks straight out of the picture this is the identity.
    """
    pairs = points[MIRRORED].astype(np.float64)
    wide = (pairs[:, 1] - pairs[:, 0]).sum(axis=0)
    yaw = np.arctan2(wide[2], np.linalg.norm(wide[:2]))
    seen = (eye_centre(points, left=False) - eye_centre(points, left=True)).astype(np.float64)
    across = np.append(np.cos(yaw) * seen / np.linalg.norm(seen), np.sin(yaw))
    tall = (points[CHIN] - points[FOREHEAD]).astype(np.float64)
    tall -= (tall @ across) * across
    tall /= np.linalg.norm(tall)
    back = np.cross(across, tall)
    tilt = np.radians(FRONTAL_PITCH)
    down = np.cos(tilt) * tall - np.sin(tilt) * back
    return np.stack([across, down, np.cross(across, down)])


def head_pose(points: Points) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees, signed as in FaceParams: nose to the right, nose down, clockwise as seen.

    Frontal photos measure within about 8 degrees of pitch 0: foreheads differ. Yaw is good to 2 or 3 degrees.
    """
    across, down, _ = head_axes(points)
    yaw, pitch = (np.degrees(np.arcsin(np.clip(axis[2], -1, 1))) for axis in (across, down))
    return float(yaw), float(pitch), float(np.degrees(np.arctan2(across[1], across[0])))
