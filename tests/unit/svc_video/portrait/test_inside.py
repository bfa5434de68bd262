import numpy as np
import pytest

from svc_video.engines.portrait import blendshapes
from svc_video.engines.portrait.inside import Inside
from svc_video.engines.portrait.light import Light
from svc_video.engines.portrait.params import FaceParams

WHITE = np.array([220.0, 215.0, 205.0])
FLESH = WHITE * (0.85, 0.45, 0.43)


@pytest.fixture
def inside(mouths):
    """The inside of Ada's mouth in a light with the given softness and grain."""

    def make(softness=0.5, grain=0.0):
        mouth, picture, shapes = mouths["ada"]
        light = Light(WHITE, FLESH, FLESH, FLESH * 0.1, 0, 1, softness, grain)
        return Inside(picture, mouth._canvas, light, shapes, None), mouth._canvas

    return make


def test_lower_teeth_and_tongue_go_with_the_jaw_and_upper_teeth_stay(mouths):
    inside = mouths["ada"][0]._inside
    assert inside._move_front(0) is inside._upper
    middle = inside._upper.alpha.shape[1] // 2
    edges = []
    for jaw in (4, 12):  # pixels
        column = inside._draw_back(jaw * 3, 0)[:, middle].astype(float)
        edges.append(((column.min(axis=1) > 100).argmax(), (column[:, 0] > 90).argmax()))
    teeth, tongue = np.diff(edges, axis=0)[0]
    assert teeth == pytest.approx(0.88 * 8, abs=1)
    assert tongue == pytest.approx(0.52 * 8, abs=1.5)


def test_lips_roll_inwards_when_they_part(mouths):
    mouth = mouths["ada"][0]
    upper, lower = mouth._rim.at(blendshapes.mouth_weights(FaceParams(jaw=0.6)))
    mask = mouth._canvas.gap.mask(upper, lower, mouth._blur)
    flat, rolled = (mouth._inside.paint(mask, 10.0, 0.0, 0.0, parted).astype(int) for parted in (0.0, 100.0))
    middle = mask.shape[1] // 2
    rows = np.flatnonzero(mask[:, middle] > 0.5)
    change = np.abs(rolled - flat)[:, middle].max(axis=1)
    assert change[rows[-1]] > 8
    assert change[rows[len(rows) // 2]] == 0


def test_teeth_are_as_soft_and_as_grainy_as_the_picture(inside):
    sharp, soft, grainy = (inside(**p)[0]._upper for p in ({}, {"softness": 2.5}, {"grain": 5.0}))
    row = sharp.alpha.shape[0] // 3
    assert np.abs(np.diff(soft.alpha, axis=0)).max() < 0.6 * np.abs(np.diff(sharp.alpha, axis=0)).max()
    noise = grainy.pixels.astype(float) - sharp.pixels
    assert 2 < noise[:row].std() < 7
    np.testing.assert_allclose(noise[..., 0], noise[..., 1], atol=4)  # film grain is grey


def test_shadow_is_deepest_below_the_upper_lip(inside):
    made, canvas = inside()
    unit, down = canvas.unit, canvas.axes[1]
    mask = canvas.gap.mask(canvas.middle, canvas.middle + 0.25 * unit * down, 0)
    column = made._light(mask)[:, mask.shape[1] // 2]
    rows = np.flatnonzero(mask[:, mask.shape[1] // 2] > 0.5)
    assert column[rows[0]] < column[rows[-1]] < column[rows[len(rows) // 2]]
    assert 0.4 < column.min() < column.max() <= 1


def test_where_things_stand_is_rounded_so_that_they_are_drawn_once(inside):
    made, canvas = inside()
    mask = np.ones(canvas.shape, dtype=np.float32)
    first = made.paint(mask, 6.0, 0.5, 0.25, 10)
    np.testing.assert_array_equal(made.paint(mask, 6.04, 0.51, 0.26, 10), first)
    assert made._back.cache_info().hits == 1
    assert made.paint(mask, 8.0, 0.5, 0.25, 10).tobytes() != first.tobytes()


def test_the_tips_place_is_behind_the_upper_teeth(inside):
    made, canvas = inside()
    rest, raised = (made._draw_back(24, step).astype(int) for step in (0, 16))
    rows = np.flatnonzero(np.abs(raised - rest).max(axis=(1, 2)) > 20)
    top = (canvas.middle.mean(axis=0)[1] - canvas.region.top + 0.06 * canvas.unit).round()
    assert rows[0] == pytest.approx(top, abs=4)


def test_at_its_highest_the_tip_is_between_the_teeth(inside):
    made, canvas = inside()
    mask = np.ones(canvas.shape, dtype=np.float32)
    column = canvas.shape[1] // 2
    edge = round(canvas.middle[5, 1] - canvas.region.top + 0.065 * canvas.unit)
    behind, between = (made.paint(mask, 6.0, 0.0, tongue, 0)[edge, column].astype(int) for tongue in (0.85, 1.0))
    assert np.ptp(between) > np.ptp(behind) + 20  # flesh, no enamel
