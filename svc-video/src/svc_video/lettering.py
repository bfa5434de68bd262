"""Sets words in lines, and draws them on a soft dark plate as a patch that is laid over I420 frames.

A patch costs some milliseconds, once per word; laying it over a frame costs a tenth of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from svc_video.film import Frame
from svc_video.fonts import FontBook, Typeface, printable, runs_right_to_left
from svc_video.speech import Word

LINES = 2
LINE_CHARS = 36  # where the frame is wide, a line is no longer than about this
LETTER = 0.052  # of the shorter side: the size of letters ...
MIN_LETTER = 11  # ... and at least this many pixels
LINE_WIDTH = 0.86  # of the frame
LINE_HEIGHT = 1.3  # letters
MARGIN = {False: 0.06, True: 0.13}  # of the height, below the plate: in an upright film players lay signs over the rest
UPRIGHT = 1.2  # height / width from which on a film is upright
INSET = (0.7, 0.35)  # letters: between plate and words, across and down
SOFT = 0.14  # letters: how soft the plate's edge is
BOLD = 0.02  # letters: a regular face is drawn a little heavier, for small screens
PLATE, PLATE_ALPHA = (12, 14, 18), 165
INK, SPOKEN = (255, 255, 255), (255, 214, 64)
AVERAGE = 0.55  # letters: the width of one

KEPT_LENGTHS = 40  # words whose length is remembered; a plate has fewer

Pixels = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Piece:
    """One word where it stands on the patch; `number` is its place among all words."""

    text: str
    face: Typeface
    number: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Patch:
    """What is laid over a frame: for each plane rows and columns, what of the frame stays (0..256) and what comes."""

    top: int
    left: int
    planes: tuple[tuple[Pixels, Pixels], ...]  # Y, U, V: (stays, comes)

    def over(self, frame: Frame) -> None:
        """Lay it over an I420 frame (H * 3 / 2, W), in place."""
        height, width = len(frame) * 2 // 3, frame.shape[1]
        colours = frame[height:].reshape(2, height // 2, width // 2)
        for plane, step, (stays, comes) in zip((frame, *colours), (1, 2, 2), self.planes, strict=True):
            top, left = self.top // step, self.left // step
            part = plane[top : top + len(stays), left : left + stays.shape[1]]
            np.right_shift(part * stays + comes, 8, out=part, casting="unsafe")


class Lettering:
    """Sets words for frames of one size."""

    def __init__(self, width: int, height: int, book: FontBook) -> None:
        self._frame = width, height
        self._book = book
        self._letter = max(MIN_LETTER, round(LETTER * min(width, height)))
        self._most = min(LINE_WIDTH * width, LINE_CHARS * AVERAGE * self._letter)

        self._lengths: dict[str, float] = {}

    def can_set(self, text: str) -> bool:
        """Whether a font here has its letters."""
        return self._book.face_for(text) is not None

    def fits(self, words: Sequence[Word]) -> bool:
        """Whether they find room on one plate."""
        return len(self._lines(words)) <= LINES

    def page(self, words: Sequence[Word], first: int) -> Page | None:
        """The words on their plate; `first` is the number of the first. None where no font has their letters."""
        lines = self._balanced(words)
        across, down = (part * self._letter for part in INSET)
        widths = [self._width(line) for line in lines]
        size = max(widths, default=0) + 2 * across, len(lines) * LINE_HEIGHT * self._letter + 2 * down
        pieces: list[Piece] = []
        for row, (line, width) in enumerate(zip(lines, widths, strict=True)):
            y = down + (row + 0.5) * LINE_HEIGHT * self._letter
            pieces += self._placed(line, (size[0] - width) / 2, y, first + len(pieces))
        shown = [piece for piece in pieces if piece.text]
        return Page(shown, self._letter, size, self._frame) if shown else None

    def _placed(self, line: Sequence[Word], left: float, y: float, first: int) -> list[Piece]:
        """A line's words, in the order of the text, at their places."""
        backwards = runs_right_to_left(line[0].text)
        right = left + self._width(line)
        pieces: list[Piece] = []
        x, before = left, None
        for number, word in enumerate(line, start=first):
            x += self._gap(before, word)
            face, length = self._book.face_for(word.text), self._length(word)
            text = printable(face, word.text) if face else ""
            place = left + right - x - length if backwards else x
            pieces.append(Piece(text, face or self._book.faces[0], number, place, y))
            x, before = x + length, word
        return pieces

    def _lines(self, words: Sequence[Word], most: float | None = None) -> list[list[Word]]:
        """As many words in each line as find room."""
        lines: list[list[Word]] = []
        for word in words:
            if lines and self._width([*lines[-1], word]) <= (most or self._most):
                lines[-1].append(word)
            else:
                lines.append([word])
        return lines

    def _balanced(self, words: Sequence[Word]) -> list[list[Word]]:
        """Lines of about the same length."""
        lines = self._lines(words)
        if len(lines) != LINES:
            return lines
        breaks = ((list(words[:n]), list(words[n:])) for n in range(1, len(words)))
        return list(min(breaks, key=lambda pair: max(map(self._width, pair))))

    def _width(self, line: Sequence[Word]) -> float:
        pairs = zip([None, *line[:-1]], line, strict=True)
        return sum(self._gap(before, word) + self._length(word) for before, word in pairs)

    def _gap(self, before: Word | None, word: Word) -> float:
        """The space before a word: none at the start, nor where the text has none (Chinese)."""
        touching = before is not None and 0 < before.text_end == word.text_start
        return 0.0 if before is None or touching else 0.28 * self._letter

    def _length(self, word: Word) -> float:
        if word.text not in self._lengths:
            face = self._book.face_for(word.text)
            length = face.at(self._letter).getlength(printable(face, word.text)) if face else 0.0
            self._lengths = {**dict(list(self._lengths.items())[-KEPT_LENGTHS:]), word.text: length}
        return self._lengths[word.text]


class Page:
    """One plate with its words."""

    def __init__(self, pieces: Sequence[Piece], letter: int, size: tuple[float, float], frame: tuple[int, int]) -> None:
        self._pieces, self._letter, self._frame = pieces, letter, frame
        soft = round(3 * SOFT * letter)
        self._border = soft
        width, height = (min(2 * round((n + 2 * soft) / 2 + 0.5), side) for n, side in zip(size, frame, strict=True))
        self._plain = self._plate(width, height, soft)
        for piece in pieces:
            self._write(self._plain, piece, INK)
        self._shares = _shares(self._plain)

    def patch(self, spoken: int | None) -> Patch:
        """With the word of that number highlighted."""
        image = self._plain.copy()
        for piece in self._pieces:
            if piece.number == spoken:
                self._write(image, piece, SPOKEN)
        return self._to_patch(np.asarray(image))

    def _plate(self, width: int, height: int, soft: int) -> Image.Image:
        shape = Image.new("L", (width, height))
        box = (soft, soft, width - 1 - soft, height - 1 - soft)
        ImageDraw.Draw(shape).rounded_rectangle(box, radius=0.45 * self._letter, fill=PLATE_ALPHA)
        image = Image.new("RGBA", (width, height), PLATE)
        image.putalpha(shape.filter(ImageFilter.GaussianBlur(soft / 3)))
        return image

    def _write(self, image: Image.Image, piece: Piece, colour: tuple[int, int, int]) -> None:
        draw = ImageDraw.Draw(image)
        place = piece.x + self._border, piece.y + self._border
        bold = BOLD * self._letter if piece.face.is_regular else 0
        font = piece.face.at(self._letter)
        draw.text(place, piece.text, font=font, fill=(*colour, 255), anchor="lm", stroke_width=bold)

    def _to_patch(self, rgba: npt.NDArray[np.uint8]) -> Patch:
        height, width = rgba.shape[:2]
        planes = np.asarray(cv2.cvtColor(rgba[..., :3].copy(), cv2.COLOR_RGB2YUV_I420), np.uint16)
        colours = planes[height:].reshape(2, height // 2, width // 2)
        # The highlight has the shape of the word it covers: what of the frame stays is the same for all.
        fine, coarse = self._shares
        mixed = [
            (256 - part, plane * part)
            for plane, part in zip((planes[:height], *colours), (fine, coarse, coarse), strict=True)
        ]
        frame_width, frame_height = self._frame
        upright = frame_height >= UPRIGHT * frame_width
        top = frame_height - height - 2 * round(MARGIN[upright] * frame_height / 2)
        return Patch(max(0, top - top % 2), (frame_width - width) // 4 * 2, tuple(mixed))


def _shares(image: Image.Image) -> tuple[Pixels, Pixels]:
    """How much of each pixel the patch covers, 0..256: for brightness, and for colour at half the size."""
    share = np.asarray(image.getchannel("A"), np.uint16) * 256 // 255
    half = cv2.resize(share, (share.shape[1] // 2, share.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return share, np.asarray(half, np.uint16)
