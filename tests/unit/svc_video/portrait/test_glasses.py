import cv2
import numpy as np
import pytest

from svc_video.engines.portrait import blendshapes
from svc_video.engines.portrait.eyeshape import eye_shape
from svc_video.engines.portrait.params import FaceParams
from svc_video.engines.portrait.renderer import Renderer
from svc_video.faces import landmarks as lm
from svc_video.faces.glasses import wears_glasses
from svc_video.faces.portrait import prepare


def with_glasses(face):
    """The picture with dark rims drawn around both eyes and across the nose, and their mask."""
    unit = lm.eye_distance(face.points)
    mask = np.zeros(face.picture.shape[:2], np.uint8)
    centres = [lm.eye_centre(face.points, left=left) for left in (True, False)]
    half, thick = (int(0.4 * unit), int(0.3 * unit)), max(int(0.05 * unit), 2)
    for centre in centres:
        cv2.ellipse(mask, tuple(int(n) for n in centre), half, 0, 0, 360, 255, thick)
    ends = [(int(c[0] + s * half[0]), int(c[1])) for c, s in zip(centres, (1, -1), strict=True)]
    cv2.line(mask, *ends, 255, thick)
    picture = face.picture.copy()
    picture[mask > 0] = (25, 20, 20)
    return picture, mask > 0


@pytest.mark.parametrize("name", ["ada", "leo", "maya"])
@pytest.mark.parametrize("size", [256, 512, 1024])
def test_rims_are_seen_and_only_they(finder, prepared, name, size):
    face = prepare(finder, prepared[name].picture, (size, size))
    assert not wears_glasses(face.picture, face.points)
    assert wears_glasses(with_glasses(face)[0], face.points)


def test_rims_do_not_bend_with_a_blink(finder, prepared):
    picture, rims = with_glasses(prepared["ada"])
    face = prepare(finder, picture)
    frame = Renderer(face).render(FaceParams(blink_left=1, blink_right=1))
    off = np.abs(frame.astype(int) - picture).max(axis=2)
    assert off[rims].mean() < 1.5
    assert off[~rims].max() > 60


def test_light_on_a_lens_stays(prepared):
    picture, _ = with_glasses(prepared["ada"])
    face = prepared["ada"]
    shapes = blendshapes.solve(face.points, face.triangles)
    x, y = (face.points[159, :2] - (0, 0.1 * lm.eye_distance(face.points))).astype(int)
    picture[y - 2 : y + 2, x - 3 : x + 3] = 255
    shape = eye_shape(picture, shapes, left=True)
    assert shape.still[y - shape.region.top, x - shape.region.left] > 0.8
    bare = eye_shape(face.picture, shapes, left=True)
    assert bare.still.max() == 0
