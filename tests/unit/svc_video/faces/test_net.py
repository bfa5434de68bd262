import cv2
import numpy as np
import pytest

from svc_video.faces.finder import DATA
from svc_video.faces.net import KINDS, Net


@pytest.fixture(scope="module")
def rng():
    return np.random.default_rng(3)


def naive_conv(x, weight, bias, stride):
    """SAME padding as TensorFlow defines it, pixel by pixel."""
    size, kernel = x.shape[1], weight.shape[1]
    out_size = -(-size // stride)
    before = max((out_size - 1) * stride + kernel - size, 0) // 2
    out = np.zeros((1, out_size, out_size, weight.shape[0]))
    for row in range(out_size):
        for column in range(out_size):
            for i in range(kernel):
                for j in range(kernel):
                    y, z = row * stride + i - before, column * stride + j - before
                    if 0 <= y < size and 0 <= z < size:
                        out[0, row, column] += weight[:, i, j] @ x[0, y, z]
    return out + bias


@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (3, 2), (5, 2)])
def test_convolution_is_the_sum_it_should_be(rng, kernel, stride):
    x = rng.normal(size=(1, 7, 7, 3)).astype(np.float32)
    weight, bias = rng.normal(size=(4, kernel, kernel, 3)), rng.normal(size=4)
    out = KINDS["conv_2d"]({"stride": stride, "same": True}, x, weight, bias)
    np.testing.assert_allclose(out, naive_conv(x, weight, bias, stride), atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_convolution_keeps_channels_apart(rng, stride):
    x = rng.normal(size=(1, 8, 8, 3)).astype(np.float32)
    weight, bias = rng.normal(size=(1, 3, 3, 3)).astype(np.float32), rng.normal(size=3).astype(np.float32)
    whole = np.zeros((3, 3, 3, 3))
    for channel in range(3):
        whole[channel, :, :, channel] = weight[0, :, :, channel]
    out = KINDS["depthwise_conv_2d"]({"stride": stride, "same": True}, x, weight, bias)
    np.testing.assert_allclose(out, naive_conv(x, whole, bias, stride), atol=1e-5)


def test_max_pool_of_an_odd_side_ignores_the_padding():
    x = -np.arange(1, 10, dtype=np.float32).reshape(1, 3, 3, 1)
    out = KINDS["max_pool_2d"]({"stride": 2, "same": True}, x)
    assert out[0, :, :, 0].tolist() == [[-1, -3], [-7, -9]]


def test_doubling_is_bilinear_between_pixel_centres(rng):
    x = rng.normal(size=(1, 5, 4, 2)).astype(np.float32)
    out = KINDS["resize_bilinear"]({}, x, np.array([10, 8]))
    np.testing.assert_allclose(out[0], cv2.resize(x[0], (8, 10), interpolation=cv2.INTER_LINEAR), atol=1e-6)


def test_a_transposed_convolution_makes_each_pixel_a_square(rng):
    x, weight = rng.normal(size=(1, 2, 3, 4)), rng.normal(size=(1, 2, 2, 4))
    out = KINDS["convolution2dtransposebias"]({}, x, weight, np.array([0.5]))
    assert out.shape == (1, 4, 6, 1)
    for row, column in np.ndindex(4, 6):
        expected = x[0, row // 2, column // 2] @ weight[0, row % 2, column % 2] + 0.5
        assert out[0, row, column, 0] == pytest.approx(expected)


def test_the_mean_is_over_the_whole_map(rng):
    x = rng.normal(size=(1, 4, 4, 3))
    np.testing.assert_allclose(KINDS["average_pool_2d"]({}, x)[0, 0, 0], x[0].mean(axis=(0, 1)))


def test_the_activations_are_those_of_mobilenet():
    x = np.array([-100, -3, -1, 0, 1, 3, 100], np.float32)
    assert KINDS["hard_swish"]({}, x).tolist() == pytest.approx([0, 0, -1 / 3, 0, 2 / 3, 3, 100])
    np.testing.assert_allclose(KINDS["logistic"]({}, x)[[0, 3, 6]], [0, 0.5, 1], atol=1e-6)


def test_a_crop_through_the_identity_is_the_picture(rng):
    x = rng.normal(size=(1, 6, 6, 2)).astype(np.float32)
    out = KINDS["transformtensorbilinear"]({"size": 6}, x, np.eye(4, dtype=np.float32)[None])
    np.testing.assert_allclose(out, x, atol=1e-6)


def test_a_crop_outside_the_picture_is_zero(rng):
    x = rng.normal(size=(1, 6, 6, 2)).astype(np.float32)
    away = np.eye(4, dtype=np.float32)[None].copy()
    away[0, 0, 3] = 50
    assert not KINDS["transformtensorbilinear"]({"size": 6}, x, away).any()


def test_the_region_of_points_covers_them_turned():
    points = np.zeros((1, 4, 3), dtype=np.float32)
    points[0, :, :2] = [[10, 10], [20, 20], [14, 16], [16, 14]]  # a line at 45 degrees with some width
    op = {"left_rotation_idx": 0, "right_rotation_idx": 1, "subset_idxs": [0, 1, 2, 3], "target_rotation_radians": 0.0}
    op |= {"output_width": 16, "output_height": 16, "scale_x": 1.0, "scale_y": 1.0}
    matrix = KINDS["landmarks2transformmatrix"](op, points)[0]
    corners = np.array([[0, 8], [16, 8]]) @ matrix[:2, :2].T + matrix[:2, 3]
    np.testing.assert_allclose(corners, [[10, 10], [20, 20]], atol=1e-4)


def test_the_shipped_networks_use_known_operations_only():
    for name in ("detector", "mesh", "person"):
        net = Net(DATA / f"{name}.npz")
        assert {op["kind"] for op in net._ops} <= set(KINDS)
    assert Net(DATA / "mesh.npz").extra["triangles"].shape == (854, 3)
