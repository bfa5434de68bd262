"""Bytes of an upload to pixels, safely: the kind is read from the content, the size from the header before decoding.

Blocking: call it in a thread. Decoding takes at most MAX_PIXELS of memory whatever the file says.
"""

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from svc_video.faces.header import picture_size
from troupe.wire.errors import InvalidArgument, MediaTooLarge, UnsupportedMedia

Rgb = NDArray[np.uint8]  # (H, W, 3)

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 16_000_000
MIN_SIDE = 64  # pixels; a face in less cannot be animated
MAX_SIDE = 1600  # pixels; larger pictures are scaled down, no output needs more
BACKDROP = (214, 216, 220)  # a neutral light grey behind transparent pictures
DEEP_MODES = frozenset({"I;16", "I;16B", "I;16L", "I"})  # 16 bits per pixel, grey
BROKEN = (OSError, SyntaxError, ValueError, IndexError, EOFError, struct.error, zlib.error)  # what Pillow raises


def decode(content: bytes) -> Rgb:
    """An upright RGB picture of at most MAX_SIDE; UnsupportedMedia, MediaTooLarge, InvalidArgument."""
    if len(content) > MAX_BYTES:
        raise MediaTooLarge(f"The picture has {len(content)} bytes; at most {MAX_BYTES} (20 MiB) are allowed.")
    kind, width, height = picture_size(content)
    _check_size(width, height)
    try:
        with Image.open(io.BytesIO(content), formats=(kind,)) as image:
            _check_size(*image.size)
            if kind == "JPEG":
                image.draft("RGB", (MAX_SIDE, MAX_SIDE))
            image.load()
            upright = ImageOps.exif_transpose(image)
            picture = flat_rgb(upright)
    except BROKEN as error:
        raise UnsupportedMedia(
            "The picture is broken or cut off and cannot be decoded. Open it in an image program and save it again."
        ) from error
    picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    return np.asarray(picture, dtype=np.uint8)


def flat_rgb(image: Image.Image) -> Image.Image:
    """Any mode as opaque 8-bit RGB: deep grey is scaled, transparency laid over BACKDROP."""
    if image.mode in DEEP_MODES:
        deep = np.asarray(image).astype(np.float64)
        return Image.fromarray((deep / 257.0).round().clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        backdrop = Image.new("RGBA", layered.size, (*BACKDROP, 255))
        return Image.alpha_composite(backdrop, layered).convert("RGB")
    return image.convert("RGB")


def _check_size(width: int, height: int) -> None:
    """MediaTooLarge or InvalidArgument, before a byte is decoded."""
    if width * height > MAX_PIXELS:
        raise MediaTooLarge(
            f"The picture is {width} x {height} pixels; at most 16 megapixels are allowed. Scale it down: "
            f"{MAX_SIDE} pixels on the longer side are plenty."
        )
    if min(width, height) < MIN_SIDE:
        raise InvalidArgument(f"The picture is {width} x {height} pixels; each side needs at least {MIN_SIDE}.")
