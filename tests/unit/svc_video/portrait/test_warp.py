import numpy as np
import pytest

from svc_video.engines.portrait.contour import Rim, outline, spline_matrix
from svc_video.engines.portrait.warp import (
    Layer,
    Region,
    SplitWarp,
    _sample,
    below_line,
    polygon_mask,
    region_around,
    remapped,
    thin_plate,
)

REGION = Region(30, 12, 120, 96)


@pytest.fixture(scope="module")
def picture():
    y, x = np.mgrid[0:140, 0:200]
    return np.stack([x, y, x // 2 + y // 2], axis=-1).astype(np.uint8)


def layer(*moves):
    """One basis: the points around the region's middle move."""
    at = np.array([[90.0, 60.0], [80, 50], [100, 50], [80, 70], [100, 70]])
    return Layer(REGION, at, np.array([[move] * len(at) for move in moves], dtype=float))


def test_a_thin_plate_goes_through_its_points_and_keeps_planes():
    rng = np.random.default_rng(0)
    at = rng.uniform(0, 100, (30, 2))
    values = rng.normal(size=(30, 2))
    np.testing.assert_allclose(thin_plate(at, values, at, stiffness=0), values, atol=1e-6)
    plane = (at @ [2.0, -1.0])[:, None] + 3
    far = np.array([[150.0, -40.0]])
    np.testing.assert_allclose(thin_plate(at, plane, far, stiffness=0), [[343.0]], rtol=1e-6)


def test_the_inverse_finds_where_a_pixel_came_from():
    moving = layer((6.0, 9.0), (-4.0, 3.0))
    weights = np.array([1.0, 0.5])
    back = moving.backward(weights)
    forward = (weights.astype(np.float32) @ moving._bases).reshape(back.shape)
    middle = (slice(4, -4), slice(4, -4))
    nodes = REGION.nodes()
    rows, columns = nodes.shape[:2]
    source = nodes + back
    # push the found sources forward again: they must land on the nodes
    u = ((source - nodes[0, 0]) / REGION.step).clip(0, [columns - 1.001, rows - 1.001])
    low, part = u.astype(int), u % 1
    x, y, f, g = low[..., 0], low[..., 1], part[..., :1], part[..., 1:]
    top = forward[y, x] * (1 - f) + forward[y, x + 1] * f
    bottom = forward[y + 1, x] * (1 - f) + forward[y + 1, x + 1] * f
    landed = source + top * (1 - g) + bottom * g
    assert np.abs(landed - nodes)[middle].max() < 0.06


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sampling_is_bilinear_and_stops_at_the_edge(channels):
    """OpenCV 5.0.0 gives nonsense for some ways of calling remap: this is the one used here, spelled out."""
    rng = np.random.default_rng(channels)
    grid = rng.normal(size=(9, 14, channels)).astype(np.float32)
    at = rng.uniform(-2, 16, (9, 14, 2)).astype(np.float32)
    x, y = at[..., 0].clip(0, 13), at[..., 1].clip(0, 8)
    i, j = np.minimum(x.astype(int), 12), np.minimum(y.astype(int), 7)
    f, g = (x - i)[..., None], (y - j)[..., None]
    upper, lower = (grid[k, i] * (1 - f) + grid[k, i + 1] * f for k in (j, j + 1))
    expected = upper * (1 - g) + lower * g
    np.testing.assert_allclose(_sample(grid, at).reshape(expected.shape), expected, atol=0.08)


def test_remapped_pixels_are_bilinear(picture):
    source = np.stack(np.meshgrid(np.arange(40.0), np.arange(30.0)), axis=-1) + np.array([20.25, 10.5])
    out = remapped(picture, source.astype(np.float32))
    assert np.abs(out[..., 0].astype(float) - source[..., 0]).max() <= 1
    assert np.abs(out[..., 1].astype(float) - source[..., 1]).max() <= 1


def test_a_warp_moves_the_middle_and_not_the_border(picture):
    seam = np.array([[50.0, 60.0], [130, 60]])
    out = SplitWarp(REGION, layer((5.0, 0.0)), layer((5.0, 0.0))).apply(picture, np.array([1.0]), seam)
    rows, columns = REGION.part
    np.testing.assert_array_equal(out[0], picture[rows, columns][0])
    np.testing.assert_array_equal(out[:, -1], picture[rows, columns][:, -1])
    assert int(picture[60, 90, 0]) - int(out[60 - REGION.top, 90 - REGION.left, 0]) in (4, 5, 6)


def test_two_layers_meet_at_the_seam(picture):
    seam = np.array([[50.0, 60.0], [90, 60], [130, 60]])
    out = SplitWarp(REGION, layer((0.0, -8.0)), layer((0.0, 8.0))).apply(picture, np.array([1.0]), seam)
    column = out[:, 90 - REGION.left, 1].astype(int)
    assert column[60 - REGION.top - 3] > 60  # from below: the upper layer went up
    assert column[60 - REGION.top + 3] < 60


def test_no_weight_is_the_picture_itself(picture):
    seam = np.array([[50.0, 60.0], [130, 64]])
    out = SplitWarp(REGION, layer((0.0, -8.0)), layer((0.0, 8.0))).apply(picture, np.array([0.0]), seam)
    rows, columns = REGION.part
    assert np.abs(out.astype(int) - picture[rows, columns]).max() <= 1


def test_a_region_stays_inside_the_frame():
    region = region_around(np.array([[2.0, 3.0], [190, 130]]), (20, 20, 20, 20), (140, 200))
    assert (region.left, region.top) == (0, 0)
    assert region.left + region.width <= 200
    assert region.top + region.height <= 140
    assert region.width % region.step == region.height % region.step == 0


def test_a_region_of_a_larger_frame_has_no_more_nodes():
    small, large = (
        region_around(np.array([[50.0, 60], [250, 300]]) * s, (0, 0, 0, 0), (512 * s, 512 * s)) for s in (1, 2)
    )
    assert abs(small.nodes().shape[0] - large.nodes().shape[0]) <= 2


def test_masks_have_soft_edges_and_the_right_area():
    square = np.array([[10.0, 10.0], [30.0, 10.0], [30.0, 30.0], [10.0, 30.0]])
    mask = polygon_mask(square, (40, 40), 1.0)
    assert mask[20, 20] == 1
    assert mask[0, 0] == 0
    assert 400 < mask.sum() < 460
    half = below_line(np.array([[-100.0, 20.0], [100.0, 20.0]]), (40, 40))
    assert half[30].min() == 1
    assert half[10].max() == 0


def test_a_spline_goes_through_its_points_and_straight_lines_stay_straight():
    matrix = spline_matrix(9)
    values = np.random.default_rng(1).normal(size=9)
    np.testing.assert_allclose((matrix @ values)[::5], values, atol=1e-9)
    np.testing.assert_allclose(matrix @ np.arange(9.0), np.linspace(0, 8, 41), atol=1e-9)


@pytest.mark.parametrize(("yielding", "meeting"), [(0.5, 5.0), (0.0, 10.0)])
def test_a_rims_lines_never_cross(yielding, meeting):
    x = np.arange(5.0)
    upper, lower = (np.stack([x, np.full(5, y)], axis=1) for y in (0.0, 5.0))
    down = np.array([0.0, 1.0])
    rim = Rim((upper, lower), (np.full((1, 5, 2), (0, 10.0)), np.full((1, 5, 2), (0, -5.0))), down, yielding=yielding)
    above, below = rim.at(np.array([1.0]))
    np.testing.assert_allclose(above, below)
    np.testing.assert_allclose(above[:, 1], meeting)
    open_above, open_below = rim.at(np.array([0.0]))
    assert outline(open_above, open_below).shape == (2 * len(open_above) - 2, 2)
    np.testing.assert_allclose((open_below - open_above)[:, 1], 5)
