import cv2
import numpy as np
import pytest

from svc_video.engines.portrait import light
from svc_video.engines.portrait.light import LUMA


@pytest.fixture
def measured(prepared, shapes):
    def measure(change=lambda picture: picture, name="ada"):
        changed = np.clip(change(prepared[name].picture.astype(np.float64)), 0, 255).round().astype(np.uint8)
        return light.measure(changed, shapes[name])

    return measure


def test_a_dark_picture_has_dark_light(measured):
    usual, dark = measured(), measured(lambda p: p * 0.4)
    assert dark.white @ LUMA == pytest.approx(0.4 * (usual.white @ LUMA), rel=0.08)
    assert dark.flesh @ LUMA < 0.5 * (usual.flesh @ LUMA)


def test_a_warm_picture_has_warm_light_and_a_cool_one_cool_light(measured):
    warm, usual, cool = (measured(lambda p, g=gain: p * g) for gain in ((1, 0.85, 0.65), (1, 1, 1), (0.8, 0.9, 1)))
    assert warm.white[2] / warm.white[0] < 0.85 * usual.white[2] / usual.white[0]
    assert cool.white[2] / cool.white[0] > 1.04 * usual.white[2] / usual.white[0]


def test_a_grey_picture_has_no_colours(measured):
    grey = measured(lambda p: np.repeat((p @ LUMA)[..., None], 3, axis=2))
    for colour in (grey.white, grey.flesh, grey.lip):
        assert np.ptp(colour) < 6


def test_the_side_of_the_light_is_seen(measured):
    ramp = np.linspace(0.5, 1, 512)[None, :, None]
    left, usual, right = (measured(lambda p, r=r: p * r).side for r in (ramp[:, ::-1], 0.7, ramp))
    assert left < usual - 0.1
    assert right > usual + 0.1


def test_softness_and_grain_are_those_of_the_picture(measured):
    noise = np.random.default_rng(0).normal(0, 6, (512, 512, 1))
    clean, soft, grainy = measured(), measured(lambda p: cv2.GaussianBlur(p, (0, 0), 2)), measured(lambda p: p + noise)
    assert clean.grain < 0.2
    assert grainy.grain > 2
    assert soft.softness > clean.softness + 0.8


def test_a_face_without_edges_and_light_is_no_error(measured):
    black = measured(lambda p: p * 0)
    assert np.isfinite([black.side, black.contrast, black.softness, black.grain, *black.white, *black.dark]).all()


@pytest.mark.parametrize("name", ["ada", "kenji", "leo", "maya"])
def test_white_is_white_on_every_skin(measured, name):
    """Brown skin is not a lamp's colour."""
    white = measured(name=name).white
    assert white @ LUMA > 165
    assert white[2] > 0.8 * white[0]
