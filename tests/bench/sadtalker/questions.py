"""What both sides are asked: a made-up portrait, its landmarks, a sound and motion, all from one seed."""

from __future__ import annotations

import numpy as np
from tests.fakes.sadtalker_release import mean_face

Arrays = dict[str, np.ndarray]

RATE = 16000  # Hz, what the networks hear
FPS = 25
FULL_SCALE = 32768.0
HEIGHT, WIDTH = 360, 300  # pixels of the portrait
FACE = (150.0, 170.0, 95.0)  # x, y of its middle and pixels per unit of the mean face
SYLLABLES_HZ = 3.0
PITCH_HZ = 140.0


def questions(*, frames: int = 40, seed: int = 0, size: int = 256) -> Arrays:
    """A picture, a sound of that many video frames, and what a whole clip is asked with."""
    random = np.random.default_rng([seed, 7])
    pcm = speech(frames / FPS, seed)
    return {
        "picture": portrait(seed),
        "landmarks_picture": landmarks(*FACE),
        "landmarks_crop": landmarks(0.5 * size, 0.5 * size, 0.3 * size) + random.uniform(-1, 1, (68, 2)),
        "pcm": pcm,
        "wave": pcm.astype(np.float32) / FULL_SCALE,
        "seed": np.array(seed),
        "style": np.array(5),
        "still": np.array(0),
        "expression_scale": np.array(1.0),
        "size": np.array(size),
    }


def network_questions(*, frames: int = 3, seed: int = 0, size: int = 256, channels: int = 70) -> Arrays:
    """What single networks are asked, without the way that leads to them."""
    random = np.random.default_rng([seed, 11])
    asked = questions(frames=40, seed=seed, size=size)
    picture = np.tile(asked["picture"], (2, 2, 1))
    points = random.normal(0, 0.25, (frames + 1, 15, 3)).astype(np.float32)
    points[1:] = points[0] + 0.4 * points[1:]
    return asked | {
        "image": picture[40 : 40 + size, 20 : 20 + size],
        "aligned": picture[60:284, 30:254],
        "face": picture[60:260, 60:230],
        "landmarks": asked["landmarks_crop"],
        "threshold": np.array(0.6),
        "coefficients": coefficients(1, seed, 73),
        "target": coefficients(12, seed, channels),
        "canonical": points[0],
        "source_keypoints": points[0],
        "driving": points[1:],
    }


def portrait(seed: int = 0, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """(H, W, 3) uint8: an oval face with eyes, nose and mouth before a striped wall, a little noise on it."""
    random = np.random.default_rng([seed, 8])
    y, x = np.mgrid[:height, :width].astype(np.float32)
    wall = 0.5 + 0.2 * np.sin(x[..., None] / np.array([9, 13, 17]) + y[..., None] / np.array([23, 19, 31]))
    middle_x, middle_y, unit = FACE
    across, down = (x - middle_x) / unit, (y - middle_y) / unit

    def disc(left: float, top: float, wide: float, high: float) -> np.ndarray:
        distance = np.hypot((across - left) / wide, (down - top) / high)
        return np.clip((1.0 - distance) * 12, 0, 1)[..., None]

    picture = wall
    for colour, place in (
        ((0.25, 0.2, 0.5), (0, 1.9, 1.4, 0.95)),
        ((0.3, 0.2, 0.1), (0, -0.25, 0.95, 1.1)),
        ((0.85, 0.65, 0.55), (0, 0.05, 0.75, 1.0)),
        ((0.95, 0.95, 0.95), (-0.33, -0.38, 0.15, 0.08)),
        ((0.95, 0.95, 0.95), (0.33, -0.38, 0.15, 0.08)),
        ((0.2, 0.3, 0.2), (-0.33, -0.38, 0.06, 0.07)),
        ((0.2, 0.3, 0.2), (0.33, -0.38, 0.06, 0.07)),
        ((0.7, 0.45, 0.4), (0, 0.1, 0.12, 0.08)),
        ((0.6, 0.2, 0.25), (0, 0.4, 0.28, 0.1)),
    ):
        shown = disc(*place)
        picture = picture * (1 - shown) + np.array(colour) * shown
    return (255 * np.clip(picture + random.normal(0, 0.02, picture.shape), 0, 1)).astype(np.uint8)


def landmarks(x: float, y: float, unit: float) -> np.ndarray:
    """(68, 2) pixels, y down: the mean face there, so many pixels to its unit."""
    return np.float64([x, y]) + mean_face()[:, :2] * (unit, -unit)


def speech(seconds: float, seed: int = 0) -> np.ndarray:
    """Something like it: a buzz with syllables and breath, s16 at 16 kHz."""
    random = np.random.default_rng([seed, 9])
    time = np.arange(int(seconds * RATE)) / RATE
    buzz = sum(np.sin(2 * np.pi * PITCH_HZ * part * time + part) / part for part in range(1, 20))
    loud = np.clip(np.sin(2 * np.pi * SYLLABLES_HZ * time) + 0.4 * np.sin(2 * np.pi * 0.7 * time), 0, None)
    sound = 0.15 * loud * buzz + 0.01 * random.standard_normal(len(time))
    return (FULL_SCALE * sound.clip(-0.99, 0.99)).astype(np.int16)


def coefficients(frames: int, seed: int = 0, channels: int = 70) -> np.ndarray:
    """(T, C) coefficients that drift smoothly, as loud as real ones; scale and place of the crop, if any, constant."""
    random = np.random.default_rng([seed, 10])
    steps = np.linspace(0, frames / FPS, frames)[:, None]
    drift = np.sin(2 * np.pi * steps * random.uniform(0.3, 3, 70) + random.uniform(0, 6, 70))
    motion = random.normal(0, 0.3, 70) + drift * np.where(np.arange(70) < 64, 0.3, 0.1)
    placed = np.broadcast_to([0.8, 128.0, 127.0], (frames, 3))
    return np.concatenate([motion, placed], 1)[:, :channels].astype(np.float32)
