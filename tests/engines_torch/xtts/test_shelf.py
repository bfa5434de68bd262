from __future__ import annotations

from pathlib import Path

import pytest
import torch

from svc_tts.engines.xtts import shelf as module
from svc_tts.engines.xtts.latents import VoiceLatents
from svc_tts.engines.xtts.orders import Line, Sample
from svc_tts.engines.xtts.shelf import FILE, Shelf
from troupe.wire.errors import InvalidArgument


class Ears:
    """Hears another voice each time."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __call__(self, path: Path) -> VoiceLatents:
        self.heard.append(path.name)
        return latents(float(len(self.heard)))


def latents(value: float) -> VoiceLatents:
    return VoiceLatents(torch.full((32, 4), value), torch.full((512,), value))


def shelf(ears: Ears, identity: str = "model") -> Shelf:
    return Shelf({"Ana": latents(9.0)}, identity, ears, torch.device("cpu"))


def sample(folder: Path, key: str = "key") -> Sample:
    return Sample(key, str(folder / "reference.wav"), str(folder))


def value(voice: VoiceLatents) -> float:
    return float(voice.speaker[0])


def test_a_speaker_of_the_checkpoint_is_there_and_another_is_not(tmp_path: Path) -> None:
    one = shelf(Ears())
    assert one.names == ("Ana",)
    assert value(one.of(Line("Hi", "en", "Ana"))) == 9.0
    with pytest.raises(InvalidArgument, match='no speaker "Bob"'):
        one.of(Line("Hi", "en", "Bob"))


def test_a_reference_is_heard_once_and_read_from_its_file_after_a_start(tmp_path: Path) -> None:
    ears = Ears()
    one = shelf(ears)
    assert [value(one.of(Line("Hi", "en", sample=sample(tmp_path)))) for _ in range(2)] == [1.0, 1.0]
    assert value(shelf(ears).prepare(sample(tmp_path))) == 1.0
    assert ears.heard == ["reference.wav"]


def test_another_model_another_sample_or_damage_make_it_heard_again(tmp_path: Path) -> None:
    ears = Ears()
    shelf(ears).prepare(sample(tmp_path))
    assert value(shelf(ears, "newer model").prepare(sample(tmp_path))) == 2.0
    assert value(shelf(ears, "newer model").prepare(sample(tmp_path, "newer sample"))) == 3.0
    (tmp_path / FILE).write_bytes(b"damaged")
    assert value(shelf(ears, "newer model").prepare(sample(tmp_path, "newer sample"))) == 4.0


def test_a_file_that_is_shortened_harms_no_voice_in_memory(tmp_path: Path) -> None:
    shelf(Ears()).prepare(sample(tmp_path))
    one = shelf(Ears())
    kept = one.prepare(sample(tmp_path))
    (tmp_path / FILE).write_bytes(b"")
    assert value(kept) == 1.0


def test_what_is_forgotten_is_not_in_memory(tmp_path: Path) -> None:
    ears = Ears()
    one = shelf(ears)
    one.prepare(sample(tmp_path))
    one.forget("key")
    (tmp_path / FILE).unlink()
    assert value(one.prepare(sample(tmp_path))) == 2.0


def test_what_is_deleted_while_it_is_heard_is_not_kept(tmp_path: Path) -> None:
    ears = Ears()
    one = shelf(ears)

    def heard_too_late(path: Path) -> VoiceLatents:
        one.forget("key")
        return ears(path)

    one._hear = heard_too_late
    one.prepare(sample(tmp_path / "gone"))
    one._hear = ears
    assert value(one.prepare(sample(tmp_path / "gone"))) == 2.0


def test_only_so_many_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HELD", 2)
    ears, nowhere = Ears(), tmp_path / "nowhere"
    one = shelf(ears)
    for key in ("a", "b", "a", "c", "a", "b"):
        one.prepare(sample(nowhere, key))
    assert len(ears.heard) == 4  # a, b, c, and b again
