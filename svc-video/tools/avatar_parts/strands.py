"""Hair drawn strand by strand over the lit picture, at twice its size."""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_parts.grid import SHIFT, Colour, Grid, mix
from avatar_parts.light import FILL, KEY, RIM, Picture
from avatar_parts.shapes import Curve

FINER = 2  # pixels of the drawing per pixel of the picture
VIEW = np.array([0.0, 0.0, 1.0])


class Strands:
    """The picture enlarged, (side * FINER, side * FINER, 3) uint8, and brushes for it."""

    def __init__(self, picture: Picture) -> None:
        side = picture.shape[0] * FINER
        large = cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC)
        self.layer: NDArray[np.uint8] = np.clip(np.round(large), 0, 255).astype(np.uint8)
        self.grid, self.under = Grid(side), Grid(picture.shape[0])

    def paint(self, outline: Curve, colour: Colour, part: float, blur: float = 0.6) -> None:
        """Lays a soft shape over the picture; only its own box is touched."""
        margin = 3.2 * blur + 2
        low = np.clip(self.grid.pixels(outline.min(axis=0) - margin), 0, self.grid.side - 2).astype(int)
        high = np.clip(self.grid.pixels(outline.max(axis=0) + margin), low + 1, self.grid.side).astype(int)
        room = int(3.2 * blur * self.grid.scale) + 2
        flat = np.zeros((high[1] - low[1] + 2 * room, high[0] - low[0] + 2 * room), dtype=np.uint8)
        corners = np.round((self.grid.pixels(outline) - low + room) * (1 << SHIFT)).astype(np.int32)
        cv2.fillPoly(flat, [corners], 255, cv2.LINE_AA, SHIFT)
        mask = self.grid.soft((flat / np.float32(255)).astype(np.float32), blur)[room:-room, room:-room, None]
        box = (slice(low[1], high[1]), slice(low[0], high[0]))
        under = self.layer[box].astype(np.float32)
        over = under + (np.asarray(colour, dtype=np.float32) - under) * mask * part
        self.layer[box] = np.clip(np.round(over), 0, 255).astype(np.uint8)

    def tint(self, mask: NDArray[np.float32], colour: Colour, part: float) -> None:
        """Stains where a mask of the picture's own size says."""
        large = cv2.resize(mask, (self.grid.side, self.grid.side), interpolation=cv2.INTER_LINEAR)[..., None]
        under = self.layer.astype(np.float32)
        over = under + (np.asarray(colour, dtype=np.float32) - under) * large * np.float32(part)
        self.layer = np.clip(np.round(over), 0, 255).astype(np.uint8)

    def hair(self, line: Curve, width: float, root: Colour, tip: Colour) -> None:
        """One hair that fades from `root` to `tip`: a lash or a hair of a brow."""
        points = np.round(self.grid.pixels(line) * (1 << SHIFT)).astype(np.int32).tolist()
        thick = max(1, round(width * self.grid.scale))
        for k, (begin, end) in enumerate(pairwise(points)):
            cv2.line(self.layer, begin, end, mix(root, tip, k / (len(points) - 1)), thick, cv2.LINE_AA, SHIFT)

    def draw(
        self, rng: np.random.Generator, lines: NDArray[np.float64], colours: NDArray[np.float64], width: float
    ) -> None:
        """Strands (m, n, 2) in units, each point with its colour (m, n, 3), the first at the back.

        Each strand is cut into pieces at places of its own, so that no bands run across them.
        """
        phase = rng.uniform(0, 1, (len(lines), 1, 1))
        lines, colours = (a[:, :-1] * (1 - phase) + a[:, 1:] * phase for a in (lines, colours))
        points = np.round(self.grid.pixels(lines) * (1 << SHIFT)).astype(np.int32)
        tones = np.clip(np.round(colours), 0, 255).astype(int).tolist()
        thick = max(1, round(width * self.grid.scale))
        for row, tone in zip(points, tones, strict=True):
            corners = row.tolist()
            for begin, end, colour in zip(corners, corners[1:], tone, strict=False):
                cv2.line(self.layer, begin, end, colour, thick, cv2.LINE_AA, SHIFT)

    def finished(self) -> NDArray[np.uint8]:
        """The picture at its own size."""
        side = self.grid.side // FINER
        return np.asarray(cv2.resize(self.layer, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6))


def shaded(
    lines: NDArray[np.float64],
    height: NDArray[np.float64],
    facing: NDArray[np.float64],
    base: NDArray[np.float64],
    gloss: float,
) -> NDArray[np.float64]:
    """Colours of strands under the lamps (Kajiya and Kay, SIGGRAPH 1989).

    Takes points (m, n, 2), their heights (m, n), the direction that the mass faces there (m, n, 3) and the hair's own
    colour (m, n, 3); gives screen colours (m, n, 3).
    """
    along = _unit(np.concatenate([np.gradient(lines, axis=1), np.gradient(height, axis=1)[..., None]], axis=2))
    facing = _unit(facing)
    lit = np.clip(facing @ KEY * 0.75 + 0.25, 0, 1)
    lit = lit * np.sqrt(np.clip(1 - (along @ KEY) ** 2, 0, 1))
    half = _unit(KEY + VIEW)
    shine = np.clip(1 - (along @ half) ** 2, 0, 1) ** 22 * np.clip(facing @ KEY, 0, 1)
    fill = np.clip(facing @ FILL, 0, 1) * 0.16
    rim = np.clip(facing @ RIM, 0, 1) ** 1.5 * 0.55
    light = 0.26 + 0.86 * lit + fill
    colour = base * light[..., None]
    sheen = gloss * shine[..., None] * (0.45 * base + np.array([44.0, 42.0, 40.0]))
    return np.asarray(colour + sheen + rim[..., None] * (0.5 * base + np.array([46.0, 48.0, 54.0])))
