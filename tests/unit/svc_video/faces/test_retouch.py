import numpy as np
import pytest

from svc_video.faces.retouch import easier, evenly_lit, without_strokes


def test_a_dark_picture_gets_the_contrast_of_a_photo():
    dark = (np.linspace(0, 20, 200 * 300).reshape(200, 300, 1) * np.ones(3)).astype(np.uint8)
    assert evenly_lit(dark).std() > 2 * dark.std()


def test_colours_stay_what_they_are():
    grain = np.random.default_rng(0).normal(0, 12, (120, 120, 1))
    red = np.clip(np.array([150, 60, 60]) + grain, 0, 255).astype(np.uint8)
    lit = evenly_lit(red).astype(int)
    assert np.median(lit[..., 0] - lit[..., 1]) > 60


def test_print_dots_become_a_tone():
    dots = np.zeros((1400, 1400, 3), dtype=np.uint8)
    dots[::4, ::4] = dots[1::4, ::4] = 255
    assert without_strokes(dots)[100:-100, 100:-100].std() < 3


@pytest.mark.parametrize("shape", [(64, 64, 3), (90, 1600, 3)])
def test_the_picture_comes_first_and_all_have_its_size(shape):
    picture = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    tried = list(easier(picture))
    assert tried[0] is picture
    assert len(tried) == 3
    assert all(t.shape == shape and t.dtype == np.uint8 for t in tried)
