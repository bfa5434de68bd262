from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path

import pytest
from tests.fakes.edge import FakeEdge, listed

from svc_tts.engine import EngineVoice, Gender
from svc_tts.engines.edge.endpoint import point_at
from svc_tts.engines.edge.voices import VoiceList, bundled, merged, told
from svc_tts.voices.seed import SEED_VOICES

GONE = "en-US-GuyNeural"
DAY_S = 24 * 3600


def test_the_bundled_list() -> None:
    voices = bundled()
    assert len(voices) == len({voice.voice_id for voice in voices}) == 322
    assert len({voice.language for voice in voices}) == 142
    assert all(voice.voice_id.startswith(f"{voice.language}-") for voice in voices)
    assert all(voice.gender in {Gender.FEMALE, Gender.MALE} and not voice.retired for voice in voices)
    assert set(SEED_VOICES) <= set(voices)


@pytest.mark.parametrize(
    ("language", "voice_id"),
    [
        ("en", "en-US-AriaNeural"),
        ("zh", "zh-CN-XiaoxiaoNeural"),
        ("de", "de-DE-AmalaNeural"),
        ("pt", "pt-BR-AntonioNeural"),
        ("es", "es-ES-ElviraNeural"),
        ("zu", "zu-ZA-ThandoNeural"),
    ],
)
def test_a_language_has_a_default_at_home(language: str, voice_id: str) -> None:
    first = next(voice for voice in bundled() if voice.language.partition("-")[0] == language)
    assert first.voice_id == voice_id


def test_names_are_for_people() -> None:
    names = {voice.voice_id: voice.name for voice in bundled()}
    assert names["en-US-AvaMultilingualNeural"] == "Ava Multilingual"
    assert names["zh-CN-liaoning-XiaobeiNeural"] == "Xiaobei"


def test_a_listing_is_read_with_care() -> None:
    good = listed("en-US-NewNeural", "en-US", "female")
    old = listed("en-US-OldNeural", "en-US", "male", status="Deprecated")
    odd = listed("en-US-OddNeural", "en-US", "robot")
    voices = told([good, old, odd, {"ShortName": "x"}, 7, None])
    assert [voice.voice_id for voice in voices] == ["en-US-NewNeural", "en-US-OddNeural", "en-US-OldNeural"]
    assert [voice.retired for voice in voices] == [False, False, True]
    assert voices[1].gender is Gender.UNKNOWN
    assert told({"error": "no"}) == ()


def test_what_is_on_the_list_no_more_is_retired() -> None:
    now = [voice for voice in bundled() if voice.voice_id != GONE]
    both = merged(bundled(), [*now, EngineVoice("en-US-NewNeural", "New", "en-US", Gender.MALE)])
    assert [voice.voice_id for voice in both if voice.retired] == [GONE]
    assert "en-US-NewNeural" in {voice.voice_id for voice in both}
    assert merged(bundled(), now[:10]) == bundled()  # a captive portal's idea of a list


async def refreshed(voices: VoiceList) -> None:
    voices.refresh_when_due()
    async with asyncio.timeout(10):
        while voices._refreshing is not None:
            await asyncio.sleep(0.01)


async def test_the_list_of_today_is_asked_for_once_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "voices.json"
    async with FakeEdge().running() as fake:
        point_at(fake.url)
        fake.voices = [entry for entry in fake.voices if entry["ShortName"] != GONE]
        voices = VoiceList(file)
        await refreshed(voices)
        await refreshed(voices)
        assert fake.listings == 1
    assert [voice.voice_id for voice in voices.voices if voice.retired] == [GONE]
    later = VoiceList(file)
    later.load()
    assert later.voices == voices.voices
    await refreshed(later)  # nobody listens any more, and nobody is asked
    assert later.voices == voices.voices


async def test_an_old_file_is_renewed(tmp_path: Path) -> None:
    file = tmp_path / "voices.json"
    file.write_text(json.dumps([]))
    os.utime(file, (time.time() - DAY_S - 60,) * 2)
    async with FakeEdge().running() as fake:
        point_at(fake.url)
        voices = VoiceList(file)
        voices.load()
        assert voices.voices == bundled()
        await refreshed(voices)
        assert fake.listings == 1
    assert len(json.loads(file.read_text())) == 322


@pytest.mark.parametrize("trouble", ["refused", "down", "short", "nobody", "spoilt file"])
async def test_trouble_with_the_list_is_harmless(tmp_path: Path, trouble: str) -> None:
    file = tmp_path / "voices.json"
    if trouble == "spoilt file":
        file.write_text("{")
    async with FakeEdge().running() as fake:
        point_at("ws://127.0.0.1:1/x" if trouble == "nobody" else fake.url)
        fake.mood.refusals = 2 if trouble == "refused" else 0
        fake.mood.status = 503 if trouble == "down" else 0
        fake.voices = fake.voices[:3] if trouble == "short" else fake.voices
        voices = VoiceList(file)
        voices.load()
        await refreshed(voices)
    assert voices.voices == bundled()
    assert file.exists() == (trouble == "spoilt file")


async def test_a_list_that_is_stopped_asks_no_more() -> None:
    async with FakeEdge().running() as fake:
        point_at(fake.url)
        voices = VoiceList(None)
        voices.refresh_when_due()
        await voices.close()
    assert voices.voices == bundled()
