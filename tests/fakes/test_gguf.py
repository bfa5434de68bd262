"""The small models of the tests are real files, the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import gguf
import pytest
from tests.fakes.gguf import vocabulary, write

MEGABYTE = 1_000_000


def test_it_is_a_whole_gguf_of_a_few_megabytes(tmp_path: Path) -> None:
    path = write(tmp_path / "a" / "tiny.gguf", context=512, name="Small")
    reader = gguf.GGUFReader(path)
    assert reader.get_field("llama.context_length").contents() == 512
    assert reader.get_field("general.name").contents() == "Small"
    assert MEGABYTE < path.stat().st_size < 5 * MEGABYTE
    assert len(reader.get_field("tokenizer.ggml.tokens").contents()) == len(vocabulary().tokens)


def test_the_seed_alone_decides(tmp_path: Path) -> None:
    one, same, other = (write(tmp_path / f"{name}.gguf", seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert one.read_bytes() == same.read_bytes() != other.read_bytes()


def test_every_sign_has_one_piece_and_every_byte_too() -> None:
    words = vocabulary()
    assert len(set(words.tokens)) == len(words.tokens)
    assert {f"<0x{byte:02X}>" for byte in range(256)} <= set(words.tokens)


@pytest.mark.parametrize("knobs", [{"template": ""}, {"thinks": True}, {"calls_tools": True}])
def test_templates_are_as_told(tmp_path: Path, knobs: dict[str, object]) -> None:
    field = gguf.GGUFReader(write(tmp_path / "m.gguf", **knobs)).get_field("tokenizer.chat_template")
    text = field.contents() if field else ""
    assert ("reasoning_content" in text) == ("thinks" in knobs)
    assert bool(text) == ("template" not in knobs)
