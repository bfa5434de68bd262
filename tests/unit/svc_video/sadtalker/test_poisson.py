from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from svc_video.engines.sadtalker.poisson import SMALLEST, Poisson


def soft(seed: int, height: int, width: int, sigma: float) -> np.ndarray:
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((height, width, 3)).astype(np.float32), (0, 0), sigma)
    return ((noise - noise.min()) / np.ptp(noise) * 255).astype(np.uint8)


def seamless(patch: np.ndarray, target: np.ndarray) -> np.ndarray:
    middle = patch.shape[1] // 2, patch.shape[0] // 2
    return cv2.seamlessClone(patch, target, np.full_like(patch, 255), middle, cv2.NORMAL_CLONE)


@pytest.mark.parametrize("size", [(121, 140), (140, 121), (97, 97), (40, 300), (SMALLEST, SMALLEST), (13, 90)])
def test_it_gives_what_opencv_gives(size) -> None:
    patch, target = soft(1, *size, 4), soft(2, *size, 7)
    ours, theirs = Poisson(target).cloned(patch), seamless(patch, target)
    differ = np.abs(ours.astype(int) - theirs)
    assert differ.max() <= 1
    assert (differ > 0).mean() < 0.03  # where a float stood close to a whole level


def test_waves_left_out_in_the_middle_are_not_seen(monkeypatch) -> None:
    patch, target = soft(1, 260, 240, 2), soft(2, 260, 240, 9)
    shortened = Poisson(target).cloned(patch)
    monkeypatch.setattr("svc_video.engines.sadtalker.poisson.FAINT", 1e9)
    everything = Poisson(target)
    assert everything.down.strong == len(everything.down.sines)
    differ = np.abs(shortened.astype(int) - everything.cloned(patch))
    assert differ.max() <= 1
    assert (differ > 0).mean() < 0.001


def test_the_boundary_is_the_targets_and_a_flat_patch_vanishes() -> None:
    target = np.full((60, 80, 3), 90, np.uint8)
    patch = np.full((60, 80, 3), 200, np.uint8)
    assert np.abs(Poisson(target).cloned(patch).astype(int) - 90).max() <= 1


def test_the_constants_do_not_change_with_use() -> None:
    target, first, second = soft(1, 50, 60, 3), soft(2, 50, 60, 3), soft(3, 50, 60, 3)
    place = Poisson(target)
    once = place.cloned(first)
    place.cloned(second)
    assert np.array_equal(place.cloned(first), once)


def test_it_is_much_faster_than_opencv() -> None:
    patch, target = soft(1, 300, 280, 4), soft(2, 300, 280, 7)
    place = Poisson(target)
    place.cloned(patch)

    def cpu_s(work) -> float:
        begin = time.process_time()
        work()
        return time.process_time() - begin

    times = [(cpu_s(lambda: place.cloned(patch)), cpu_s(lambda: seamless(patch, target))) for _ in range(5)]
    ours, theirs = map(min, zip(*times, strict=True))
    assert ours < theirs  # a thirteenth of it, on a quiet machine; neighbours and waiting threads cost both
