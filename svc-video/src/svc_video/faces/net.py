"""Runs the three small networks with numpy alone: an op list and fp16 arrays in one .npz file.

Notable choices: activations are NHWC float32 with a batch of one; a convolution is im2col and one matrix product; a
depthwise one is a sum of shifted products; tensors are named by their numbers in the original file. The attention mesh
has three ops of its own (Grishchenko et al. 2020, "Attention Mesh"), whose meaning is that of MediaPipe's.
The files are made by tools/export_face_models.py.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Op = Mapping[str, Any]


class Net:
    """One network, ready to run. Safe to share between threads: it holds constants only."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            plan = json.loads(file["plan"].tobytes())
            self.extra = {name: file[name] for name in file.files if name != "plan" and name[1:].isdigit() is False}
            stored = {int(name[1:]): file[name] for name in file.files if name[1:].isdigit()}
        self._ops: list[Op] = plan["ops"]
        self._outputs: dict[str, int] = plan["outputs"]
        self._input: int = plan["input"]
        self._constants: dict[int, Array] = {
            number: value.astype(np.float32) if value.dtype == np.float16 else value for number, value in stored.items()
        }

    def __call__(self, image: Array) -> dict[str, Array]:
        """Output tensors by name for one image (1, H, W, 3) float32."""
        tensors = {**self._constants, self._input: image}
        for op in self._ops:
            tensors[op["out"]] = KINDS[op["kind"]](op, *(tensors[i] for i in op["in"]))
        return {name: tensors[number] for name, number in self._outputs.items()}

    def op_options(self, kind: str) -> list[Op]:
        """The options of every op of a kind, in order: the mesh's point lists live there."""
        return [op for op in self._ops if op["kind"] == kind]


def _padded(x: Array, kernel: int, stride: int, fill: float = 0.0) -> Array:
    """X with TensorFlow's SAME padding: the odd pixel goes below and to the right."""
    height, width = x.shape[1:3]
    down = max((-(-height // stride) - 1) * stride + kernel - height, 0)
    right = max((-(-width // stride) - 1) * stride + kernel - width, 0)
    edges = ((0, 0), (down // 2, down - down // 2), (right // 2, right - right // 2), (0, 0))
    return np.pad(x, edges, constant_values=fill) if down or right else x


def _conv(op: Op, x: Array, weight: Array, bias: Array) -> Array:
    out, kernel = weight.shape[0], weight.shape[1]
    stride = op["stride"]
    if kernel == 1 and stride == 1:
        return np.asarray(x @ weight.reshape(out, -1).T + bias)
    x = _padded(x, kernel, stride) if op["same"] else x
    windows = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(1, 2))[:, ::stride, ::stride]
    columns = windows.transpose(0, 1, 2, 4, 5, 3)  # (1, h, w, kernel, kernel, C)
    shape = columns.shape[:3]
    flat = columns.reshape(shape[1] * shape[2], -1) @ weight.reshape(out, -1).T + bias
    return np.asarray(flat.reshape(*shape, out))


def _depthwise(op: Op, x: Array, weight: Array, bias: Array) -> Array:
    kernel, stride = weight.shape[1], op["stride"]
    x = _padded(x, kernel, stride) if op["same"] else x
    height, width = x.shape[1] - kernel + 1, x.shape[2] - kernel + 1
    total = np.broadcast_to(bias, (1, -(-height // stride), -(-width // stride), x.shape[3])).astype(np.float32)
    part = np.empty_like(total)
    for i in range(kernel):
        for j in range(kernel):
            np.multiply(x[:, i : i + height : stride, j : j + width : stride], weight[0, i, j], out=part)
            total += part
    return total


def _max_pool(op: Op, x: Array) -> Array:
    stride = op["stride"]
    x = _padded(x, stride, stride, fill=-np.inf)
    _, height, width, channels = x.shape
    return np.asarray(x.reshape(1, height // stride, stride, width // stride, stride, channels).max(axis=(2, 4)))


def _global_mean(_op: Op, x: Array) -> Array:
    """An average pool over the whole map: the networks have no other."""
    return np.asarray(x.mean(axis=(1, 2), keepdims=True))


def _doubled(_op: Op, x: Array, _size: Array) -> Array:
    """Twice the height and width, bilinear: each new pixel is 3/4 its own and 1/4 its neighbour's."""
    for axis in (1, 2):
        edges = [(1, 1) if i == axis else (0, 0) for i in range(4)]
        wide = np.pad(x, edges, mode="edge")
        own = x * np.float32(0.75)
        before, after = (np.take(wide, range(i, i + x.shape[axis]), axis) * np.float32(0.25) for i in (0, 2))
        shape = [n * 2 if i == axis else n for i, n in enumerate(x.shape)]
        x = np.stack((own + before, own + after), axis=axis + 1).reshape(shape)
    return x


def _spread(_op: Op, x: Array, weight: Array, bias: Array) -> Array:
    """A transposed convolution whose stride is its kernel: every pixel becomes a small square."""
    out, kernel, _, channels = weight.shape
    _, height, width, _ = x.shape
    squares = (x.reshape(-1, channels) @ weight.reshape(-1, channels).T).reshape(height, width, out, kernel, kernel)
    return np.asarray(squares.transpose(0, 3, 1, 4, 2).reshape(1, height * kernel, width * kernel, out) + bias)


def _sigmoid(_op: Op, x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -80, 80))))


def _hard_swish(_op: Op, x: Array) -> Array:
    return np.asarray(x * np.clip(x + 3, 0, 6) / 6, dtype=np.float32)


def _prelu(_op: Op, x: Array, slope: Array) -> Array:
    return np.asarray(np.maximum(x, 0) + slope * np.minimum(x, 0))


def _pad(_op: Op, x: Array, edges: Array) -> Array:
    return np.pad(x, [(int(a), int(b)) for a, b in edges])


def _slice(_op: Op, x: Array, begin: Array, end: Array, step: Array) -> Array:
    return x[tuple(slice(int(b), int(e), int(s)) for b, e, s in zip(begin, end, step, strict=True))]


def _region_matrix(op: Op, landmarks: Array) -> Array:
    """4x4 matrix from a grid of the output's size to the rotated box around some of the landmarks (1, 468, 3)."""
    left, right = landmarks[0, op["left_rotation_idx"]], landmarks[0, op["right_rotation_idx"]]
    angle = np.arctan2(right[1] - left[1], right[0] - left[0]) - op["target_rotation_radians"]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    upright = landmarks[0, op["subset_idxs"], :2] @ turn
    low, high = upright.min(axis=0), upright.max(axis=0)
    size = np.array([op["output_width"], op["output_height"]])
    scale = np.array([op["scale_x"], op["scale_y"]]) * (high - low) / size
    matrix = np.eye(4, dtype=np.float32)
    matrix[:2, :2] = turn * scale
    matrix[:2, 3] = turn @ ((low + high) / 2) - matrix[:2, :2] @ (size / 2)
    return matrix[None]


def _crop(op: Op, x: Array, matrix: Array) -> Array:
    """A bilinear crop (1, size, size, C) of the features x through the matrix; zero outside."""
    size = op["size"]
    at = np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=-1) + 0.5  # (y, x, 2): x first
    where = at @ matrix[0, :2, :2].T + matrix[0, :2, 3] - 0.5
    height, width = x.shape[1:3]
    inside = np.asarray(((where >= 0) & (where <= (width - 1, height - 1))).all(axis=-1))
    low = np.clip(np.floor(where).astype(int), 0, (width - 2, height - 2))
    part = (where - low)[..., None].astype(np.float32)
    column, row = low[..., 0], low[..., 1]
    upper = x[0, row, column] * (1 - part[..., 0, :]) + x[0, row, column + 1] * part[..., 0, :]
    lower = x[0, row + 1, column] * (1 - part[..., 0, :]) + x[0, row + 1, column + 1] * part[..., 0, :]
    return np.asarray(((upper * (1 - part[..., 1, :]) + lower * part[..., 1, :]) * inside[..., None])[None])


def _move_points(_op: Op, points: Array, matrix: Array) -> Array:
    return np.asarray(points @ matrix[0, :2, :2].T + matrix[0, :2, 3])


KINDS: Mapping[str, Callable[..., Array]] = {
    "conv_2d": _conv,
    "depthwise_conv_2d": _depthwise,
    "max_pool_2d": _max_pool,
    "average_pool_2d": _global_mean,
    "resize_bilinear": _doubled,
    "convolution2dtransposebias": _spread,
    "logistic": _sigmoid,
    "hard_swish": _hard_swish,
    "prelu": _prelu,
    "relu": lambda _op, x: np.maximum(x, 0),
    "add": lambda _op, a, b: a + b,
    "mul": lambda _op, a, b: a * b,
    "pad": _pad,
    "reshape": lambda op, x, *_shape: x.reshape(op["shape"]),
    "concatenation": lambda _op, *parts: np.concatenate(parts, axis=1),
    "strided_slice": _slice,
    "landmarks2transformmatrix": _region_matrix,
    "transformtensorbilinear": _crop,
    "transformlandmarks": _move_points,
}
