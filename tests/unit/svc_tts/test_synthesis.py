from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from svc_tts.audio.format import AudioFormat, Codec
from svc_tts.engine import EngineContext, Piece, ToneOptions, Utterance
from svc_tts.engines.tone import ToneEngine
from svc_tts.speech import Cue, Flush, Header, Part, SentenceEnd, Sound, SpeechRequest, Word
from svc_tts.synthesis import MAX_TEXT_CHARS, Speech
from svc_tts.voices.catalogue import Catalogue, VoiceWish
from svc_tts.voices.store import VoiceStore
from troupe.wire.errors import EmptyText, EngineFailed, InvalidArgument, TextTooLong
from troupe.wire.progress import Progress

WORD_MS = 100
MOST_MB = 30.0  # that a million characters may add to the process; measured: 1
ENGINE = ToneEngine(EngineContext(1, 1.0))


async def come(*texts: str | Flush) -> AsyncIterator[str | Flush]:
    for text in texts:
        yield text


def request(**fields: object) -> SpeechRequest:
    return SpeechRequest(**{"engine": "tone", "options": ToneOptions(ms_per_word=WORD_MS)} | fields)


async def speak(*texts: str | Flush, **fields: object) -> list[Part]:
    catalogue = Catalogue({"tone": ENGINE}, VoiceStore(Path("/nonexistent")))
    speech = Speech(request(**fields), ENGINE, catalogue, Progress())
    return [part async for part in speech.parts(come(*texts))]


def words(parts: list[Part]) -> list[Word]:
    return [word for part in parts if isinstance(part, Sound) for word in part.words]


def cues(parts: list[Part]) -> list[Cue]:
    return [cue for part in parts if isinstance(part, Sound) for cue in part.cues]


def audio(parts: list[Part]) -> bytes:
    return b"".join(part.audio for part in parts if isinstance(part, Sound))


def ends(parts: list[Part]) -> list[SentenceEnd]:
    return [part for part in parts if isinstance(part, SentenceEnd)]


async def test_words_stand_where_they_are_written() -> None:
    text = "😀 **Hello** \x00you, naïve. And\u200b you? <#0.5#> Fine!"
    parts = await speak(text)
    assert [text[word.start : word.end].strip("*,.?! \u200b") for word in words(parts)] == [
        "Hello",
        "you",
        "naïve",
        "And",
        "you",
        "Fine",
    ]


async def test_however_it_is_cut_the_answer_is_the_same() -> None:
    text = "One two. Three <#0.3#> four! Five six seven? Eight"
    whole, letters = await speak(text), await speak(*text)
    assert (audio(whole), words(whole), ends(whole)) == (audio(letters), words(letters), ends(letters))


async def test_each_sentence_ends_with_what_is_consumed_and_made() -> None:
    parts = await speak("One two.  Three. ", "\n\n Four")
    assert ends(parts) == [SentenceEnd(10, 200), SentenceEnd(17, 300), SentenceEnd(24, 400)]
    assert isinstance(parts[0], Header)


async def test_the_sound_made_by_a_sentences_end_is_exactly_what_it_says() -> None:
    heard = 0
    for part in await speak("One two. Three <#0.123#> four. Five.", format=AudioFormat(Codec.PCM, 44_100)):
        heard += len(part.audio) if isinstance(part, Sound) else 0
        if isinstance(part, SentenceEnd):
            assert heard / 2 / 44.1 == pytest.approx(part.audio_ms, abs=0.51)


async def test_cues_cover_everything_in_order() -> None:
    parts = await speak("One <#0.25#> two. Three!", format=AudioFormat(Codec.MP3, 22_050))
    found = cues(parts)
    assert found[0].start_ms == 0
    assert all(before.end_ms == after.start_ms for before, after in pairwise(found))
    assert found[-1].end_ms == ends(parts)[-1].audio_ms == 3 * WORD_MS + 250


async def test_pauses_are_silence_of_that_length() -> None:
    parts = await speak("<#1.5#>One<#0.5#> <#0.25#>two.<#1#>")
    assert len(audio(parts)) / 48 == 2 * WORD_MS + 3_250
    assert [word.start_ms for word in words(parts)] == [1_500, 2_350]
    assert ends(parts)[-1].audio_ms == 2 * WORD_MS + 3_250


async def test_too_many_pauses_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="600 s"):
        await speak("a <#99.99#>" * 7 + "b")


async def test_flush_speaks_at_once() -> None:
    parts = await speak("One", Flush(), " two", Flush(), Flush())
    assert ends(parts) == [SentenceEnd(3, 100), SentenceEnd(7, 200)]


async def test_pronunciations_are_said_and_the_word_stays_the_writers() -> None:
    text = "See SQL now."
    said = words(await speak(text, pronunciations=("SQL=es queue el",)))
    assert [text[word.start : word.end] for word in said] == ["See", "SQL", "SQL", "SQL", "now."]
    assert [word.text for word in said] == ["See", "es", "queue", "el", "now."]


@pytest.mark.parametrize("text", ["", "   \n", "😀🎉", "\x00\x01\x02", "...!?", "\u202e\u202c", "<#1#>", "**"])
async def test_nothing_to_say_is_told(text: str) -> None:
    with pytest.raises(EmptyText):
        await speak(text)


async def test_too_much_text_is_told_before_it_is_spoken() -> None:
    with pytest.raises(TextTooLong, match="1,000,000"):
        await speak("x" * (MAX_TEXT_CHARS + 1))
    with pytest.raises(TextTooLong):
        await speak(*[" " * 40_000] * 26)


@pytest.mark.parametrize(
    "fields",
    [{"speed": 0.4}, {"speed": 2.1}, {"pitch": 13.0}, {"volume": -0.1}, {"volume": 11.0}, {"speed": float("nan")}],
)
async def test_values_out_of_range_are_told(fields: dict[str, float]) -> None:
    with pytest.raises(InvalidArgument, match=next(iter(fields))):
        await speak("hi", **fields)


async def test_volume_and_speed_reach_the_sound() -> None:
    assert not any(audio(await speak("hi", volume=0.0)))
    assert len(audio(await speak("hi", speed=2.0))) == len(audio(await speak("hi"))) // 2


async def test_the_header_says_who_speaks() -> None:
    header = (await speak("hi", wish=VoiceWish("en-US-AriaNeural")))[0]
    assert isinstance(header, Header)
    assert (header.casting.voice.voice_id, header.casting.substituted) == ("tone-high", True)
    assert header.casting.language == "en-US"


async def test_the_language_is_told_from_the_text_where_nobody_names_it() -> None:
    header = (await speak("¿Qué tal está usted?"))[0]
    assert isinstance(header, Header)
    assert header.casting.language == "es-ES"


async def test_a_break_counts_words_over_the_whole_answer() -> None:
    with pytest.raises(EngineFailed, match="after 3 words"):
        await speak("One two. Three four.", options=ToneOptions(fail_after_words=3))


async def test_progress_is_beaten() -> None:
    progress = Progress()
    catalogue = Catalogue({"tone": ENGINE}, VoiceStore(Path("/nonexistent")))
    speech = Speech(request(), ENGINE, catalogue, progress)
    before = progress.read()[0]
    assert [part async for part in speech.parts(come("one two three"))]
    assert progress.read()[0] >= before + 3


@pytest.mark.parametrize("text", ["مرحبا بالعالم. كيف حالك؟", "שלום עולם", "\u202eevil\u202c text \u2066x\u2069"])
async def test_right_to_left_is_spoken_in_order(text: str) -> None:
    said = words(await speak(text))
    assert said
    assert all(before.end <= after.start for before, after in pairwise(said))


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / (1 << 20)


async def test_a_million_characters_take_no_more_memory_than_a_page() -> None:
    sentence = f"{'Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch' * 4} and on. "
    count, most_mb, started_mb, made = MAX_TEXT_CHARS // len(sentence), 0.0, 0.0, 0

    async def book() -> AsyncIterator[str]:
        for at in range(0, count, 100):
            yield sentence * min(100, count - at)

    catalogue = Catalogue({"tone": ENGINE}, VoiceStore(Path("/nonexistent")))
    speech = Speech(request(options=ToneOptions(ms_per_word=20)), ENGINE, catalogue, Progress())
    async for part in speech.parts(book()):
        if isinstance(part, SentenceEnd):
            made += 1
            started_mb = started_mb or (resident_mb() if made == 100 else 0.0)
            most_mb = max(most_mb, resident_mb())
            told = part
    assert (made, told.text_consumed) == (count, count * len(sentence))
    assert most_mb - started_mb < MOST_MB


async def test_a_reader_who_waits_holds_the_text_back() -> None:
    taken = 0

    async def endless() -> AsyncIterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield "One more sentence. "

    catalogue = Catalogue({"tone": ENGINE}, VoiceStore(Path("/nonexistent")))
    async with aclosing(Speech(request(), ENGINE, catalogue, Progress()).parts(endless())) as parts:
        for _ in range(5):
            await anext(parts)
        await asyncio.sleep(0.05)
        assert taken <= 4


async def test_a_text_that_comes_at_once_is_spoken_like_one_that_comes_slowly() -> None:
    text = "Sentence number one hundred. " * 400
    assert ends(await speak(text)) == ends(await speak(*(text[at : at + 50] for at in range(0, len(text), 50))))


class Wordless(ToneEngine):
    """Tells neither words nor phones."""

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        async for piece in super().speak(utterance):
            yield Piece(piece.pcm)


async def test_a_mouth_of_which_nothing_is_known_is_not_told_to_be_shut() -> None:
    engine = Wordless(EngineContext(1, 1.0))
    speech = Speech(request(), engine, Catalogue({"tone": engine}, VoiceStore(Path("/nonexistent"))), Progress())
    parts = [part async for part in speech.parts(come("One two.<#0.5#> Three."))]
    assert [(cue.ipa, cue.start_ms, cue.end_ms) for cue in cues(parts)] == [("", 200, 700)]


async def test_what_is_estimated_is_told() -> None:
    class Guessing(ToneEngine):
        def __init__(self) -> None:
            super().__init__(EngineContext(1, 1.0))
            self.facts = replace(self.facts, estimated=("cues",))

    engine = Guessing()
    speech = Speech(request(), engine, Catalogue({"tone": engine}, VoiceStore(Path("/nonexistent"))), Progress())
    header = await anext(speech.parts(come("One.")))
    assert isinstance(header, Header)
    assert header.estimated == {"cues"}


async def test_ssml_is_spoken_as_it_is_marked_up() -> None:
    text = '<speak>One <prosody rate="50%">two</prosody><break time="300ms"/> three. <sub alias="a b">X</sub>!</speak>'
    whole, letters = await speak(text, ssml=True), await speak(*text, ssml=True)
    assert [(text[w.start : w.end], w.end_ms - w.start_ms > WORD_MS) for w in words(whole)] == [
        ("One", False),
        ("two", True),
        ("three.", False),
        ("X", False),
        ("X</sub>!", False),
    ]
    assert audio(whole) == audio(letters)
    assert words(whole) == words(letters)
    assert ends(whole)[-1].text_consumed == len(text)
    three = words(whole)[2]
    assert three.start_ms == WORD_MS + 2 * WORD_MS + 300


async def test_the_volume_of_a_stretch_is_its_own() -> None:
    parts = await speak('<speak>One <prosody volume="silent">two</prosody> three</speak>', ssml=True)
    sound = np.frombuffer(audio(parts), "<i2")
    loud = [int(np.abs(part).max()) for part in np.array_split(sound, 3)]
    assert loud[0] > 0
    assert loud[1] == 0
    assert loud[2] == loud[0]


async def test_ssml_that_says_nothing_is_empty() -> None:
    with pytest.raises(EmptyText):
        await speak("<speak><break/></speak>", ssml=True)


async def test_numbers_are_written_out_where_that_is_wished() -> None:
    assert [word.text for word in words(await speak("Take 21."))] == ["Take", "21."]
    told = words(await speak("Take 121.", normalize_text=True))
    assert [(word.text, word.start) for word in told[:3]] == [("Take", 0), ("one", 5), ("hundred", 5)]
