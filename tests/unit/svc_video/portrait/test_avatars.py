"""The shipped avatars are what the committed script draws."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from svc_video.faces.finder import DATA

AVATARS = DATA / "avatars"
TOOLS = Path(__file__).parents[4] / "svc-video" / "tools"


@pytest.fixture(scope="module")
def tool():
    sys.path.insert(0, str(TOOLS))
    try:
        import draw_avatars

        yield draw_avatars
    finally:
        sys.path.remove(str(TOOLS))
        for name in [n for n in sys.modules if n == "draw_avatars" or n.startswith("avatar_parts")]:
            del sys.modules[name]


def test_the_table_names_every_picture():
    table = json.loads((AVATARS / "avatars.json").read_text())
    assert {row["id"] for row in table} == {p.stem for p in AVATARS.glob("*.webp")}
    assert sorted(row["gender"] for row in table) == ["female", "female", "male", "male"]
    assert all(p.stat().st_size < 300_000 for p in AVATARS.glob("*.webp"))


def test_a_committed_picture_is_the_drawn_one(tool):
    look = next(look for look in tool.LOOKS if look.name == "kenji")
    drawn = np.asarray(tool.draw(look))
    committed = np.asarray(Image.open(AVATARS / "kenji.webp").convert("RGB"))
    assert drawn.shape == committed.shape == (1024, 1024, 3)
    assert cv2.PSNR(drawn, committed) > 38  # what lossy WebP leaves
