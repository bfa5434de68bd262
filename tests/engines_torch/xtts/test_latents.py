import pytest
import torch

from svc_tts.engines.xtts.latents import VoiceLatents
from troupe.wire.errors import CheckpointBroken


@pytest.fixture
def latents():
    return VoiceLatents(conditioning=torch.randn(32, 64), speaker=torch.randn(512))


def test_they_come_back(tmp_path, latents):
    latents.save(tmp_path / "voice.safetensors", model="abc")
    read = VoiceLatents.read(tmp_path / "voice.safetensors", model="abc")
    assert torch.equal(read.conditioning, latents.conditioning)
    assert torch.equal(read.speaker, latents.speaker)
    assert [path.name for path in tmp_path.iterdir()] == ["voice.safetensors"]


def test_those_of_another_model_are_refused(tmp_path, latents):
    latents.save(tmp_path / "voice.safetensors", model="abc")
    with pytest.raises(CheckpointBroken, match=r"another model \(abc\)"):
        VoiceLatents.read(tmp_path / "voice.safetensors", model="xyz")


def test_a_damaged_file_is_refused(tmp_path, latents):
    latents.save(tmp_path / "voice.safetensors", model="abc")
    raw = (tmp_path / "voice.safetensors").read_bytes()
    (tmp_path / "voice.safetensors").write_bytes(raw[:1000])
    with pytest.raises(CheckpointBroken, match="no latents of a voice"):
        VoiceLatents.read(tmp_path / "voice.safetensors", model="abc")
    with pytest.raises(FileNotFoundError):
        VoiceLatents.read(tmp_path / "absent.safetensors", model="abc")
