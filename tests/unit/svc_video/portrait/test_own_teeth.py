import numpy as np
import pytest

from svc_video.engines.portrait import own_teeth
from svc_video.engines.portrait.light import Light

WHITE, LIP = np.array([235.0, 230.0, 220.0]), np.array([190.0, 90.0, 90.0])
LIGHT = Light(WHITE, LIP, LIP, LIP * 0.1, side=0, contrast=1, softness=1, grain=0)
UNIT = 80.0


@pytest.fixture
def smile():
    """Lips, and a lens of teeth between them whose outline is half lip."""
    y, x = np.mgrid[0:70, 0:100]
    inside = 12 * (1 - ((x - 50) / 38) ** 2) - np.abs(y - 35)
    cover = np.clip(inside / 2, 0, 1)[..., None]
    return (LIP * (1 - cover) + WHITE * cover).astype(np.uint8), (inside > 0).astype(np.float32)


def test_the_teeth_that_are_seen_stay_as_they_are(smile):
    part, gap = smile
    colours, alpha = own_teeth.taken(part, gap, UNIT, LIGHT)
    np.testing.assert_allclose(colours[30:40, 40:60], part[30:40, 40:60], atol=2)
    assert alpha[30:40, 40:60].min() == 1


def test_the_lip_is_not_drawn_out(smile):
    part, gap = smile
    colours, _ = own_teeth.taken(part, gap, UNIT, LIGHT)
    assert colours[22:48, 45:56, 1].min() > 205  # above, at and below the gap's lines in its middle


def test_gum_is_above_and_nothing_is_far_below(smile):
    part, gap = smile
    colours, alpha = own_teeth.taken(part, gap, UNIT, LIGHT)
    np.testing.assert_allclose(colours[2, 40:60], np.tile(LIP * 0.95, (20, 1)), atol=1)
    assert alpha[:30].min() == 1
    assert alpha[55:].max() == 0


def test_columns_beyond_the_teeth_are_in_shadow(smile):
    part, gap = smile
    colours, _ = own_teeth.taken(part, gap, UNIT, LIGHT)
    assert colours[35, [3, 96]].max() < 0.5 * colours[35, 50].min()


def test_a_gap_too_thin_for_a_core_is_no_error(smile):
    part, gap = smile
    thin = np.where(np.abs(np.arange(70) - 35)[:, None] < 1, gap, 0).astype(np.float32)
    colours, _ = own_teeth.taken(part, thin, UNIT, LIGHT)
    assert colours[35, 50, 1] > 200
