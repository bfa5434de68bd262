from __future__ import annotations

import cv2
import numpy as np
import pytest

from svc_video.engines.sadtalker.canvas import Canvas
from svc_video.engines.sadtalker.seams import NAMES
from troupe.wire.errors import InvalidArgument


def renders(source, count: int = 3) -> np.ndarray:
    """The square, tinted and a little elsewhere in each frame."""
    size = source.size
    moved = [
        cv2.warpAffine(source.image, np.float32([[1, 0, index], [0, 1, 0.5 * index]]), (size, size), borderMode=1)
        for index in range(count)
    ]
    return np.clip(np.add(np.int16(moved), [9, -4, -7]), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("mode", ["crop", "extcrop", "resize"])
def test_the_natural_frame_is_upstreams_without_a_stretch_to_macroblocks(picture, source_of, mode) -> None:
    source = source_of(picture, mode=mode)
    made = Canvas(source, picture).compose(renders(source))
    shape = 64, int(64 * source.cut[1] / source.cut[0])
    for frame, render in zip(made, renders(source), strict=True):
        assert np.array_equal(frame, cv2.resize(render, shape)[: shape[1] // 2 * 2])


def test_an_extended_cut_keeps_its_own_shape(picture, source_of) -> None:
    source = source_of(picture, (90, 70, 210, 101), mode="extcrop", size=256)
    assert Canvas(source, picture).size == (256, 112)  # 160 x 71, not 120 x 31


@pytest.mark.parametrize("mode", ["crop", "resize", "extcrop", "full", "extfull"])
@pytest.mark.parametrize("frame", [(96, 96), (64, 114), (130, 72)])
@pytest.mark.parametrize("seam", NAMES)
def test_every_mode_covers_every_frame(picture, source_of, mode, frame, seam) -> None:
    source = source_of(picture, mode=mode)
    canvas = Canvas(source, picture, frame, seam)
    made = canvas.compose(renders(source))
    assert made.shape == (3, frame[1], frame[0], 3)
    assert made.dtype == np.uint8
    assert made.flags.c_contiguous
    assert np.array_equal(canvas.placed(canvas.heads(renders(source))), made)


@pytest.mark.parametrize("mode", ["full", "extfull"])
def test_the_seam_upstream_is_upstreams_paste(picture, source_of, mode) -> None:
    source = source_of(picture, mode=mode)
    made = Canvas(source, picture, seam="upstream").compose(renders(source))
    left, top, right, bottom = (90, 70, 210, 201) if mode == "full" else (70, 50, 230, 221)
    middle = (left + right) // 2, (top + bottom) // 2
    for frame, render in zip(made, renders(source), strict=True):
        shaped = cv2.resize(cv2.resize(render, (64, int(64 * 131 / 120))), (right - left, bottom - top))
        expected = cv2.seamlessClone(shaped, picture, np.full_like(shaped, 255), middle, cv2.NORMAL_CLONE)
        assert np.array_equal(frame, expected)


@pytest.mark.parametrize("frame", [None, (180, 200), (128, 96)])
def test_the_seam_poisson_gives_the_same_picture(picture, source_of, frame) -> None:
    source = source_of(picture)
    ours, theirs = (Canvas(source, picture, frame, seam).compose(renders(source)) for seam in ("poisson", "upstream"))
    differ = np.abs(ours.astype(int) - theirs)
    assert differ.max() <= 2
    assert 10 * np.log10(255**2 / max(1e-9, np.mean(differ**2))) >= 45


def test_a_picture_shrunk_for_its_large_face_gets_the_head_back_in_its_place(picture, source_of) -> None:
    source = source_of(picture, (45, 35, 105, 100), seen=(180, 200), size=128)
    frame = Canvas(source, picture).compose(source.image[None])[0]
    assert np.abs(frame.astype(int) - picture).mean() < 1.5
    assert np.array_equal(frame[:69], picture[:69])
    assert np.array_equal(frame[200:], picture[200:])


@pytest.mark.parametrize("mode", ["full", "extfull"])
@pytest.mark.parametrize("frame", [None, (128, 128), (90, 160)])
def test_the_sources_own_square_gives_the_picture_back(picture, source_of, mode, frame) -> None:
    source = source_of(picture, mode=mode, size=256)
    canvas = Canvas(source, picture, frame)
    made = canvas.compose(source.image[None])[0]
    assert np.abs(made.astype(int) - canvas.place.background).max() <= 6


def test_a_frame_does_not_depend_on_its_neighbours(picture, source_of) -> None:
    source = source_of(picture)
    canvas, all_of_them = Canvas(source, picture, (128, 128)), renders(source, 4)
    together = canvas.compose(all_of_them)
    assert np.array_equal(together[2:], canvas.compose(all_of_them[2:]))
    assert len(canvas.compose(all_of_them[:0])) == 0


def test_outside_the_box_the_frame_is_the_picture(picture, source_of) -> None:
    source = source_of(picture)
    outside = np.ones((400, 360), bool)
    outside[70:201, 90:210] = False
    for seam in NAMES:
        frames = Canvas(source, picture, seam=seam).compose(renders(source))
        assert np.array_equal(frames[:, outside], np.repeat(picture[outside][None], 3, 0))


def test_an_unknown_seam_is_told_with_those_there_are(picture, source_of) -> None:
    with pytest.raises(InvalidArgument, match="'sewn' is not known; there are: feather, poisson, upstream"):
        Canvas(source_of(picture), picture, seam="sewn")
