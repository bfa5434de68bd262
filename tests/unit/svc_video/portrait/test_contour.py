import numpy as np
import pytest

from svc_video.engines.portrait.contour import Gap

GAP = Gap((0, 0), (40, 60), np.eye(2))
X = np.linspace(8, 52, 51)


def lines(opening):
    """Two lines around y = 20 that meet at their ends."""
    half = opening / 2 * (1 - ((X - 30) / 22) ** 2)
    return np.stack([X, 20 - half], axis=1), np.stack([X, 20 + half], axis=1)


@pytest.mark.parametrize("opening", [0.0, 0.001])
def test_lips_that_touch_have_nothing_between_them(opening):
    assert GAP.mask(*lines(opening), 0).max() < 0.01


@pytest.mark.parametrize("opening", [0.3, 2.0, 6.0, 15.0])
def test_the_mask_covers_as_much_as_the_gap(opening):
    mask = GAP.mask(*lines(opening), 0)
    area = opening * 44 * 2 / 3
    assert mask.sum() == pytest.approx(area, rel=0.03, abs=0.5)
    assert mask[:, :7].max() == mask[:, 54:].max() == 0


def test_a_gap_opens_without_a_leap():
    middles = [GAP.mask(*lines(v), 0.8)[17:24, 30].sum() for v in np.arange(0, 4, 0.1)]
    np.testing.assert_allclose(np.diff(middles), 0.1, atol=0.02)  # as much each time


def test_a_gap_in_two_parts_stays_closed_between_them():
    half = 3 * np.abs((X - 30) / 22) * (1 - ((X - 30) / 22) ** 2)
    upper, lower = np.stack([X, 20 - half], axis=1), np.stack([X, 20 + half], axis=1)
    mask = GAP.mask(upper, lower, 0)
    assert mask[:, 30].max() < 0.2
    assert mask[20, 18] == mask[20, 42] == 1


def test_a_rolled_face_has_the_same_gap():
    turn = np.radians(40)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    rolled = [(line - (30, 20)) @ axes + (40, 40) for line in lines(12)]
    mask = Gap((10, 5), (75, 70), axes).mask(*rolled, 0)
    assert mask.sum() == pytest.approx(GAP.mask(*lines(12), 0).sum(), rel=0.02)
    assert mask[40 - 5, 40 - 10] == 1


def test_a_gap_outside_the_canvas_is_cut_off():
    upper, lower = lines(10)
    assert GAP.mask(upper - (30, 0), lower - (30, 0), 1).shape == (40, 60)
    assert GAP.mask(upper - (0, -200), lower - (0, -200), 1).max() == 0
