from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

import pytest

from svc_tts.weights.judge import judge_piper, judge_xtts
from troupe.wire.errors import CheckpointBroken

REBUILD = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nccollections\nOrderedDict\n\x86."
CONFIG_OF_COQUI = b"\x80\x02cTTS.tts.configs.xtts_config\nXttsConfig\n."
CALLS_SYSTEM = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."
PAGE = b"<!doctype html><title>Sign in</title>"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"


def checkpoint(path: Path, data: bytes, inside: str = "model/data.pkl") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(inside, data)
        archive.writestr("model/data/0", b"\0" * 64)
    return path


@pytest.mark.parametrize("data", [REBUILD, CONFIG_OF_COQUI])
def test_a_checkpoint_of_tensors_and_a_config_is_let_in(tmp_path: Path, data: bytes) -> None:
    judge_xtts(checkpoint(tmp_path / "model.pth.c7ea20001c6a.part", data))


def test_the_format_of_older_pytorch_is_left_to_the_loader(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(pickle.dumps({"model": 1}, protocol=2))
    judge_xtts(path)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (CALLS_SYSTEM, "posix system"),
        (b"\x80\x02cbuiltins\neval\n.", "builtins eval"),
        (b"\x80\x02ctorchevil\nx\n.", "torchevil x"),
        (pickle.dumps(Path, protocol=4), "STACK_GLOBAL"),
        (b"\x80\x02ctorch", "damaged"),
    ],
)
def test_a_pickle_that_would_run_something_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    with pytest.raises(CheckpointBroken, match=reason):
        judge_xtts(checkpoint(tmp_path / "speakers_xtts.pth.f0f6137c19a4.part", data))


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    for data in (PAGE, POINTER, b""):
        (tmp_path / "model.pth").write_bytes(data)
        with pytest.raises(CheckpointBroken, match="no checkpoint of PyTorch"):
            judge_xtts(tmp_path / "model.pth")
    with pytest.raises(CheckpointBroken, match="archive and no checkpoint"):
        judge_xtts(checkpoint(tmp_path / "model.pth", REBUILD, inside="readme.txt"))


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("config.json", b'{"model": "vits"}', "no config.json of XTTS"),
        ("config.json", PAGE, "not JSON"),
        ("vocab.json", b"[]", "no object"),
    ],
)
def test_the_small_files_of_xtts(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    path = tmp_path / f"{name}.0123456789ab.part"
    path.write_bytes(data)
    with pytest.raises(CheckpointBroken, match=reason):
        judge_xtts(path)


def test_the_small_files_of_xtts_that_are_right(tmp_path: Path) -> None:
    for name, data in (("config.json", b'{"model": "xtts"}'), ("vocab.json", b"{}"), ("LICENSE.txt", b"CPML")):
        (tmp_path / name).write_bytes(data)
        judge_xtts(tmp_path / name)


def test_a_voice_of_piper(tmp_path: Path) -> None:
    model, config = tmp_path / "en_US-a-low.onnx.00.part", tmp_path / "en_US-a-low.onnx.json.00.part"
    model.write_bytes(b"\x08\x08rest of it")
    judge_piper(model)
    config.write_text(json.dumps({"audio": {"sample_rate": 22050}, "phoneme_id_map": {"_": [0]}}))
    judge_piper(config)
    for data in (PAGE, POINTER, b""):
        model.write_bytes(data)
        with pytest.raises(CheckpointBroken, match="ONNX"):
            judge_piper(model)
    config.write_text('{"audio": {}}')
    with pytest.raises(CheckpointBroken, match="phoneme_id_map"):
        judge_piper(config)
