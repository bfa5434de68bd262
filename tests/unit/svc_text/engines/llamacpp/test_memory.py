from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.gguf import write

from svc_text.engines.llamacpp import memory
from svc_text.models.inspect import inspect
from troupe.wire.errors import EngineMissing

MEBIBYTE = memory.MEBIBYTE


@pytest.fixture
def card(tmp_path: Path):
    return inspect(write(tmp_path / "m.gguf"))


def test_chats_cost_what_their_contexts_do(card) -> None:
    one, eight = (memory.needed(card, slots, 4096, 0) for slots in (1, 8))
    assert eight - one == 7 * card.kv_cache(4096)
    assert one > card.size + memory.OVERHEAD


def test_fewer_chats_where_memory_is_short_and_never_a_smaller_context(card, monkeypatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: memory.needed(card, 3, 4096, 0) / memory.SHARE)
    assert memory.fitting_slots(card, 8, 1, 4096, 0) == 3
    monkeypatch.setattr(memory, "available", lambda: memory.needed(card, 4, 4096, 0))
    assert memory.fitting_slots(card, 8, 4, 4096, 0) == 4  # four were asked for, at the least
    with pytest.raises(EngineMissing, match="5 chats at once, 4096 tokens each") as caught:
        memory.fitting_slots(card, 5, 5, 4096, 0)  # five were asked for
    assert "LLAMACPP_CONTEXT" in caught.value.details["remedy"]
