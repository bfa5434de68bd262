"""The avatars that ship with the house: they belong to nobody and cannot be deleted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from svc_video.engine import Rgb

FOLDER = Path(__file__).parents[1] / "data" / "avatars"
CATALOGUE = "avatars.json"


@dataclass(frozen=True, slots=True)
class Avatar:
    """One shipped portrait. Gender is "female", "male" or "neutral"."""

    portrait_id: str
    name: str
    gender: str
    path: Path

    def picture(self) -> Rgb:
        """Its pixels."""
        with Image.open(self.path) as image:
            return np.asarray(image.convert("RGB"), np.uint8)

    def size(self) -> tuple[int, int]:
        """Width and height, from the file's head."""
        with Image.open(self.path) as image:
            return image.size


def shipped(folder: Path = FOLDER) -> dict[str, Avatar]:
    """Id -> avatar in the catalogue's order: the default one is the first."""
    rows = json.loads((folder / CATALOGUE).read_text())
    return {row["id"]: Avatar(row["id"], row["name"], row["gender"], folder / f"{row['id']}.webp") for row in rows}
