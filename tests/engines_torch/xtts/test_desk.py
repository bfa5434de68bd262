from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.fakes.xtts_release import write_vocabulary

from svc_tts.engines.xtts.desk import Desk
from svc_tts.engines.xtts.latents import VoiceLatents
from svc_tts.engines.xtts.orders import Line, Sample
from svc_tts.engines.xtts.shelf import Shelf
from svc_tts.engines.xtts.text.tokenizer import Tokenizer
from troupe.wire.errors import UnsupportedMedia

VOICE = VoiceLatents(torch.zeros(32, 4), torch.zeros(512))


def unreadable(path: Path) -> VoiceLatents:
    raise OSError(f"Error opening {path.name}")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    write_vocabulary(tmp_path / "vocab.json")
    shelf = Shelf({"Ana": VOICE}, "model", unreadable, torch.device("cpu"))
    return Desk(Tokenizer(tmp_path / "vocab.json"), shelf, longest=602)


def test_a_line_becomes_a_script(desk: Desk) -> None:
    script = desk.script(3, Line("Hello there", "en", "Ana", speed=1.5, seed=7, top_k=5))
    (passage,) = script.passages
    assert len(passage.ids) > 10
    assert passage.expected.usual > 10
    assert (script.number, script.speed, script.seed, script.sampling.top_k) == (3, 1.5, 7, 5)


def test_a_text_that_is_too_long_for_one_go_becomes_several_passages(desk: Desk) -> None:
    script = desk.script(1, Line("Many words are said here. " * 30, "en", "Ana"))
    assert len(script.passages) >= 4


def test_a_text_without_anything_to_say_has_none(desk: Desk) -> None:
    assert desk.script(1, Line("…", "en", "Ana")).passages == ()


def test_a_sample_that_cannot_be_read_is_said_so(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMedia, match=r"reference.wav of this voice cannot be read \(Error opening"):
        desk.script(1, Line("Hi", "en", sample=Sample("key", str(tmp_path / "reference.wav"), str(tmp_path))))
