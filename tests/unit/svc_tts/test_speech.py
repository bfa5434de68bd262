from __future__ import annotations

from dataclasses import replace

import pytest

from svc_tts.audio.format import AudioFormat, Codec
from svc_tts.engine import EngineFacts
from svc_tts.speech import SpeechRequest, format_for

PLAIN = EngineFacts("plain", 24_000, (), "none", features=("speed",))
OWN = replace(PLAIN, mp3_bitrate=48_000)
MP3 = AudioFormat(Codec.MP3, 24_000, 1, 48_000)
USUAL = 64_000


@pytest.mark.parametrize(
    ("facts", "asked", "bitrate"),
    [
        (OWN, (Codec.MP3, 0, 0, 0), 48_000),
        (OWN, (Codec.MP3, 24_000, 1, 0), 48_000),
        (OWN, (Codec.MP3, 0, 0, 96_000), 96_000),
        (OWN, (Codec.MP3, 32_000, 0, 0), USUAL),
        (OWN, (Codec.MP3, 0, 2, 0), 2 * USUAL),
        (OWN, (Codec.AAC, 0, 0, 0), USUAL),
        (PLAIN, (Codec.MP3, 0, 0, 0), USUAL),
    ],
)
def test_an_open_bit_rate_is_the_engines_own(
    facts: EngineFacts, asked: tuple[Codec, int, int, int], bitrate: int
) -> None:
    assert format_for(facts, *asked).bitrate == bitrate


@pytest.mark.parametrize(
    ("facts", "request_", "as_it_is"),
    [
        (OWN, SpeechRequest("own", format=MP3), True),
        (OWN, SpeechRequest("own", format=MP3, speed=1.5), True),
        (replace(OWN, features=()), SpeechRequest("own", format=MP3, speed=1.5), False),
        (OWN, SpeechRequest("own", format=MP3, volume=0.9), False),
        (OWN, SpeechRequest("own", format=MP3, pitch=1.0), False),
        (OWN, SpeechRequest("own", format=replace(MP3, bitrate=64_000)), False),
        (OWN, SpeechRequest("own"), False),
        (PLAIN, SpeechRequest("plain", format=replace(MP3, bitrate=0)), False),
    ],
)
def test_frames_go_through_only_where_nothing_is_to_be_changed(
    facts: EngineFacts, request_: SpeechRequest, as_it_is: bool
) -> None:
    assert request_.as_frames(facts) is as_it_is
