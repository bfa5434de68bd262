import json
import time

import pytest
import safetensors.torch
import torch
from tests.fakes.xtts_release import SAVED, SPEAKERS, TINY, config_json, hostile, make

from svc_tts.engines.xtts import layout
from svc_tts.engines.xtts.checkpoint import load, named
from troupe.wire.errors import CheckpointBroken, CheckpointNotFound


@pytest.mark.parametrize("saved_as", SAVED)
def test_every_way_of_saving_gives_the_same_tensors(tmp_path, checkpoint, saved_as):
    read = load(make(tmp_path, TINY, saved_as=saved_as))
    assert read.identity == checkpoint.identity
    assert read.tensors.keys() == checkpoint.tensors.keys()
    for name, tensor in read.tensors.items():
        assert torch.allclose(tensor, checkpoint.tensors[name], rtol=1e-6, atol=0), name


def test_sizes_come_from_the_config_and_the_tensors(checkpoint):
    assert checkpoint.config.gpt == TINY.gpt
    assert checkpoint.config.vocoder == TINY.vocoder
    assert checkpoint.config.speaker == TINY.speaker


def test_tensors_are_those_of_the_layout_without_the_unused(checkpoint):
    expected = layout.tensors(checkpoint.config)
    left_out = set(expected) - set(checkpoint.tensors)
    assert left_out == {"gpt.text_head.weight", "gpt.text_head.bias"}
    assert all(tuple(tensor.shape) == expected[name] for name, tensor in checkpoint.tensors.items())


def test_the_built_in_voices_are_there(checkpoint):
    assert tuple(checkpoint.speakers) == SPEAKERS
    voice = checkpoint.speakers[SPEAKERS[0]]
    assert voice.conditioning.shape == (32, 64)
    assert voice.speaker.shape == (512,)


def test_a_release_without_built_in_voices(tmp_path):
    folder = make(tmp_path)
    (folder / "speakers_xtts.pth").unlink()
    assert load(folder).speakers == {}


def test_another_seed_is_another_identity(tmp_path, checkpoint):
    assert load(make(tmp_path, seed=1)).identity != checkpoint.identity


def test_weight_norm_is_folded():
    magnitude, direction = torch.rand(4, 1, 1), torch.randn(4, 3, 5)
    folded = named({"a.parametrizations.weight.original0": magnitude, "a.parametrizations.weight.original1": direction})
    layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv1d(3, 4, 5, bias=False))
    layer.parametrizations.weight.original0.data = magnitude
    layer.parametrizations.weight.original1.data = direction
    assert list(folded) == ["a.weight"]
    assert torch.allclose(folded["a.weight"], layer.weight, atol=1e-6)


def test_a_hostile_pickle_runs_nothing(tmp_path):
    folder, owned = make(tmp_path / "release"), tmp_path / "owned"
    for name in ("model.pth", "speakers_xtts.pth"):
        good = (folder / name).read_bytes()
        hostile(folder / name, f"touch {owned}")
        with pytest.raises(CheckpointBroken, match=f"{name} is refused: .*system"):
            load(folder)
        (folder / name).write_bytes(good)
    time.sleep(0.05)
    assert not owned.exists()


def test_the_trap_would_have_worked(tmp_path):
    """Else the test above proves nothing."""
    hostile(tmp_path / "model.pth", f"touch {tmp_path / 'owned'}")
    torch.load(tmp_path / "model.pth", weights_only=False)
    assert (tmp_path / "owned").exists()


def test_missing_tensors_are_named(tmp_path):
    folder = make(tmp_path, saved_as="safetensors")
    tensors = safetensors.torch.load_file(folder / "model.safetensors")
    del tensors["gpt.final_norm.weight"], tensors["hifigan_decoder.speaker_encoder.fc.bias"]
    safetensors.torch.save_file(tensors, folder / "model.safetensors")
    with pytest.raises(CheckpointBroken, match=r"lacks 2 tensors: gpt\.final_norm\.weight, hifigan_decoder\.speaker"):
        load(folder)


def test_tensors_of_another_size_are_named(tmp_path):
    folder = make(tmp_path)
    raw = config_json(TINY)
    raw["model_args"]["gpt_max_text_tokens"] = 200
    (folder / "config.json").write_text(json.dumps(raw))
    with pytest.raises(CheckpointBroken, match=r"text_pos_embedding.*\(404, 64\), \(202, 64\) is wanted"):
        load(folder)


@pytest.mark.parametrize("keep", [0, 100, 60_000])
def test_a_cut_off_file_is_broken(tmp_path, keep):
    folder = make(tmp_path)
    raw = (folder / "model.pth").read_bytes()
    (folder / "model.pth").write_bytes(raw[:keep])
    with pytest.raises(CheckpointBroken, match=r"model\.pth"):
        load(folder)


def test_a_pickle_that_ends_with_nothing_is_broken(tmp_path):
    folder = make(tmp_path, TINY)
    (folder / "model.pth").write_bytes(b"\x80\x02.")
    with pytest.raises(CheckpointBroken, match="cannot be read"):
        load(folder)


def test_what_is_not_there_is_said(tmp_path):
    folder = make(tmp_path)
    (folder / "model.pth").unlink()
    with pytest.raises(CheckpointNotFound, match=r"neither model\.pth nor model\.safetensors"):
        load(folder)


def test_a_pickle_of_something_else(tmp_path):
    folder = make(tmp_path)
    torch.save([1, 2], folder / "model.pth")
    with pytest.raises(CheckpointBroken, match="no tensors by name"):
        load(folder)


def test_a_checkpoint_in_half_precision_is_read_as_fp32(tmp_path, checkpoint):
    folder = make(tmp_path, saved_as="safetensors")
    tensors = safetensors.torch.load_file(folder / "model.safetensors")
    halved = {name: tensor.bfloat16() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    safetensors.torch.save_file(halved, folder / "model.safetensors")
    read = load(folder)
    assert {tensor.dtype for tensor in read.tensors.values()} == {torch.float32, torch.int64}
    name = "hifigan_decoder.waveform_decoder.ups.0.weight"
    assert torch.allclose(read.tensors[name], checkpoint.tensors[name], rtol=0.05, atol=1e-3)
    assert read.identity != checkpoint.identity
