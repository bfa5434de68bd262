from __future__ import annotations

from svc_tts.engine import EngineVoice, Gender
from svc_tts.engines.xtts.speakers import voices_of


def test_speakers_have_plain_ids_and_speak_every_language() -> None:
    voices = voices_of(["Camilla Holmström", "Eugenio Mataracı", "My Own (2)"])
    assert list(voices.values()) == [
        EngineVoice("xtts-camilla-holmstrom", "Camilla Holmström", "", Gender.FEMALE),
        EngineVoice("xtts-eugenio-mataraci", "Eugenio Mataracı", "", Gender.MALE),
        EngineVoice("xtts-my-own-2", "My Own (2)", "", Gender.UNKNOWN),
    ]
