"""The avatars that ship with the house: they belong to nobody and cannot be deleted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from svc_video.engine import Rgb

FOLDER = Path(__file__).parents[1] / "data" / "avatars"
CATALOGUE = "avatars.json"
PLACEHOLDER = "placeholder"
SIDE = 512


@dataclass(frozen=True, slots=True)
class Avatar:
    """One shipped portrait. Gender is "female", "male" or "neutral"."""

    portrait_id: str
    name: str
    gender: str = "neutral"
    path: Path | None = None

    def picture(self) -> Rgb:
        """Its pixels."""
        if self.path is None:
            return placeholder()
        with Image.open(self.path) as image:
            return np.asarray(image.convert("RGB"), np.uint8)


def shipped(folder: Path = FOLDER) -> dict[str, Avatar]:
    """Id -> avatar, the default one first; a drawn placeholder where none is installed."""
    catalogue = folder / CATALOGUE
    told = json.loads(catalogue.read_text()) if catalogue.is_file() else {}
    found = {
        path.stem: Avatar(path.stem, **{"name": path.stem.capitalize(), **told.get(path.stem, {})}, path=path)
        for path in sorted(folder.glob("*.png"))
    }
    return found or {PLACEHOLDER: Avatar(PLACEHOLDER, "Placeholder")}


def placeholder() -> Rgb:
    """A drawn head, for tests and for an installation without its data files."""
    picture = np.full((SIDE, SIDE, 3), (206, 214, 222), np.uint8)
    skin, dark = (226, 182, 156), (60, 44, 40)
    cv2.ellipse(picture, (256, 560), (190, 150), 0, 180, 360, (70, 92, 140), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (256, 250), (128, 168), 0, 0, 360, skin, -1, cv2.LINE_AA)
    cv2.ellipse(picture, (256, 150), (136, 90), 0, 180, 360, dark, -1, cv2.LINE_AA)
    for x in (206, 306):
        cv2.ellipse(picture, (x, 230), (24, 13), 0, 0, 360, (250, 250, 250), -1, cv2.LINE_AA)
        cv2.circle(picture, (x, 230), 11, dark, -1, cv2.LINE_AA)
    cv2.ellipse(picture, (256, 345), (44, 14), 0, 0, 360, (176, 84, 84), -1, cv2.LINE_AA)
    return picture
