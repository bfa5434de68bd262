"""Random values for SadTalker's tensors; the same seed gives the same ones wherever it runs.

NumPy's PCG64, one stream per tensor, so a tensor does not change when another one is added. Nothing is learnt, but
signals survive every network: pictures vary in space, masks choose between volumes, and a head moves with the sound.
"""

from __future__ import annotations

import math
import re
import zlib

import numpy as np
import numpy.typing as npt
from tests.fakes.sadtalker_shapes import Entry, Shape, narrowed

Array = npt.NDArray[np.generic]
Arrays = dict[str, Array]

POWER_ITERATIONS = 20  # of spectral norm: within a percent of the largest singular value
GAUSSIAN_SIGMA = 1.5  # pixels of the key points' anti-aliasing: (1 / 0.25 - 1) / 2
GAINS: tuple[tuple[str, float], ...] = (
    (r"kp_extractor kp\.weight", 0.4),  # heat maps that weigh a few voxels, not one
    (r"generator .*resblocks_3d.*conv2\.weight", 0.4),
    (r"generator .*\.mask\.weight", 4.0),  # some of the 16 volumes win, some fall under the threshold
    (r"generator .*\.occlusion\.weight", 1.0),
    (r"generator .*mlp_(gamma|beta)\.weight", 0.35),
    (r"generator decoder\.conv_img\.weight", 1.6),  # before a sigmoid
    (r"audio2exp mapping1\.weight", 0.3),
    (r"audio2pose netG\..*output_layer.*weight", 3.0),  # before a sigmoid
    (r"audio2pose netG\..*pose_linear\.weight", 0.2),  # radians and units of translation
    (r"mapping_.* fc_(yaw|pitch|roll)\.weight", 1.2),  # logits of 66 bins of 3 degrees
    (r"mapping_.* fc_t\.weight", 0.1),
    (r"mapping_.* fc_exp\.weight", 0.15),
    (r"face_3drecon final_layers\.1\.weight", 0.2),
    (r"face_3drecon final_layers\..*weight", 0.05),
    (r"fan l\d\.weight", 0.2),
    (r"fan (bl|al|conv_last)\d\.weight", 0.3),
    (r"fan .*\.conv[123]\.weight", 0.7),
    (r"retinaface .*Head.*weight", 0.003),
)
"""(part and name, gain over the scale that keeps variance); the first that matches, else that of a ReLU."""
QUIET_NORMS = (
    r"(face_3drecon|retinaface) .*layer\d\.\d+\.bn3\.weight",
    r"(audio2exp|audio2pose) .*audio_encoder\.(1|2|4|5|7|8|10)\.conv_block\.1\.weight",
    r"fan .*\.bn3\.weight",
    r"he_estimator .*norm3\.weight",
)
"""The last normalisation of a residual branch: small, or 16 blocks would double the signal 16 times."""
QUIET = 0.3
RELU = math.sqrt(2)


def weights(entries: list[Entry], width: float, seed: int) -> Arrays:
    """Name -> array for the entries of one part."""
    arrays = {entry.name: _array(entry, narrowed(entry, width), seed) for entry in entries}
    for name in [name for name in arrays if name.endswith(".weight_orig")]:
        stem = name.removesuffix("_orig")
        arrays[f"{stem}_u"], arrays[f"{stem}_v"] = singular(arrays[name], arrays[f"{stem}_u"])
    return arrays


def singular(weight: Array, start: Array) -> tuple[Array, Array]:
    """The left and right vectors of a weight's largest singular value, as spectral norm keeps them."""
    matrix = weight.reshape(len(weight), -1)
    left = start
    for _ in range(POWER_ITERATIONS):
        right = matrix.T @ left
        right /= np.linalg.norm(right)
        left = matrix @ right
        left /= np.linalg.norm(left)
    return left.astype(np.float32), right.astype(np.float32)


def _array(entry: Entry, shape: Shape, seed: int) -> Array:
    """One tensor: what is no matrix by its kind, matrices so that variance survives them."""
    place = f"{entry.part} {entry.name}"
    random = np.random.default_rng([seed, zlib.crc32(place.encode())])
    if entry.name.endswith("num_batches_tracked"):
        return np.array(1)
    if place == "kp_extractor down.weight":
        return gaussian(shape)
    noise = random.standard_normal(shape, dtype=np.float32)
    if entry.name.endswith("running_var"):
        array = 1.0 + 0.25 * np.tanh(noise)
    elif entry.name.endswith(("bias", "running_mean")):
        array = 0.1 * noise
    elif len(shape) == 1:  # the weight of a normalisation, or a start for a singular vector
        array = _norm_weight(place) * (1.0 + 0.1 * noise)
    else:
        array = noise * np.float32(gain(place) * _fan_in(place, shape) ** -0.5)
    return array.astype(np.float32)


def gain(place: str) -> float:
    """How much louder than its input a matrix's output is."""
    return next((gain for pattern, gain in GAINS if re.fullmatch(pattern, place)), RELU)


def _norm_weight(place: str) -> float:
    return QUIET if any(re.fullmatch(pattern, place) for pattern in QUIET_NORMS) else 1.0


def _fan_in(place: str, shape: Shape) -> int:
    if "upsample_" in place:  # transposed, its stride as large as its kernel: (in, out, 2, 1)
        return shape[0]
    return math.prod(shape[1:])


def gaussian(shape: Shape) -> Array:
    """The fixed filter before the key points: (3, 1, 13, 13), each colour by itself."""
    offsets = np.arange(shape[-1], dtype=np.float32) - (shape[-1] - 1) / 2
    line = np.exp(-(offsets**2) / (2 * GAUSSIAN_SIGMA**2))
    square = np.outer(line, line)
    return np.broadcast_to(square / square.sum(), shape).astype(np.float32)
