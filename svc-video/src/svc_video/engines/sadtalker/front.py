"""From a picture to what the networks are given: the cut, squeezed into a square, and the coefficients of its face.

The face is looked for twice, as upstream does: in the picture, to cut it out, and in the square, to be measured. Where
the second look finds nothing (upstream crashed), the points of the first one are carried over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from svc_video.engines.sadtalker.alignment import Aligned, align
from svc_video.engines.sadtalker.anchors import Box
from svc_video.engines.sadtalker.crop import Cut, cut, uncut, within
from svc_video.engines.sadtalker.landmarks import FaceLandmarks, largest, surest
from svc_video.engines.sadtalker.source import Crop, Floats, Mode, Rgb, Source
from troupe.wire.errors import NoFace

FILM_SIZE = 256  # pixels of the square in which the frames of a film are measured, upstream's
FRAMES_AT_ONCE = 8  # of a film
NO_FACE = (
    "No face was found in the picture. Send a photo with one clear face, seen from the front, well lit and not "
    "covered; drawn and stylised faces are animated by the engine portrait."
)
NO_FACE_IN_FILM = (
    "No face was found in the film, or only after ten seconds. Send a film of one person who looks into the camera."
)
SEVERAL = "{count} faces found, the largest is used"
SMALL = "the face is small in the picture and will look soft; a larger picture looks better"
SMALL_IN_SQUARE = "the face is small in the networks' square; the modes crop and full show it better"
AT_EDGE = "the face is cut off at the edge of the picture"
SHARP = 2.5  # enlargement beyond which a face looks soft: of what was cut out, or to the crop that is measured
OUTSIDE = 0.06  # part of a face's box outside of the picture, on one axis, from which it is called cut off
LOOK_EVERY, MOST_LOOKS = 12, 20  # frames of a film, before its first face: looking at a whole one takes seconds

Reader = Callable[[npt.NDArray[np.uint8]], Floats]
"""Crops (n, 224, 224, 3) -> coefficients (n, 70); `recon.Reconstruction` is one."""


@dataclass(frozen=True, slots=True)
class Front:
    """What finds a face and what measures it."""

    landmarks: FaceLandmarks
    read: Reader
    mean_points: npt.NDArray[np.floating]  # (5, 3): `checkpoint.mean_points`
    upstream: bool = False  # crop as upstream does where that is wrong, and take the surest face, not the largest

    def source(self, picture: Rgb, mode: Mode = "crop", size: int = FILM_SIZE) -> Source:
        """One picture (H, W, 3), upright RGB, for networks of `size` pixels. Raises `NoFace`."""
        found, notes = self._look(picture) if mode != "resize" else (None, ())
        part = uncut(picture) if found is None else cut(picture, found, mode, upstream=self.upstream)
        square = part.squeezed(size)
        expected = None if found is None else part.moved(found, size)
        points = self._points([square], [expected])[0]
        points = expected if points is None else points
        if points is None:
            raise NoFace(NO_FACE)
        aligned = align(square, points, self.mean_points)
        notes += _small(part, aligned, size)
        return Source(square, self._measured([aligned])[0], mode, part.shape, part.crop, notes)

    def coefficients_of_film(self, frames: Iterable[Rgb], mode: Mode = "crop") -> Floats:
        """(n, 73) of a film's frames, all (H, W, 3) of one size; memory is that of a few frames. Raises `NoFace`.

        All frames are cut as the first one with a face is (one in twelve is looked at until then, for ten seconds), and
        the face is followed. A frame without it has the points of the frame before; those before the first one are as
        that one.
        """
        parts: list[Floats] = []
        last: Floats | None = None
        unseen = 0  # frames before the first face
        for squares in _several(self._squares(frames, mode)):
            shown = [square for square in squares if square is not None]
            laid = []
            for square, points in zip(shown, self._points(shown, [last] * len(shown)), strict=True):
                one, last = self._laid(square, points, last)
                laid += [one] if one else []
            unseen += len(squares) - len(laid)
            parts += [self._measured(laid)] if laid else []
        if not parts:
            raise NoFace(NO_FACE_IN_FILM)
        known = np.concatenate(parts)
        return np.concatenate([np.repeat(known[:1], unseen, axis=0), known])

    def _look(self, picture: Rgb) -> tuple[Floats, tuple[str, ...]]:
        """The points (68, 2) of the face in a whole picture, and notes. Raises `NoFace`."""
        boxes = self.landmarks.boxes([picture], square=False)[0]
        if not boxes:
            raise NoFace(NO_FACE)
        chosen = surest(boxes) if self.upstream else largest(boxes)
        notes: tuple[str, ...] = (SEVERAL.format(count=len(boxes)),) if len(boxes) > 1 else ()
        notes += (AT_EDGE,) if _cut_off(chosen, picture.shape[1], picture.shape[0]) else ()
        return self.landmarks.points([picture], [chosen])[0], notes

    def _points(self, squares: Sequence[Rgb], expected: Sequence[Floats | None]) -> list[Floats | None]:
        """The points in each square of the face that is expected there; none where there is no face."""
        if not squares:
            return []
        found = self.landmarks.boxes(squares, square=True)
        chosen = [self._chosen(boxes, near) for boxes, near in zip(found, expected, strict=True)]
        seen = [i for i, box in enumerate(chosen) if box is not None]
        points = self.landmarks.points([squares[i] for i in seen], [box for box in chosen if box is not None])
        out: list[Floats | None] = [None] * len(squares)
        for i, one in zip(seen, points, strict=True):
            out[i] = one
        return out

    def _chosen(self, boxes: Sequence[Box], near: Floats | None) -> Box | None:
        """The box of the face whose points were there before; else the largest. Upstream takes the surest."""
        if not boxes or self.upstream:
            return surest(boxes) if boxes else None
        if near is None:
            return largest(boxes)
        around = Box(*map(float, (*near.min(axis=0), *near.max(axis=0))))
        best = max(boxes, key=around.overlap)
        return best if around.overlap(best) else largest(boxes)

    def _squares(self, frames: Iterable[Rgb], mode: Mode) -> Iterator[Rgb | None]:
        """A film's frames, cut and squeezed; none for those before the first face."""
        crop: Crop | None = None
        for number, frame in enumerate(frames):
            if mode == "resize":
                yield uncut(frame).squeezed(FILM_SIZE)
            elif crop is not None:
                yield uncut(within(frame, crop, mode)).squeezed(FILM_SIZE)
            elif number >= LOOK_EVERY * MOST_LOOKS:
                raise NoFace(NO_FACE_IN_FILM)
            else:
                part = None if number % LOOK_EVERY else self._first_cut(frame, mode)
                crop = part.crop if part else None
                yield part.squeezed(FILM_SIZE) if part else None

    def _first_cut(self, frame: Rgb, mode: Mode) -> Cut | None:
        """How a film is cut, where this frame shows a face."""
        try:
            return cut(frame, self._look(frame)[0], mode, upstream=self.upstream)
        except NoFace:
            return None

    def _laid(self, square: Rgb, points: Floats | None, last: Floats | None) -> tuple[Aligned | None, Floats | None]:
        """A frame of a film, laid over the mean face by its points or the last ones; and the points that served."""
        for tried in (points, last):
            if tried is not None:
                try:
                    return align(square, tried, self.mean_points), tried
                except NoFace:  # what was taken for a face is a speck
                    continue
        return None, None

    def _measured(self, laid: Sequence[Aligned]) -> Floats:
        """(n, 73)."""
        read = self.read(np.stack([one.image for one in laid]))
        return np.concatenate([read, np.stack([one.place for one in laid])], axis=1).astype(np.float32)


def _small(part: Cut, aligned: Aligned, size: int) -> tuple[str, ...]:
    """A note where the face will look soft: what was cut out is enlarged, or the face is a small part of it all."""
    if part.crop is not None:
        return (SMALL,) if size / min(part.image.shape[:2]) > SHARP else ()
    return (SMALL_IN_SQUARE,) if aligned.place[0] * size / FILM_SIZE > SHARP else ()


def _cut_off(box: Box, width: int, height: int) -> bool:
    """Whether the picture's edge goes through the face."""
    left, top, right, bottom = box.inside(width, height)
    seen = (right - left) / max(box.right - box.left, 1), (bottom - top) / max(box.bottom - box.top, 1)
    return min(seen) < 1 - OUTSIDE


def _several(squares: Iterable[Rgb | None]) -> Iterator[list[Rgb | None]]:
    """As they come, a few at a time."""
    held = iter(squares)
    while part := list(islice(held, FRAMES_AT_ONCE)):
        yield part
