"""The lamps: a warm key from the upper left, a cool fill from the right, a rim from behind, the room around.

Shadows are cast by marching over the heights; hollows are dimmed where they lie below their surroundings; in flesh red
light travels further than blue, so shadows have warm edges (the look of subsurface scattering, cf. d'Eon and Luebke,
GPU Gems 3, chapter 14).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_parts.grid import GAMMA, Field, Grid
from avatar_parts.surface import Surface

Picture = NDArray[np.float32]  # (side, side, 3) RGB 0..255


def _unit(x: float, y: float, z: float) -> NDArray[np.float32]:
    vector = np.array([x, y, z], dtype=np.float32)
    return np.asarray(vector / np.linalg.norm(vector))


KEY, KEY_LIGHT = _unit(-0.50, -0.52, 0.70), np.array([1.10, 1.03, 0.94], dtype=np.float32)
FILL, FILL_LIGHT = _unit(0.78, -0.10, 0.62), np.array([0.15, 0.175, 0.22], dtype=np.float32)
RIM, RIM_LIGHT = _unit(0.86, -0.34, -0.16), np.array([0.50, 0.53, 0.60], dtype=np.float32)
SKY, GROUND = np.array([0.20, 0.205, 0.225], dtype=np.float32), np.array([0.23, 0.165, 0.14], dtype=np.float32)
HALF = _unit(KEY[0], KEY[1], KEY[2] + 1)  # between the key and the viewer
BLEED = np.array([0.34, 0.13, 0.06], dtype=np.float32)  # how far light wraps round flesh, per colour
SHADOW_REACH, SHADOW_STEPS = 190.0, 44  # units, and looks on the way to the lamp
HOLLOW = ((7.0, 0.050), (26.0, 0.014))  # size of a hollow in units -> light lost per unit of depth


def lit(surface: Surface, wall: Picture) -> Picture:
    """The surface under the lamps, before the wall."""
    light = _diffuse(surface)
    shine = _shine(surface)
    colour = surface.albedo * light + shine
    screen = 255 * np.clip(_shoulder(colour), 0, 1) ** (1 / GAMMA)
    return np.asarray(wall + (screen - wall) * surface.cover[..., None], dtype=np.float32)


def _shoulder(colour: Picture) -> Picture:
    """Rolls off what is brighter than a screen, as film does."""
    knee = np.float32(0.72)
    above = np.maximum(colour - knee, 0)
    return np.asarray(np.minimum(colour, knee) + (1 - knee) * (1 - np.exp(-above / (1 - knee))))


def _diffuse(surface: Surface) -> Picture:
    grid, normal, flesh = surface.grid, surface.normal, surface.flesh[..., None]
    wrap = BLEED * flesh + 0.04
    key = np.clip((normal @ KEY)[..., None] + wrap, 0, None) / (1 + wrap)
    shadow = cast_shadow(grid, surface.height)
    open_to_key = 1 - np.stack([grid.soft(shadow, 5.0) * 0.90, grid.soft(shadow, 2.0), shadow], axis=2)
    open_to_key += (1 - shadow[..., None] - open_to_key) * (1 - flesh)
    fill = np.clip(normal @ FILL, 0, None)[..., None] * FILL_LIGHT
    up = (0.5 - 0.5 * normal[..., 1])[..., None]
    room = (GROUND + (SKY - GROUND) * up) * openness(grid, surface.height)[..., None]
    return np.asarray(key * open_to_key * KEY_LIGHT + fill + room, dtype=np.float32)


def _shine(surface: Surface) -> Picture:
    """Highlights of the key, and the edge that the rim lamp finds."""
    normal = surface.normal
    spot = np.clip(normal @ HALF, 0, 1) ** surface.tight * surface.gloss
    spot *= 1 - cast_shadow(surface.grid, surface.height)
    edge = np.clip(normal @ RIM, 0, 1) ** 2 * (1 - np.clip(normal[..., 2], 0, 1)) ** 1.5
    rim = edge[..., None] * RIM_LIGHT * (0.10 + surface.albedo)
    return np.asarray(spot[..., None] * KEY_LIGHT + rim, dtype=np.float32)


def cast_shadow(grid: Grid, height: Field) -> Field:
    """How much of the key is hidden behind something higher, 0..1."""
    side = min(grid.side, 768)
    small = cv2.resize(height, (side, side), interpolation=cv2.INTER_AREA)
    flat = float(np.hypot(KEY[0], KEY[1]))
    shadow = np.zeros_like(small)
    for step in SHADOW_REACH * np.linspace(0.02, 1, SHADOW_STEPS) ** 1.6:
        move = np.array([[1, 0, -KEY[0] / flat * step], [0, 1, -KEY[1] / flat * step]], dtype=np.float32)
        move[:, 2] *= side / 1024
        towards = cv2.warpAffine(small, move, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        over = towards - small - step * KEY[2] / flat
        shadow = np.maximum(shadow, np.clip(over / (5 + 0.16 * step), 0, 1))
    smooth = cv2.GaussianBlur(shadow, (0, 0), 1.6 * side / 1024)
    return np.asarray(cv2.resize(smooth, (grid.side, grid.side), interpolation=cv2.INTER_LINEAR))


def openness(grid: Grid, height: Field) -> Field:
    """How much of the room a point sees, 0..1: less in hollows of either size."""
    closed = np.zeros_like(height)
    for size, loss in HOLLOW:
        closed += np.clip(grid.soft(height, size) - height, 0, 40) * np.float32(loss)
    return np.asarray(1 - np.clip(closed, 0, 0.85), dtype=np.float32)
