"""Draws the shipped avatars from code: no photograph, no person, no rights to clear.

`make avatars` runs it; `draw_avatars.py FOLDER [NAME ...]` draws PNGs to look at while a look is being made. The
pictures are committed as lossy WebP, with a table of names and genders beside them, in svc-video and, equal, in the
gateway. Who they are stands in avatar_parts/cast.py.
"""

import io
import json
import sys
from pathlib import Path

import numpy as np
from avatar_parts import beard, clothes, eyes, features, hair, head, mouth, worn
from avatar_parts.cast import LOOKS
from avatar_parts.grid import Grid
from avatar_parts.light import Picture, lit
from avatar_parts.looks import Look
from avatar_parts.page import SHEET, contact_sheet, page
from avatar_parts.strands import Strands
from avatar_parts.surface import SKIN, Surface
from PIL import Image

ROOT = Path(__file__).parents[2]
AVATARS = ROOT / "svc-video" / "src" / "svc_video" / "data" / "avatars"
COPY = ROOT / "gateway" / "src" / "gateway" / "avatars"
DOCS = ROOT / "docs"
SIDE = 1024  # pixels
QUALITY = 90


def draw(look: Look, side: int = SIDE) -> Image.Image:
    """One avatar, side x side pixels."""
    grid = Grid(side)
    surface = Surface(grid)
    hair.behind(surface, look)
    head.neck(surface, look)
    clothes.clothes(surface, look)
    features.ears(surface, look)
    _face(surface, look)
    worn.worn(surface, look)
    picture = lit(surface, _wall(grid, look))
    eyes.catchlights(picture, grid)
    if look.glasses:
        worn.glints(picture, grid)
    return Image.fromarray(_haired(picture, look))


def _face(surface: Surface, look: Look) -> None:
    relief = head.skull(surface.grid, look)
    eyes.fold(relief, look)
    surface.lay(surface.grid.mask(head.outline(look)), relief, head.complexion(surface.grid, look), SKIN)
    features.nostrils(surface, look)
    mouth.lips(surface, relief, look)
    eyes.balls(surface, look)


def _wall(grid: Grid, look: Look) -> Picture:
    """A studio wall, lit behind the head."""
    far = ((grid.x() - 40) / 470) ** 2 + ((grid.y() - 420) / 520) ** 2
    near, edge = (np.asarray(colour, dtype=np.float32) for colour in look.wall)
    return edge + (near - edge) * np.exp(-far)[..., None]


def _haired(picture: Picture, look: Look) -> np.ndarray:
    strands = Strands(picture)
    features.brows(strands, look)
    eyes.lashes(strands, look)
    beard.beard(strands, look)
    hair.over(strands, look)
    return strands.finished()


def webp(picture: Image.Image) -> bytes:
    """The picture as it is committed."""
    file = io.BytesIO()
    picture.save(file, "webp", quality=QUALITY, method=6)
    return file.getvalue()


def ship() -> None:
    """Writes the pictures, their table, the gateway's copy and the page of examples."""
    pictures = {look.name: draw(look) for look in LOOKS}
    for folder in (AVATARS, COPY):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.webp"):
            old.unlink()
        for name, picture in pictures.items():
            (folder / f"{name}.webp").write_bytes(webp(picture))
        table = [{"id": look.name, "name": look.name.title(), "gender": look.gender} for look in LOOKS]
        (folder / "avatars.json").write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    (DOCS / SHEET).write_bytes(webp(contact_sheet(pictures)))
    (DOCS / "AVATARS.md").write_text(page(LOOKS), encoding="utf-8")


def preview(folder: Path, names: list[str]) -> None:
    """Draws some avatars, or all, as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    for look in LOOKS:
        if not names or look.name in names:
            draw(look).save(folder / f"{look.name}.png")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        preview(Path(sys.argv[1]), sys.argv[2:])
    else:
        ship()
