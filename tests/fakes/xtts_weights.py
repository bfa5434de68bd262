"""Random weights of XTTS v2 for given sizes; the same seed gives the same ones wherever it runs.

NumPy's PCG64, one stream per tensor: a tensor does not change when another one is added.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator

import numpy as np

from svc_tts.engines.xtts import layout
from svc_tts.engines.xtts.config import XttsConfig

Arrays = dict[str, np.ndarray]


def weights(config: XttsConfig, seed: int = 0, stop_bias: float = 0.0) -> Arrays:
    """Name -> array, by the names of `layout` (weight norm not split yet); sound comes out at a sane level."""
    arrays = {name: _array(name, shape, seed) for name, shape in layout.tensors(config).items()}
    arrays["gpt.mel_head.bias"][config.gpt.stop_audio] += np.float32(stop_bias)
    return arrays


def _array(name: str, shape: layout.Shape, seed: int) -> np.ndarray:
    """One tensor: what is no matrix by its kind, matrices so that variance survives them."""
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    noise = random.standard_normal(shape, dtype=np.float32)
    if "torch_spec" in name:
        array = _spectrogram(name, shape)
    elif name.endswith("num_batches_tracked"):
        array = np.array(1)
    elif name.endswith("running_var"):
        array = 0.75 + 0.5 * random.random(shape)
    elif name == "mel_stats":
        array = 1.5 + 0.2 * noise
    elif name.endswith((".bias", "running_mean")):
        array = 0.1 * noise
    elif len(shape) == 1:  # the weight of a normalisation
        array = 1.0 + 0.1 * noise
    else:
        array = noise * np.float32(_scale(name, shape))
    return array if array.dtype == np.int64 else array.astype(np.float32, copy=False)


def _scale(name: str, shape: layout.Shape) -> float:
    """Standard deviation of a matrix's entries."""
    if "embedding" in name or name.endswith("latents"):
        return 0.5
    if ".h." in name:
        return 0.7 * shape[0] ** -0.5  # GPT-2 keeps (in, out)
    fan_in = math.prod(shape[1:])
    if ".ups." in name:  # transposed, strided by half its kernel: two inputs make an output
        fan_in = 2 * shape[0]
    gain = 0.6 if ".resblocks." in name else 1.0
    return gain * fan_in**-0.5


def _spectrogram(name: str, shape: layout.Shape) -> np.ndarray:
    """Pre-emphasis, Hamming window and mel filters of the speaker encoder (HTK scale, 0-8000 Hz): nothing learnt."""
    if name.endswith("filter"):
        return np.array([[[-0.97, 1.0]]], dtype=np.float32)
    if name.endswith("window"):
        return (0.54 - 0.46 * np.cos(2 * np.pi * np.arange(shape[0]) / shape[0])).astype(np.float32)
    bins, mels = shape
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 8000 / 700), mels + 2) / 2595) - 1)
    hertz = np.linspace(0, 8000, bins)[:, None]
    rising = (hertz - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - hertz) / np.diff(edges)[1:]
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def weight_norm_split(arrays: Arrays, *, old: bool) -> Iterator[tuple[str, np.ndarray]]:
    """Where the release keeps magnitude and direction, both; the direction gets a length of its own."""
    names = (".weight_g", ".weight_v") if old else tuple(f".parametrizations.weight.original{i}" for i in (0, 1))
    for name, array in arrays.items():
        if not layout.weight_normed(name):
            yield name, array
            continue
        stem = name.removesuffix(".weight")
        axes = tuple(range(1, array.ndim))
        yield stem + names[0], np.sqrt((array**2).sum(axis=axes, keepdims=True))
        yield stem + names[1], array * np.float32(1.25)
