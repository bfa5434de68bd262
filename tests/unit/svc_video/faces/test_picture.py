import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from svc_video.faces.header import picture_size
from svc_video.faces.picture import BACKDROP, MAX_SIDE, decode
from troupe.wire.errors import InvalidArgument, MediaTooLarge, UnsupportedMedia


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.fixture
def halves():
    """Left red, right blue, 120 x 80."""
    pixels = np.zeros((80, 120, 3), dtype=np.uint8)
    pixels[:, :60, 0] = pixels[:, 60:, 2] = 255
    return Image.fromarray(pixels)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_three_kinds_are_read_alike(halves, kind):
    content = encoded(halves, kind)
    assert picture_size(content) == (kind, 120, 80)
    rgb = decode(content)
    assert rgb.shape == (80, 120, 3)
    assert rgb[40, 20, 0] > 240
    assert rgb[40, 100, 2] > 240


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 50}, {"exact": True, "lossless": True}])
def test_every_kind_of_webp_tells_its_size(halves, options):
    assert picture_size(encoded(halves.convert("RGBA"), "WEBP", **options)) == ("WEBP", 120, 80)


def test_a_progressive_jpeg_with_metadata_tells_its_size(halves):
    content = encoded(halves, "JPEG", progressive=True, comment=b"x" * 3000)
    assert picture_size(content) == ("JPEG", 120, 80)


def test_a_text_file_named_png_is_refused():
    with pytest.raises(UnsupportedMedia, match="neither PNG, JPEG nor WebP"):
        decode(b"Dear sir or madam,\n" * 100)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_pictures_are_refused(halves, kind):
    with pytest.raises(UnsupportedMedia):
        decode(encoded(halves, kind))


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def test_a_bomb_is_refused_before_it_is_decoded():
    side = 13_000  # 507 MB of pixels in about 20 kB
    rows = zlib.compress(b"\0" * 1000)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    with pytest.raises(MediaTooLarge, match="13000 x 13000"):
        decode(bomb)


def test_many_bytes_are_refused():
    with pytest.raises(MediaTooLarge, match="20 MiB"):
        decode(b"\x89PNG\r\n\x1a\n" + bytes(21 * 1024 * 1024))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.8])
def test_a_cut_off_file_is_refused(kind, part):
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (200, 200, 3), dtype=np.uint8))
    content = encoded(noise, kind)
    with pytest.raises(UnsupportedMedia):
        decode(content[: int(len(content) * part)])


@pytest.mark.parametrize("at", range(0, 400, 7))
def test_flipped_bytes_never_raise_anything_else(halves, at):
    for kind in ("PNG", "JPEG", "WEBP"):
        content = bytearray(encoded(halves, kind))
        content[at % len(content)] ^= 0xFF
        with contextlib.suppress(UnsupportedMedia, MediaTooLarge, InvalidArgument):
            assert decode(bytes(content)).ndim == 3


def test_a_tiny_picture_is_refused():
    with pytest.raises(InvalidArgument, match="at least 64"):
        decode(encoded(Image.new("RGB", (40, 300)), "PNG"))


def test_exif_rotation_is_applied(halves):
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned clockwise by a quarter
    rgb = decode(encoded(halves, "JPEG", exif=exif, quality=95))
    assert rgb.shape == (120, 80, 3)
    assert rgb[10, 40, 0] > 240  # what was left is on top


def test_cmyk_becomes_rgb(halves):
    rgb = decode(encoded(halves.convert("CMYK"), "JPEG", quality=95))
    assert rgb[40, 20, 0] > 230
    assert rgb[40, 20, 2] < 40


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_shows_a_neutral_backdrop(mode):
    clear = Image.new("RGBA", (80, 80), (10, 200, 30, 0))
    options = {"transparency": 0} if mode == "P" else {}
    image = Image.new("P", (80, 80), 0) if mode == "P" else clear.convert(mode)
    assert decode(encoded(image, "PNG", **options))[40, 40].tolist() == list(BACKDROP)


def test_sixteen_bit_grey_keeps_its_tones():
    ramp = np.linspace(0, 65535, 100 * 100).astype(np.uint16).reshape(100, 100)
    rgb = decode(encoded(Image.fromarray(ramp), "PNG"))
    assert rgb[0, 0, 0] == 0
    assert rgb[-1, -1, 0] == 255
    assert abs(int(rgb[50, 0, 0]) - 128) <= 1


def test_a_palette_picture_is_read(halves):
    rgb = decode(encoded(halves.quantize(4), "PNG"))
    assert rgb[40, 20].tolist() == [255, 0, 0]


def test_a_large_picture_is_scaled_down():
    rgb = decode(encoded(Image.new("RGB", (4000, 3000), (9, 99, 199)), "JPEG"))
    assert max(rgb.shape) == MAX_SIDE
    assert rgb.shape == (1200, 1600, 3)
