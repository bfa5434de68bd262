import cv2
import numpy as np
import pytest

from svc_video.faces import landmarks as lm
from svc_video.faces.glasses import wears_glasses


def with_glasses(rgb, points, colour):
    """Two round rims and the bridge between them, drawn on the picture."""
    worn = rgb.copy()
    unit = lm.eye_distance(points)
    centres = [lm.eye_centre(points, left=left) for left in (True, False)]
    for x, y in centres:
        cv2.circle(worn, (round(x), round(y)), round(unit * 0.36), colour, round(unit * 0.05), cv2.LINE_AA)
    (ax, ay), (bx, by) = centres
    start, end = (round(ax + unit * 0.35), round(ay)), (round(bx - unit * 0.35), round(by))
    cv2.line(worn, start, end, colour, round(unit * 0.05), cv2.LINE_AA)
    return worn


@pytest.mark.parametrize("name", ["ada", "leo", "maya"])
def test_bare_faces_wear_none(finder, avatars, name):
    assert not wears_glasses(avatars[name], finder.largest(avatars[name])[0].points)


@pytest.mark.parametrize("name", ["ada", "leo"])
@pytest.mark.parametrize("colour", [(30, 26, 22), (120, 30, 40)])
@pytest.mark.parametrize("angle", [0, 20])
def test_drawn_glasses_are_seen(finder, avatars, name, colour, angle):
    worn = with_glasses(avatars[name], finder.largest(avatars[name])[0].points, colour)
    turn = cv2.getRotationMatrix2D((512, 512), -angle, 1)
    turned = np.asarray(cv2.warpAffine(worn, turn, (1024, 1024), borderMode=cv2.BORDER_REPLICATE))
    assert wears_glasses(turned, finder.largest(turned)[0].points)
