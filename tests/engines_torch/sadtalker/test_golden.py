"""Our networks and whole clips against what upstream (cd4c046) answered for the same random weights."""

import functools

import numpy as np
import pytest
import torch
from tests.bench.sadtalker import record
from tests.bench.sadtalker.ours import Ours, answer, orders
from tests.bench.sadtalker.questions import network_questions
from tests.fakes.sadtalker_release import make, values

from svc_video.engines.sadtalker.renderer import Renderer

LIMITS = {
    "mel": 1e-5,
    "windows": 1e-5,
    "blinks": 0.0,
    "motion": 1e-5,
    "keypoints": 1e-5,
    "canonical": 1e-5,
    "volume": 1e-4,
    "deformation": 1e-5,
    "occlusion": 1e-5,
    "frames": 1e-3,
    "recon": 1e-5,
    "aligned": 0.0,
    "place": 1e-4,
    "heat": 1e-4,
    "landmarks_98": 1e-3,
    "found": 1e-2,
    "detector_boxes": 1e-4,
    "detector_scores": 1e-5,
    "image": 0.0,
    "coefficients": 1e-4,
    "cut": 0.0,
    "outer": 0.0,
    "inner": 1e-3,
    "looked_image": 0.0,
    "looked_coefficients": 1e-4,
    "looked_cut": 0.0,
    "looked_outer": 0.0,
    "looked_inner": 1e-3,
}
CLIP_LEVELS = 2  # of 255: rounding, twice where a head is set back
CLIP_MEAN_LEVELS = 0.1

torch.set_num_threads(1)  # small networks: two threads only wait for each other


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return make(tmp_path_factory.mktemp("sadtalker"), face=True)


@pytest.fixture(scope="module")
def answers(release):
    return record.thinned(answer(Ours(release), network_questions(), *record.NETWORKS))


@functools.cache
def golden(name):
    return dict(np.load(record.GOLDEN / f"{name}.npz"))


@pytest.mark.parametrize("name", LIMITS)
def test_a_network_equals_upstream(answers, name):
    expected = golden("networks")[name]
    assert answers[name].shape == expected.shape
    assert np.abs(answers[name].astype(np.float64) - expected).max() <= LIMITS[name]
    assert expected.astype(np.float64).std() > 0.01  # or it would say nothing


def test_every_recorded_answer_is_compared():
    assert set(golden("networks")) == set(LIMITS)


@pytest.mark.parametrize("mode", record.CLIPS)
def test_a_whole_clip_equals_upstream(release, mode):
    asked, expected = record.clip_questions(mode), golden(f"clip_{mode}")
    made = record.thinned(answer(Ours(release, preprocess=mode), asked, "clip"))
    motion = expected["motion"] * np.where(np.arange(70) < 64, asked["expression_scale"], 1)  # upstream tells it before
    columns = slice(64 if asked["still"] else 70)  # and the pose that a still head does not have
    assert np.abs(made["motion"] - motion)[:, columns].max() <= LIMITS["motion"]
    rows = min(made["clip"].shape[1], expected["clip"].shape[1])  # ours has an even height
    apart = np.abs(made["clip"][:, :rows].astype(np.float64) - expected["clip"][:, :rows])
    assert apart.max() <= CLIP_LEVELS
    assert apart.mean() <= CLIP_MEAN_LEVELS
    assert expected["clip"].astype(np.float64).std(axis=0).mean() > 1  # it moves


def test_a_frame_of_full_width_equals_upstream():
    parts = [
        {name: torch.from_numpy(v) for name, v in values(part, 1.0).items()} for part in ("generator", "kp_extractor")
    ]
    ours = Ours(None)
    ours.__dict__["renderer"] = Renderer.of(*parts, device="cpu", precision="fp32")
    asked, expected = record.wide_questions(), golden("wide")
    frames = ours.renderer.render_float(orders(ours, asked)).numpy()
    apart = record.thinned({"frames": frames})["frames"] - expected["frames"]
    assert np.abs(apart).max() <= 1e-3
    assert -20 * np.log10(np.sqrt((apart**2).mean())) >= 90  # dB
