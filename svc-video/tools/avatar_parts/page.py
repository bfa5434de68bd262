"""The page of examples, docs/AVATARS.md, and its contact sheet."""

from collections.abc import Mapping, Sequence

from PIL import Image

from avatar_parts.looks import Look

SHEET = "avatars.webp"
COLUMNS, CELL = 5, 360  # pixels
TEXT = """# Avatars

Pass one of these ids as `portrait` (or `portrait_id`); without one the first speaks. They are drawn by code from
numbers (`svc-video/tools/avatar_parts/`): no photograph, no person, no rights to clear. Nobody owns them and they
cannot be deleted. A film of one is labelled as synthetic like any other.

![All avatars]({sheet})

| id | look | a voice that suits |
|---|---|---|
{rows}

## How to add a look

1. Add a `Look` to `svc-video/tools/avatar_parts/cast.py`. `looks.py` says what each number means; the first in the list
   is the default avatar. `seed` decides where single hairs and freckles fall.
2. Look at it: `.venv/bin/python svc-video/tools/draw_avatars.py out/avatars NAME` writes `out/avatars/NAME.png` in
   about ten seconds.
3. A new head of hair is a function in `hair.py` or `short_hair.py`: key curves from the hindmost to the foremost, and
   `sheet` fills in the locks between them. New clothes are a function in `clothes.py`. The lamps are the same for all
   (`light.py`), so parts fit together as they are.
4. `make avatars` draws them all into svc-video and the gateway, and writes this page.
5. `make test TESTS=tests/unit/svc_video/portrait/test_avatars.py` asks whether the face is found, its eyes are open,
   its mouth is closed, and whether it is not somebody who is there already.
"""


def page(looks: Sequence[Look]) -> str:
    """docs/AVATARS.md."""
    rows = "\n".join(f"| `{look.name}` | {look.about} | {look.voice} |" for look in looks)
    return TEXT.format(sheet=SHEET, rows=rows)


def contact_sheet(pictures: Mapping[str, Image.Image]) -> Image.Image:
    """All avatars on one picture, COLUMNS a row."""
    rows = -(-len(pictures) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * CELL, rows * CELL), (255, 255, 255))
    for k, picture in enumerate(pictures.values()):
        small = picture.resize((CELL, CELL), Image.Resampling.LANCZOS)
        sheet.paste(small, (k % COLUMNS * CELL, k // COLUMNS * CELL))
    return sheet
