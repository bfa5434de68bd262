from __future__ import annotations

import argparse
import os
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tests.fakes.matfile import write
from tests.fakes.sadtalker_release import make

from svc_video.engines.sadtalker import checkpoint, files
from troupe.wire.errors import CheckpointBroken, CheckpointNotFound, InvalidArgument

NAMES = {
    "generator": ("first.conv.weight", "dense_motion_network.mask.weight"),
    "kp_extractor": ("kp.weight", "predictor.encoder.down_blocks.0.norm.num_batches_tracked"),
    "audio2exp": ("audio_encoder.0.conv_block.0.weight", "mapping1.weight"),
    "audio2pose": (
        "audio_encoder.audio_encoder.0.conv_block.0.weight",
        "netG.decoder.MLP.L0.weight",
        "netG.encoder.MLP.L0.weight",
        "netD_motion.seq.0.weight",
    ),
    "face_3drecon": ("backbone.conv1.weight", "final_layers.0.weight"),
}
DEAD = {"netG.encoder.MLP.L0.weight", "netD_motion.seq.0.weight"}


def tensors(names: tuple[str, ...], seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.tensor(seed) if name.endswith("tracked") else torch.randn(3, 2, generator=generator)
        for name in names
    }


def part(name: str, size: int = 256) -> dict[str, torch.Tensor]:
    return tensors(NAMES[name], size + list(NAMES).index(name))


def put_release(folder: Path, size: int = 256, dtype: torch.dtype = torch.float32) -> None:
    flat = {f"{name}.{own}": tensor for name in NAMES for own, tensor in part(name, size).items()}
    flat = {name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in flat.items()}
    flat["he_estimator.generator.weight"] = torch.zeros(1)  # upstream's substring test takes this for the generator's
    save_file(flat, folder / files.release_file(size))


def put_mappings(folder: Path) -> None:
    for number, name in enumerate(files.MAPPINGS):
        content = {
            "mapping": tensors(("first.0.weight", "fc_yaw.weight"), number),
            "optimizer_mapping": {"state": {0: {"step": 7, "exp_avg": torch.ones(2)}}, "param_groups": [{"lr": 1e-3}]},
            "epoch": 109,
        }
        torch.save(content, folder / name, _use_new_zipfile_serialization=number == 0)


def put_old(folder: Path, *, new_format: bool = True) -> None:
    for name in files.OLD_SET:
        content = {key: part(each) for each, (home, key) in checkpoint.OLD_PARTS.items() if home == name}
        torch.save(content | {"epoch": 3}, folder / name, _use_new_zipfile_serialization=new_format)


def same(held: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> bool:
    return held.keys() == wanted.keys() and all(torch.equal(held[name], wanted[name]) for name in wanted)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put_release(tmp_path)
    put_mappings(tmp_path)
    return tmp_path


@pytest.mark.parametrize("full", [False, True])
def test_each_part_has_its_own_names_and_nothing_dead(folder: Path, full: bool) -> None:
    held = checkpoint.load(folder, 256, full=full)
    for name in NAMES:
        wanted = {own: tensor for own, tensor in part(name).items() if own not in DEAD}
        assert same(getattr(held, name), wanted), name
    assert same(held.mapping, tensors(("first.0.weight", "fc_yaw.weight"), int(full)))
    assert same(held.mapping, checkpoint.mapping_of(folder, full=full))
    assert held.size == 256


def test_each_size_has_its_own_file(folder: Path) -> None:
    with pytest.raises(CheckpointNotFound, match=r"SadTalker checkpoint not found .*SadTalker_V0\.0\.2_512"):
        checkpoint.load(folder, 512, full=False)
    put_release(folder, 512)
    assert same(checkpoint.load(folder, 512, full=False).generator, part("generator", 512))
    with pytest.raises(InvalidArgument, match="256 or 512 pixels, not 300"):
        checkpoint.load(folder, 300, full=False)


@pytest.mark.parametrize("new_format", [True, False])
def test_the_old_set_gives_the_same(folder: Path, new_format: bool) -> None:
    release = checkpoint.load(folder, 256, full=True)
    (folder / files.release_file(256)).unlink()
    put_old(folder, new_format=new_format)
    old = checkpoint.load(folder, 256, full=True)
    for name in (*NAMES, "mapping"):
        assert same(getattr(old, name), getattr(release, name)), name
    assert old.identity != release.identity
    with pytest.raises(CheckpointNotFound, match="_512"):
        checkpoint.load(folder, 512, full=False)


def test_a_whole_release_comes_with_all_its_names_in_both_forms(tmp_path: Path) -> None:
    release = checkpoint.load(make(tmp_path / "release", face=True), 256, full=True)
    assert {name: len(getattr(release, name)) for name in (*NAMES, "mapping")} == {
        "generator": 386,
        "kp_extractor": 75,
        "audio2exp": 93,
        "audio2pose": 419 - 154 - 20,  # without what reads poses, and what judges them
        "face_3drecon": 332,
        "mapping": 18,
    }
    old = checkpoint.load(make(tmp_path / "old", saved_as="pth"), 256, full=True)
    for name in (*NAMES, "mapping"):
        ours, theirs = getattr(release, name), getattr(old, name)
        assert ours.keys() == theirs.keys(), name
        assert all(torch.equal(ours[own].flatten(), theirs[own].flatten()) for own in ours), name
    faces = checkpoint.face_files(tmp_path / "release")
    assert (len(faces.retinaface), len(faces.fan)) == (456, 1137)
    assert "body.conv1.weight" in faces.retinaface


def test_half_precision_becomes_single(folder: Path) -> None:
    put_release(folder, dtype=torch.float16)
    held = checkpoint.load(folder, 256, full=False)
    assert {tensor.dtype for tensor in held.generator.values()} == {torch.float32}
    assert held.kp_extractor[NAMES["kp_extractor"][1]].dtype == torch.int64


def test_the_identity_tells_weights_apart(folder: Path) -> None:
    first = checkpoint.load(folder, 256, full=False).identity
    assert first == checkpoint.load(folder, 256, full=False).identity
    assert first != checkpoint.load(folder, 256, full=True).identity
    data = bytearray((folder / files.release_file(256)).read_bytes())
    data[-3] ^= 1
    (folder / files.release_file(256)).write_bytes(data)
    assert first != checkpoint.load(folder, 256, full=False).identity


def test_what_is_no_release_names_the_networks_it_lacks(folder: Path) -> None:
    save_file({"generator.a": torch.zeros(1)}, folder / files.release_file(256))
    with pytest.raises(CheckpointBroken, match="lacks the networks kp_extractor, audio2exp, audio2pose, face_3drecon"):
        checkpoint.load(folder, 256, full=False)


def test_damage_of_the_release_is_told(folder: Path) -> None:
    path = folder / files.release_file(256)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(CheckpointBroken, match=r"is damaged .* make sadtalker"):
        checkpoint.load(folder, 256, full=False)
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(CheckpointBroken, match="pointer of Git LFS"):
        checkpoint.load(folder, 256, full=False)


def test_a_mapping_without_its_network_says_what_it_holds(folder: Path) -> None:
    torch.save({"epoch": 3, "generator": {}}, folder / files.CROP_MAPPING)
    with pytest.raises(CheckpointBroken, match="lacks the network mapping; it holds epoch, generator"):
        checkpoint.mapping_of(folder, full=False)
    torch.save([1], folder / files.CROP_MAPPING)
    with pytest.raises(CheckpointBroken, match="holds no networks by name"):
        checkpoint.mapping_of(folder, full=False)


def test_what_training_left_does_no_harm_and_is_not_built(folder: Path) -> None:
    content = {"mapping": {"a": torch.ones(2)}, "best": np.float64(0.5), "args": argparse.Namespace(lr=1)}
    for new_format in (True, False):
        torch.save(content, folder / files.CROP_MAPPING, _use_new_zipfile_serialization=new_format)
        assert same(checkpoint.mapping_of(folder, full=False), {"a": torch.ones(2)})


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch harmed",)


def test_a_pickle_that_would_run_something_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for new_format in (True, False):
        torch.save({"mapping": Harmful()}, folder / files.CROP_MAPPING, _use_new_zipfile_serialization=new_format)
        with pytest.raises(CheckpointBroken, match=r"is refused: .*system"):
            checkpoint.mapping_of(folder, full=False)
    assert not (folder / "harmed").exists()


@pytest.mark.parametrize("content", [b"not a pickle", b"PK\x03\x04 and no archive", b"\x80\x02."])
def test_a_damaged_pickle_is_told(folder: Path, content: bytes) -> None:
    (folder / files.CROP_MAPPING).write_bytes(content)
    with pytest.raises(CheckpointBroken, match=r"mapping_00229-model\.pth\.tar .* make sadtalker"):
        checkpoint.mapping_of(folder, full=False)


@pytest.mark.parametrize("new_format", [True, False])
def test_wrong_bits_are_told_as_damage_or_not_at_all(folder: Path, new_format: bool) -> None:
    path = folder / files.CROP_MAPPING
    torch.save({"mapping": {"a.weight": torch.ones(3, 2)}}, path, _use_new_zipfile_serialization=new_format)
    whole, random = path.read_bytes(), np.random.default_rng(7)
    for _ in range(300):
        broken = bytearray(whole)
        broken[random.integers(len(whole))] ^= 1 << random.integers(8)
        path.write_bytes(broken[: random.integers(1, len(whole))] if random.random() < 0.3 else broken)
        with warnings.catch_warnings(action="ignore"), suppress(CheckpointBroken):  # and nothing else
            checkpoint.mapping_of(folder, full=False)


def test_the_face_files_lose_what_several_cards_put_before_their_names(tmp_path: Path) -> None:
    retinaface, fan = tensors(("body.conv1.weight",), 1), tensors(("m0.b1_4.bn1.weight",), 2)
    torch.save(
        {f"module.{name}": tensor for name, tensor in retinaface.items()},
        tmp_path / files.RETINAFACE,
        _use_new_zipfile_serialization=False,
    )
    torch.save({"state_dict": fan, "epoch": 3}, tmp_path / files.FAN)
    held = checkpoint.face_files(tmp_path)
    assert same(held.retinaface, retinaface)
    assert same(held.fan, fan)
    torch.save({}, tmp_path / files.FAN)
    with pytest.raises(CheckpointBroken, match="holds no tensors"):
        checkpoint.face_files(tmp_path)


def test_the_mean_points_are_eyes_nose_and_mouth(tmp_path: Path) -> None:
    points = np.arange(68 * 3, dtype=np.float32).reshape(68, 3)
    write(tmp_path / files.MEAN_FACE, {"lm": points})
    eyes = [(points[36] + points[39]) / 2, (points[42] + points[45]) / 2]
    mean = checkpoint.mean_points(tmp_path)
    np.testing.assert_array_equal(mean, [*eyes, points[30], points[48], points[54]])
    assert mean.dtype == np.float32
    write(tmp_path / files.MEAN_FACE, {"lm": points[:5]})
    with pytest.raises(CheckpointBroken, match=r"the shape \(5, 3\); \(68, 3\) is wanted"):
        checkpoint.mean_points(tmp_path)
