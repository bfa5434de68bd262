from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.bench.lipsync.face import STILL_POINTS, affine, track, turned
from tests.bench.lipsync.footage import encoded_again, shots
from tests.bench.lipsync.upper import ssim, upper_ssim

from svc_video.faces.finder import DATA, FaceFinder
from svc_video.faces.picture import decode

RATE = 25


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    cv2.setNumThreads(1)
    return FaceFinder()


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return cv2.resize(np.array(decode((DATA / "avatars" / "ada.webp").read_bytes())), (512, 512))


def filmed(frames: list[np.ndarray], path: Path) -> Path:
    encoded_again(frames, path, RATE)
    return path


def swayed(portrait: np.ndarray, degrees: float) -> np.ndarray:
    matrix = cv2.getRotationMatrix2D((256, 400), degrees, 1.0)
    return cv2.warpAffine(portrait, matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE)


def test_a_picture_is_like_itself_and_unlike_noise() -> None:
    grey = np.random.default_rng(1).integers(0, 256, (64, 64)).astype(np.float32)
    other = np.random.default_rng(2).integers(0, 256, (64, 64)).astype(np.float32)
    assert ssim(grey, grey).min() == pytest.approx(1.0)
    assert ssim(grey, other).mean() < 0.2


def test_a_frame_is_seen_in_the_middle_of_its_time(portrait: np.ndarray, tmp_path: Path) -> None:
    film = filmed([portrait] * 4, tmp_path / "film.mp4")
    assert [shot.at_s for shot in shots(film)] == pytest.approx([0.02, 0.06, 0.10, 0.14])


def test_a_head_that_sways_keeps_its_upper_face(portrait: np.ndarray, finder: FaceFinder, tmp_path: Path) -> None:
    film = filmed([swayed(portrait, degrees) for degrees in (0, 1, 2, 3, 2, 0)], tmp_path / "film.mp4")
    seen = track(film, finder)
    assert seen.angles[3, 2] == pytest.approx(-3, abs=0.5)  # cv2 turns anticlockwise
    assert upper_ssim(film, seen).min() > 0.93


def test_an_upper_face_that_changes_is_noticed(portrait: np.ndarray, finder: FaceFinder, tmp_path: Path) -> None:
    other = portrait.copy()
    other[120:260] = cv2.GaussianBlur(portrait, (0, 0), 6)[120:260]
    film = filmed([portrait, portrait, portrait, other, other], tmp_path / "film.mp4")
    found = upper_ssim(film, track(film, finder))
    assert found[:3].min() > 0.97
    assert found[3:].max() < 0.9


def test_the_pose_is_told_in_degrees() -> None:
    rest = np.random.default_rng(3).normal(0, 50, (478, 3)).astype(np.float32)
    for axis, turn in enumerate(np.radians([6.0, 4.0, 3.0])):
        cos, sin = np.cos(turn), np.sin(turn)
        yaw = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
        pitch = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
        roll = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        found = turned(rest, (rest @ (yaw, pitch, roll)[axis].T + 7).astype(np.float32))
        assert found == pytest.approx([np.degrees(turn) if each == axis else 0.0 for each in range(3)], abs=1e-3)


def test_the_affine_fit_finds_what_was_done() -> None:
    rest = np.random.default_rng(4).normal(0, 50, (478, 3)).astype(np.float32)
    matrix = np.array([[1.02, 0.1, 5.0], [-0.08, 0.97, -3.0]])
    moved = rest.copy()
    moved[:, :2] = rest[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    moved[13] += 30  # a lip
    assert 13 not in STILL_POINTS
    assert affine(rest, moved) == pytest.approx(matrix, abs=1e-4)
