from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.piper_voice import IDS, speakers, write

from svc_tts.engine import Gender
from svc_tts.engines.piper.voice import PhonemeKind, read_voice
from troupe.wire.errors import CheckpointBroken

NAME = "en_US-lessac-medium"


def test_what_a_released_voice_tells(tmp_path: Path) -> None:
    voice = read_voice(write(tmp_path, NAME))
    assert (voice.name, voice.language, voice.quality, voice.rate) == (NAME, "en-US", "medium", 22_050)
    assert (voice.espeak, voice.kind, voice.speakers) == ("en-us", PhonemeKind.ESPEAK, 1)
    assert (voice.scales.noise, voice.scales.length, voice.scales.noise_w) == (0.667, 1.0, 0.8)
    assert voice.ids["ə"] == tuple(IDS["ə"])
    (entry,) = [entry for entry, _ in voice.entries().values()]
    assert (entry.voice_id, entry.name, entry.gender) == (NAME, "Piper lessac (medium)", Gender.FEMALE)


def test_speakers_are_voices_of_their_own(tmp_path: Path) -> None:
    voice = read_voice(write(tmp_path, "en_GB-vctk-medium", **speakers(["p239", "p236"])))
    assert {name: number for name, (_, number) in voice.entries().items()} == {
        "en_GB-vctk-medium": 0,
        "en_GB-vctk-medium-p239": 0,
        "en_GB-vctk-medium-p236": 1,
    }


def test_a_crowd_is_not_listed_one_by_one(tmp_path: Path) -> None:
    voice = read_voice(write(tmp_path, "en_US-libritts_r-medium", **speakers([str(n) for n in range(904)])))
    assert list(voice.entries()) == ["en_US-libritts_r-medium"]


@pytest.mark.parametrize(
    ("told", "kind"),
    [("espeak", "espeak"), ("PhonemeType.TEXT", "text"), ("pinyin", "pinyin")],
)
def test_the_kind_of_phonemes_however_it_is_written(tmp_path: Path, told: str, kind: str) -> None:
    assert read_voice(write(tmp_path, NAME, phoneme_type=told)).kind == kind


@pytest.mark.parametrize(
    ("code", "language"), [("es_419", "es-419"), ("no_NO", "nb-NO"), ("zh_CN", "zh-CN"), ("de", "de"), ("", "en-US")]
)
def test_languages_are_bcp_47(tmp_path: Path, code: str, language: str) -> None:
    assert read_voice(write(tmp_path, NAME, language={"code": code})).language == language


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"audio": {"sample_rate": 7}}, r"audio\.sample_rate: input should be greater than or equal to 8000"),
        ({"audio": None}, "audio"),
        ({"phoneme_id_map": {"a": [1]}}, r"phoneme_id_map lacks _ \^ \$"),
        ({"num_symbols": 3}, r"has the id \d+, num_symbols allows 0\.\.2"),
        ({"phoneme_type": "openjtalk"}, "phoneme_type: input should be 'espeak', 'text' or 'pinyin'"),
        ({"espeak": {"voice": "../../x"}}, "espeak.voice"),
        ({"speaker_id_map": {"a": 4}}, r"a speaker outside 0\.\.0"),
        ({"inference": {"length_scale": 0}}, "inference.length_scale"),
    ],
)
def test_a_wrong_json_is_told_by_name(tmp_path: Path, changes: dict[str, Any], wrong: str) -> None:
    with pytest.raises(CheckpointBroken, match=rf"{NAME}\.onnx\.json.*{wrong}"):
        read_voice(write(tmp_path, NAME, **changes))


def test_half_a_voice_is_none(tmp_path: Path) -> None:
    path = write(tmp_path, NAME)
    beside = Path(f"{path}.json")
    beside.write_text("<html>")
    with pytest.raises(CheckpointBroken, match="is not JSON"):
        read_voice(path)
    beside.write_text(json.dumps([]))
    with pytest.raises(CheckpointBroken, match="is no voice's JSON"):
        read_voice(path)
    beside.unlink()
    with pytest.raises(CheckpointBroken, match=f"{NAME}.onnx has no {NAME}.onnx.json beside it"):
        read_voice(path)
