"""Draws the shipped avatars from code: no photograph, no person, no rights to clear.

Run by hand: `.venv/bin/python svc-video/tools/draw_avatars.py [FOLDER]`. The pictures are committed as lossy WebP, with
a table of names and genders beside them. A look's seed decides hair and brows; change a look or add one in
avatar_parts/looks.py.
"""

import json
import sys
from pathlib import Path

from avatar_parts import body, face, hair
from avatar_parts.looks import LOOKS, Look
from PIL import Image

AVATARS = Path(__file__).parents[1] / "src" / "svc_video" / "data" / "avatars"
QUALITY = 93


def draw(look: Look) -> Image.Image:
    """One avatar, 1024 x 1024."""
    canvas = body.backdrop(look)
    hair.behind(canvas, look)
    body.neck(canvas, look)
    body.clothes(canvas, look)
    face.ears(canvas, look)
    mask = face.face(canvas, look)
    face.nose(canvas, look, mask)
    face.mouth(canvas, look)
    face.eyes(canvas, look)
    hair.over(canvas, look)
    return Image.fromarray(canvas.finished())


def main() -> None:
    """Writes the pictures and avatars.json."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else AVATARS
    folder.mkdir(parents=True, exist_ok=True)
    for look in LOOKS:
        draw(look).save(folder / f"{look.name}.webp", quality=QUALITY, method=6)
        print(look.name, (folder / f"{look.name}.webp").stat().st_size, "bytes")
    table = [{"id": look.name, "name": look.name.title(), "gender": look.gender} for look in LOOKS]
    (folder / "avatars.json").write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
