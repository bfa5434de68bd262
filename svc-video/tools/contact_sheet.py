"""Draws what the portrait engine makes of faces: a row a face, a column a phone, twice: neutral and happy.

Run by hand: `.venv/bin/python svc-video/tools/contact_sheet.py docs/faces.webp NAME_OR_PICTURE...`. A name is a shipped
avatar; anything else is the path of a picture.
"""

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from svc_video.engines.portrait.expressions import SQUINT_PER_SMILE, expression_named
from svc_video.engines.portrait.ipa import visemes_of
from svc_video.engines.portrait.params import FaceParams
from svc_video.engines.portrait.renderer import Renderer
from svc_video.engines.portrait.track import RELAXED
from svc_video.engines.portrait.visemes import MouthTrack
from svc_video.faces import landmarks as lm
from svc_video.faces.finder import FaceFinder
from svc_video.faces.picture import decode
from svc_video.faces.portrait import prepare
from svc_video.portraits.avatars import shipped
from svc_video.speech import Cue

PHONES = ("ɑ", "i", "u", "m", "f", "θ")
SIDE, CELL = 512, 150  # pixels of a frame, and of a face on the sheet
LONG_MS = 240  # a phone held so long is said in full
QUALITY = 82


def said(phone: str, expression: str) -> FaceParams:
    """The face in the middle of a phone."""
    cue = Cue(phone, 1000, 1000 + LONG_MS, stressed=True)
    mouth = MouthTrack(40.0).at(1000 + LONG_MS / 2, [cue], 0.8)
    worn = expression_named(expression)
    smile = worn.smile * (0.6 if visemes_of(phone) else 1.0)
    return replace(
        mouth,
        relax=RELAXED,
        smile=smile,
        squint=min(1.0, worn.squint + SQUINT_PER_SMILE * max(0.0, smile)),
        brow=worn.brow,
        brow_inner=worn.brow_inner,
        brow_outer=worn.brow_outer,
    )


def row(renderer: Renderer, points: lm.Points) -> np.ndarray:
    """The face with every phone, neutral and then happy."""
    middle = points[lm.OVAL, :2].mean(axis=0)
    half = int(0.62 * np.linalg.norm(points[lm.CHIN, :2] - points[lm.FOREHEAD, :2]))
    x, y = (int(np.clip(v, half, SIDE - half)) for v in middle)
    cells = []
    for expression in ("neutral", "happy"):
        for phone in PHONES:
            frame = renderer.render(said(phone, expression))[y - half : y + half, x - half : x + half]
            cells.append(cv2.resize(frame, (CELL, CELL), interpolation=cv2.INTER_AREA))
    return np.hstack(cells)


def main() -> None:
    """Writes the sheet."""
    avatars, finder = shipped(), FaceFinder()
    rows = []
    for name in sys.argv[2:]:
        picture = avatars[name].picture() if name in avatars else decode(Path(name).read_bytes())
        face = prepare(finder, picture, (SIDE, SIDE))
        rows.append(row(Renderer(face), face.points))
    Image.fromarray(np.vstack(rows)).save(sys.argv[1], quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
