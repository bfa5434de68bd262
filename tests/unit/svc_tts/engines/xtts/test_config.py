import json
import math
from dataclasses import replace

import pytest
from tests.fakes.xtts_release import FULL, TINY, config_json

from svc_tts.engines.xtts import layout
from svc_tts.engines.xtts.config import XttsConfig
from troupe.wire.errors import CheckpointBroken, CheckpointNotFound


def test_the_release_is_read_back(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(config_json(FULL)))
    config = XttsConfig.read(tmp_path)
    assert config == FULL
    assert config.gpt.max_codes == 602
    assert config.gpt.head_width == 64


def test_what_the_file_does_not_say_is_as_in_the_release():
    config = XttsConfig.of({"model": "xtts", "model_args": {"gpt_number_text_tokens": None}})
    assert config == FULL


def test_other_sizes_are_taken():
    raw = config_json(TINY)
    assert XttsConfig.of(raw).gpt == TINY.gpt
    assert XttsConfig.of(raw).vocoder == replace(TINY.vocoder, channels=512)  # which only the tensors tell


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": "vits"}, '"xtts" is wanted'),
        ({"model_args": None}, "no section model_args"),
        ({"temperature": "hot"}, "temperature is 'hot', a number is wanted"),
        ({"top_k": 1.5}, "top_k is 1.5, a whole number from 0 is wanted"),
        ({"model_args": {"gpt_use_perceiver_resampler": False}}, "XTTS v1"),
        ({"model_args": {"gpt_n_heads": 3}}, "not divisible"),
        ({"model_args": {"gpt_layers": 0}}, "gpt_layers is 0"),
    ],
)
def test_what_cannot_be_is_said(tmp_path, change, said):
    (tmp_path / "config.json").write_text(json.dumps(config_json(FULL) | change))
    with pytest.raises(CheckpointBroken, match=said):
        XttsConfig.read(tmp_path)


def test_an_absent_file_and_one_that_is_no_json(tmp_path):
    with pytest.raises(CheckpointNotFound, match=r"config\.json"):
        XttsConfig.read(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(CheckpointBroken, match="JSON"):
        XttsConfig.read(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(CheckpointBroken, match=r"no config\.json of XTTS"):
        XttsConfig.read(tmp_path)


def test_the_layout_counts_the_parameters_of_the_release():
    """466.9 million with batch norm's counters, as coqui-tts 0.28.0 builds it."""
    shapes = layout.tensors(FULL)
    assert sum(math.prod(shape) for shape in shapes.values()) == 466_890_998
    assert sum(layout.weight_normed(name) for name in shapes) == 4 + 12 * 6
    assert shapes["gpt.gpt.h.29.attn.c_attn.weight"] == (1024, 3072)
    assert shapes["hifigan_decoder.speaker_encoder.fc.weight"] == (512, 4096)
