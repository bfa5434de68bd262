import numpy as np
import pytest

from svc_video.engines.portrait import teeth
from svc_video.engines.portrait.light import LUMA, Light

ACROSS, DOWN = np.meshgrid(np.linspace(-1.2, 1.2, 481), np.linspace(-0.2, 0.6, 321))
ROW = int((0.02 + 0.2) / 0.8 * 320)  # 0.02 mouth widths below the lips' line


def lit(white=(230.0, 225.0, 215.0), side=0.0):
    white = np.array(white)
    flesh, lip, dark = white * (0.85, 0.45, 0.43), white * (0.8, 0.5, 0.5), white * 0.08
    return Light(white, flesh, lip, dark, side, contrast=1, softness=0.6, grain=0)


@pytest.mark.parametrize("paint", [teeth.upper_teeth, teeth.lower_teeth, teeth.tongue, teeth.tip])
def test_everything_takes_the_light(paint):
    colour, alpha = paint(ACROSS, DOWN, lit())
    dark, same = paint(ACROSS, DOWN, lit(white=(92.0, 90.0, 86.0)))
    warm, _ = paint(ACROSS, DOWN, lit(white=(230.0, 190.0, 150.0)))
    np.testing.assert_array_equal(alpha, same)
    there = alpha > 0.9
    assert (dark[there] @ LUMA).mean() == pytest.approx(0.4 * (colour[there] @ LUMA).mean(), rel=0.02)
    assert (warm[there][:, 2] / warm[there][:, 0]).mean() < 0.8 * (colour[there][:, 2] / colour[there][:, 0]).mean()


def test_the_upper_row_is_no_uniform_strip():
    colour, alpha = teeth.upper_teeth(ACROSS, DOWN, lit())
    luma = colour[ROW] @ LUMA
    middle, side = np.abs(ACROSS[0]) < 0.25, (np.abs(ACROSS[0]) > 0.75) & (np.abs(ACROSS[0]) < 0.9)
    assert luma[side].mean() < 0.8 * luma[middle].mean()  # the corridor
    edges = (alpha > 0.5).sum(axis=0)[middle | side]
    assert np.ptp(edges) >= 6  # rows of 1/400 mouth width
    assert not np.array_equal(alpha, alpha[:, ::-1])  # nobody's teeth are a mirror
    assert luma[middle].min() < 0.85 * luma[middle].max()  # the line between the two middle ones


def test_teeth_are_white_and_lit_from_their_side():
    for side in (-0.8, 0.0, 0.8):
        colour, _ = teeth.upper_teeth(ACROSS, DOWN, lit(side=side))
        left, right = (colour[ROW, columns] @ LUMA for columns in (slice(145, 230), slice(251, 336)))
        assert np.sign(round((right.mean() - left.mean()) / 5)) == np.sign(side)
    assert (colour[ROW, 250] > 0.8 * lit().white).all()


def test_cavity_is_darker_than_the_tongue_and_the_tongue_than_teeth():
    cavity = teeth.cavity(ACROSS, DOWN, lit())
    painted = [paint(ACROSS, DOWN, lit()) for paint in (teeth.tongue, teeth.upper_teeth)]
    tongue, row = ((colour[alpha > 0.9] @ LUMA).mean() for colour, alpha in painted)
    assert (cavity @ LUMA).mean() < 0.5 * tongue < 0.5 * row
