from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from tests.fakes.matfile import write

from svc_video.engines.sadtalker import files
from svc_video.weights.judge import judge
from troupe.wire.errors import CheckpointBroken

NETWORKS = files.release_file(256)


def header(told: bytes) -> bytes:
    return struct.pack("<Q", len(told)) + told


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (NETWORKS, header(b'{"generator.first.conv.weight": {}}')),
        (files.FAN, b"\x80\x02}q\x00."),
        (f"{files.FAN}.0123456789ab.part", b"PK\x03\x04"),
    ],
)
def test_what_the_engine_reads_is_let_in(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    judge(path)


def test_a_mean_face_is_read(tmp_path: Path) -> None:
    judge(write(tmp_path / files.MEAN_FACE, {"lm": np.zeros((68, 3))}))
    with pytest.raises(CheckpointBroken, match="it has no array"):
        judge(write(tmp_path / files.MEAN_FACE, {"points": np.zeros((68, 3))}))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (NETWORKS, b"", "it is empty"),
        (NETWORKS, b"<!doctype html>", "a web page"),
        (NETWORKS, b"\x01\x02", "no safetensors file"),
        (NETWORKS, struct.pack("<Q", 1 << 40) + b"{}", "no safetensors file"),
        (NETWORKS, header(b"{not json"), "no safetensors file"),
        (NETWORKS, header(b"[1, 2]"), "without the networks of SadTalker"),
        (NETWORKS, header(b'{"model.weight": {}}'), "without the networks of SadTalker"),
        (files.CROP_MAPPING, b"Not Found", "no checkpoint of PyTorch"),
    ],
)
def test_anything_else_is_told(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CheckpointBroken, match=told):
        judge(path)
