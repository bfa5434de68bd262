"""What a person should look at: the curves of a film, and its frames with the landmarks drawn on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.bench.lipsync.footage import Rgb, shots
from tests.bench.lipsync.losses import standard
from tests.bench.lipsync.upper import REGION
from tests.bench.lipsync.verdict import Judged, finder

from svc_video.faces import landmarks as lm

WIDTH, HEIGHT = 1600, 420  # pixels of the plot
LEFT, MIDDLE, SPREAD = 20, 230, 75  # where it begins, its mean, one standard deviation
MOUTH, WANTED, GRID, INK = (200, 60, 40), (40, 90, 200), (225, 225, 225), (30, 30, 30)  # RGB
TEXT = cv2.FONT_HERSHEY_SIMPLEX
COLUMNS, ROWS = 4, 2


def plot(film: Judged) -> Rgb:
    """The mouth (red) and what it should do (blue) in standard deviations, the phones along the foot."""
    picture = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    per_s = (WIDTH - 2 * LEFT) / film.seconds
    for phone in film.phones:
        x = int(LEFT + phone.start_s * per_s)
        cv2.line(picture, (x, 40), (x, HEIGHT - 40), GRID, 1)
        cv2.putText(picture, phone.name, (x + 2, HEIGHT - 20), TEXT, 0.38, INK, 1, cv2.LINE_AA)
    for values, colour in ((film.wanted.at(film.times_s), WANTED), (film.openings, MOUTH)):
        points = np.stack([LEFT + film.times_s * per_s, MIDDLE - SPREAD * standard(values, film.spoken)], axis=1)
        cv2.polylines(picture, [np.round(points).astype(np.int32)], isClosed=False, color=colour, thickness=2)
    told = f"{film.face}/{film.path.stem}: r {film.r:.3f}, lag {film.lag_s * 1000:+.0f} ms, r there {film.r_at_lag:.3f}"
    cv2.putText(picture, f"{told}. {film.text}", (LEFT, 24), TEXT, 0.5, INK, 1, cv2.LINE_AA)
    return picture


def sheet(film: Judged) -> Rgb:
    """Frames at even distances with the landmarks found on them, the opening and the phone that is heard."""
    chosen = np.linspace(0, len(film.times_s) - 1, COLUMNS * ROWS + 2).astype(int)[1:-1]
    cells = [drawn(film, number, shot.rgb) for number, shot in enumerate(shots(film.path)) if number in set(chosen)]
    return np.vstack([np.hstack(cells[row * COLUMNS : (row + 1) * COLUMNS]) for row in range(ROWS)])


def drawn(film: Judged, number: int, rgb: Rgb) -> Rgb:
    """One frame, its landmarks found once more."""
    picture = np.ascontiguousarray(rgb)
    face, _ = finder().largest(rgb)
    for line, colour in ((lm.UPPER_INNER, MOUTH), (lm.LOWER_INNER, MOUTH), (lm.UPPER_LID_LEFT, WANTED)):
        follow(picture, face.points[line], colour)
    for line in (lm.LOWER_LID_LEFT, lm.UPPER_LID_RIGHT, lm.LOWER_LID_RIGHT):
        follow(picture, face.points[line], WANTED)
    hull = cv2.convexHull(np.round(face.points[REGION, :2]).astype(np.int32))
    cv2.polylines(picture, [hull], isClosed=True, color=GRID, thickness=1)
    at = film.times_s[number]
    heard = next((phone.name for phone in film.phones if phone.start_s <= at < phone.end_s), "") or "-"
    cv2.putText(picture, f"{at:.2f} s /{heard}/ {film.openings[number]:.3f}", (10, 30), TEXT, 0.8, INK, 4, cv2.LINE_AA)
    cv2.putText(picture, f"{at:.2f} s /{heard}/ {film.openings[number]:.3f}", (10, 30), TEXT, 0.8, GRID, 2, cv2.LINE_AA)
    return picture


def follow(picture: Rgb, line: NDArray[np.float32], colour: tuple[int, int, int]) -> None:
    """A line through landmarks."""
    cv2.polylines(picture, [np.round(line[:, :2]).astype(np.int32)], isClosed=False, color=colour, thickness=1)


def save(films: Sequence[Judged], folder: Path) -> list[Path]:
    """Plot and frames of the best and the worst film; gives the paths."""
    chosen = {"best": max(films, key=lambda film: film.r), "worst": min(films, key=lambda film: film.r)}
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, film in chosen.items():
        for kind, picture in (("curve", plot(film)), ("frames", sheet(film))):
            written.append(folder / f"{name}-{kind}.png")
            cv2.imwrite(str(written[-1]), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return written
