from __future__ import annotations

import struct
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.gguf_header import ARRAY, KEYS, Q8_0, UINT32, Recipe, Tensor, model, write

from svc_text.models.gguf import BLOCKS
from svc_text.models.inspect import inspect
from troupe.wire.errors import CheckpointBroken, CheckpointNotFound

WHOLE = model()


def saved(folder: Path, data: bytes) -> Path:
    path = folder / "tiny.Q8_0.gguf"
    path.write_bytes(data)
    return path


def refusal(folder: Path, data: bytes) -> str:
    with pytest.raises(CheckpointBroken) as caught:
        inspect(saved(folder, data))
    assert caught.value.details["remedy"] == "make model"
    return caught.value.message


def test_a_card_says_what_the_file_says(tmp_path: Path) -> None:
    card = inspect(saved(tmp_path, WHOLE))
    assert (card.name, card.architecture, card.title, card.licence) == ("tiny.Q8_0", "llama", "Tiny Test", "apache-2.0")
    assert (card.context_length, card.layers, card.vocabulary, card.parts) == (256, 2, 3, 1)
    assert (card.parameters, card.size, card.version) == (512, len(WHOLE), 3)
    assert card.chat_template == "{{ messages }}"
    # 2 layers, 2 heads of 16 for the keys and for the values, 2 bytes each
    assert card.kv_cache(100) == 2 * 2 * (16 + 16) * 100 * 2


def test_heads_may_differ_from_layer_to_layer(tmp_path: Path) -> None:
    card = inspect(saved(tmp_path, model(llama__attention__head_count_kv=[0, 1])))
    assert card.kv_cache(1) == 2 * 1 * 32 * 2


def test_the_widths_of_heads_may_be_given(tmp_path: Path) -> None:
    keys = {"llama__attention__key_length": 128, "llama__attention__value_length": 64}
    assert inspect(saved(tmp_path, model(**keys))).kv_cache(1) == 2 * 2 * (128 + 64) * 2


@pytest.mark.parametrize("version", [2, 3])
def test_both_versions_are_read(tmp_path: Path, version: int) -> None:
    assert inspect(saved(tmp_path, write(Recipe(version=version)))).version == version


def test_a_file_cut_short_anywhere_is_broken(tmp_path: Path) -> None:
    for length in range(0, len(WHOLE) - 1, 7):
        message = refusal(tmp_path, WHOLE[:length])
        assert "ends within" in message or "cut short" in message or "more than its" in message


def test_bytes_after_the_end_do_no_harm(tmp_path: Path) -> None:
    assert inspect(saved(tmp_path, WHOLE + bytes(100))).layers == 2


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"", "ends within its magic", id="empty"),
        pytest.param(b"<!doctype html><html>", "it is a web page", id="a page"),
        pytest.param(b"version https://git-lfs.github.com/spec/v1\n", "pointer of Git LFS", id="a pointer"),
        pytest.param(b"PK\x03\x04" + bytes(99), "begins with b'PK", id="a zip"),
        pytest.param(write(Recipe(version=1)), "GGUF version 1", id="version 1"),
        pytest.param(write(Recipe(version=4)), "GGUF version 4", id="version 4"),
        pytest.param(write(Recipe(version=3 << 24)), "big-endian", id="big-endian"),
        pytest.param(write(Recipe(key_count=1 << 60)), "claims 1152921504606846976 keys", id="too many keys"),
        pytest.param(write(Recipe(tensor_count=1 << 60)), "claims 1152921504606846976 tensors", id="too many tensors"),
        pytest.param(write(Recipe(tensors=())), "has no weights", id="no tensor"),
        pytest.param(write(Recipe(tensors=(Tensor(shape=(1,) * 5),))), "5 dimensions", id="dimensions"),
        pytest.param(write(Recipe(tensors=(Tensor(offset=1 << 62),))), "was cut short", id="an offset far out"),
        pytest.param(write(Recipe(tensors=(Tensor(shape=(1 << 40, 1 << 40)),))), "was cut short", id="huge"),
        pytest.param(write(Recipe(tensors=(Tensor(offset=3),))), "off the grid of 32", id="off the grid"),
        pytest.param(write(Recipe(tensors=(Tensor(shape=(33, 4), kind=Q8_0),))), "multiple of 32", id="block"),
        pytest.param(model(general__alignment=3), "power of two", id="alignment"),
        pytest.param(model(general__architecture=None), "does not say its architecture", id="no architecture"),
        pytest.param(model(general__architecture="clip"), "no model that writes", id="a projector"),
        pytest.param(model(general__type="adapter"), "no model that writes", id="an adapter"),
        pytest.param(model(llama__context_length=None), "does not say its context length", id="no context"),
        pytest.param(model(tokenizer__ggml__tokens=None), "has no vocabulary", id="no words"),
        pytest.param(model(odd=struct.pack("<I", 77)), "type of odd is 77", id="a type unknown"),
        pytest.param(model(odd=struct.pack("<IIQ", ARRAY, ARRAY, 1)), "array of type 9", id="nested arrays"),
        pytest.param(model(odd=struct.pack("<IIQ", ARRAY, UINT32, 1 << 61)), "ends within odd", id="a long array"),
        pytest.param(model(odd=struct.pack("<IIQ", ARRAY, 8, 1 << 61)), "words in odd", id="many words"),
        pytest.param(model(odd=struct.pack("<IQ", 8, 1 << 63)), "ends within odd", id="a long text"),
    ],
)
def test_what_cannot_be_used_says_why(tmp_path: Path, data: bytes, says: str) -> None:
    assert says in refusal(tmp_path, data)


def test_a_tensor_of_a_later_llama_cpp_is_for_that_to_judge(tmp_path: Path) -> None:
    assert max(BLOCKS) < 900
    assert inspect(saved(tmp_path, write(Recipe(tensors=(Tensor(kind=900),))))).layers == 2


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.gguf", tmp_path):
        with pytest.raises(CheckpointNotFound, match="`make model` lists") as caught:
            inspect(path)
        assert caught.value.details["remedy"] == "make model"


def test_a_large_vocabulary_is_read_fast(tmp_path: Path) -> None:
    path = saved(tmp_path, model(tokenizer__ggml__tokens=[f"token{number}" for number in range(150_000)]))
    started = time.monotonic()
    assert inspect(path).vocabulary == 150_000
    assert time.monotonic() - started < 1.0  # 0.1 s on a quiet core


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=16))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_damaged_header_never_ends_in_another_error(tmp_path: Path, where: int, damage: bytes) -> None:
    data = WHOLE[:where] + damage + WHOLE[where + len(damage) :]
    with suppress(CheckpointBroken):
        assert inspect(saved(tmp_path, data)).architecture


def test_the_usual_keys_make_a_whole_file() -> None:
    assert write(Recipe(keys=KEYS)) == model()
