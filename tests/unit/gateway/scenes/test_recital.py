"""Speech that breaks, on the real engine `tone`: wherever it breaks, each word is heard once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.routing.chain import Chain
from gateway.routing.need import Modality
from gateway.routing.replay import Replay
from gateway.scenes.speech import Follower, SpeechOrder, speak
from gateway.voices import Voice
from svc_tts import conversion
from svc_tts.engine import EngineContext
from svc_tts.engines.tone import ToneEngine
from svc_tts.synthesis import Speech as Synthesis
from svc_tts.voices.catalogue import Catalogue
from svc_tts.voices.store import VoiceStore
from troupe.v1.media_pb2 import (
    AUDIO_CODEC_AAC,
    AUDIO_CODEC_FLAC,
    AUDIO_CODEC_MP3,
    AUDIO_CODEC_OPUS,
    AUDIO_CODEC_PCM,
    AUDIO_CODEC_WAV,
    MouthCue,
    WordTiming,
)
from troupe.v1.speech_pb2 import TEXT_KIND_SSML, SentenceEnd, SpeechChunk, SpeechHeader, SpeechInput, SpeechSettings
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import StreamBroken
from troupe.wire.progress import Progress

ENGINE = ToneEngine(EngineContext(1, 1.0))
CATALOGUE = Catalogue({"tone": ENGINE}, VoiceStore(Path("/nonexistent")))
TEXT = "Hello my world. This, it is a test; yes! <#0.2#> And café 处理 last one."
NOBODY_ASKED = Voice("", "", "en-US")
WORD_MS = 100


async def tone(inputs):
    """svc-tts without its socket."""
    first = await anext(inputs)
    request = conversion.to_request(first.settings, "tone")

    async def texts():
        async for message in inputs:
            yield message.text

    synthesis = Synthesis(request, ENGINE, CATALOGUE, Progress())
    async for part in synthesis.parts(texts()):
        for chunk in conversion.to_chunks(part, request):
            yield chunk


def order(codec=AUDIO_CODEC_PCM, text=TEXT, **more) -> SpeechOrder:
    settings = SpeechSettings()
    settings.format.codec = codec
    settings.tone.ms_per_word = WORD_MS
    return SpeechOrder(more.pop("voice", NOBODY_ASKED), settings, text, **more)


class Heard:
    def __init__(self, chunks) -> None:
        self.headers = [chunk.header for chunk in chunks if chunk.HasField("header")]
        self.audio = b"".join(chunk.audio for chunk in chunks)
        self.words = [(w.word, w.text_start, w.text_end, w.start_ms, w.end_ms) for c in chunks for w in c.words]
        self.cues = [(cue.ipa, cue.start_ms, cue.end_ms) for chunk in chunks for cue in chunk.cues]
        self.ends = [
            (c.sentence_end.text_consumed, c.sentence_end.audio_ms) for c in chunks if c.HasField("sentence_end")
        ]
        self.count = len(chunks)


async def listen(wanted, *rungs, follow=None) -> Heard:
    chain = Chain(Modality.TTS, rungs)
    speech = await speak(chain, wanted, Deadline.after(10), "req_1", follow or Follower())
    try:
        return Heard([chunk async for chunk in speech])
    finally:
        await speech.aclose()


@pytest.fixture
def voice_rung(breaking, ready_info):
    def make(name="a", *breaks, answer=tone, **more):
        more.setdefault("info", ready_info(name, features=["timings", "cues"]))
        return breaking(name, answer, breaks=breaks, **more)

    return make


async def messages(wanted, voice_rung) -> int:
    return (await listen(wanted, voice_rung())).count


@pytest.mark.parametrize("codec", [AUDIO_CODEC_PCM, AUDIO_CODEC_WAV], ids=["pcm", "wav"])
async def test_raw_sound_that_breaks_anywhere_is_the_unbroken_one(voice_rung, codec) -> None:
    wanted = order(codec)
    whole = await listen(wanted, voice_rung())
    assert whole.count == 19
    for after in range(whole.count + 1):
        broken = await listen(wanted, voice_rung("a", after), voice_rung("b"))
        assert broken.audio == whole.audio, after
        assert broken.words == whole.words, after
        assert broken.cues == whole.cues, after
        assert broken.ends[-1:] in (whole.ends[-1:], whole.ends[-2:-1]), after
        assert len(broken.headers) == 1


async def test_it_may_break_again_and_again(voice_rung) -> None:
    whole = await listen(order(), voice_rung())
    for each in range(2, 7):
        broken = await listen(
            order(), voice_rung("a", each), voice_rung("b", each), voice_rung("c", each), voice_rung("d")
        )
        assert (broken.audio, broken.words) == (whole.audio, whole.words)


@pytest.mark.parametrize("codec", [AUDIO_CODEC_MP3, AUDIO_CODEC_AAC], ids=["mp3", "aac"])
async def test_encoded_sound_goes_on_with_each_word_once(voice_rung, codec) -> None:
    wanted = order(codec)
    whole = await listen(wanted, voice_rung())
    for after in range(whole.count + 1):
        broken = await listen(wanted, voice_rung("a", after), voice_rung("b"))
        assert [word[:3] for word in broken.words] == [word[:3] for word in whole.words], after
        assert all(one[4] <= next_one[3] for one, next_one in zip(broken.words, broken.words[1:], strict=False)), after


@pytest.mark.parametrize("codec", [AUDIO_CODEC_FLAC, AUDIO_CODEC_OPUS], ids=["flac", "opus"])
async def test_what_has_one_head_for_the_whole_ends_in_a_typed_error(voice_rung, codec) -> None:
    other = voice_rung("b")
    whole = await listen(order(codec), voice_rung())
    with pytest.raises(StreamBroken, match="cannot be joined"):
        await listen(order(codec), voice_rung("a", whole.count - 3), other)
    assert not other.streams


async def test_piped_text_goes_on_from_what_was_spoken_and_keeps_no_more(voice_rung) -> None:
    whole = await listen(order(), voice_rung())
    for after in range(whole.count + 1):
        replay = piped()
        broken = await listen(order(text="", piped=replay), voice_rung("a", after), voice_rung("b"))
        assert (broken.audio, broken.words) == (whole.audio, whole.words), after
        if after != whole.count - 1:  # between the last sound and its sentence's end nothing remains to be forgotten
            assert sum(len(item.text) for _, item in replay.after(0)) <= 8


SSML = (
    '<speak>Hello <prosody rate="50%">my <prosody pitch="high">world</prosody>. This, <sub alias="it">is</sub> a'
    '</prosody> test;<break time="200ms"/> yes!<p>And caf\u00e9 &amp; \u5904\u7406 last '
    "<![CDATA[one & all]]>.</p></speak>"
)


@pytest.mark.parametrize("pipe", [False, True], ids=["written", "piped"])
async def test_markup_goes_on_inside_the_elements_that_are_open(voice_rung, ready_info, pipe) -> None:
    def wanted():
        made = order(text="", piped=piped(SSML)) if pipe else order(text=SSML)
        made.settings.text_kind = TEXT_KIND_SSML
        return made

    info = ready_info("a", features=["timings", "cues", "ssml"])
    whole = await listen(wanted(), voice_rung(info=info))
    assert [word[0] for word in whole.words][-2:] == ["&", "all."]
    for after in range(whole.count + 1):
        broken = await listen(wanted(), voice_rung("a", after, info=info), voice_rung("b", info=info))
        assert broken.words == whole.words, after
        assert broken.audio == whole.audio, after


def test_markup_is_for_those_who_read_it() -> None:
    made = order(text='<speak lang="\u65e5">Hello</speak>')
    assert not made.need().features
    made.settings.text_kind = TEXT_KIND_SSML
    assert made.need().features == {"ssml"}
    assert not made.need().reads


def piped(text: str = TEXT) -> Replay[SpeechInput]:
    async def typed():
        for start in range(0, len(text), 4):
            yield SpeechInput(text=text[start : start + 4])

    return Replay(typed(), lambda message: message.ByteSize(), lambda message: len(message.text))


def scripted(*chunks):
    async def answer(inputs):
        async for _ in inputs:
            pass
        for chunk in chunks:
            yield chunk

    return answer


def hearing(answer, texts):
    async def noting(inputs):
        async def passed():
            async for message in inputs:
                texts.append(message)
                yield message

        async for chunk in answer(passed()):
            yield chunk

    return noting


def pcm(ms: int) -> bytes:
    return bytes(48 * ms)


LONG_WORDS = [
    WordTiming(word="Hello", text_start=0, text_end=5, start_ms=0, end_ms=300),
    WordTiming(word="my", text_start=6, text_end=8, start_ms=320, end_ms=480),
    WordTiming(word="world", text_start=9, text_end=14, start_ms=500, end_ms=900),
]
CUES = [
    MouthCue(ipa="h", start_ms=0, end_ms=300),
    MouthCue(ipa="m", start_ms=300, end_ms=500),
    MouthCue(ipa="w", start_ms=500, end_ms=900),
]


async def test_a_break_never_falls_into_a_word(voice_rung) -> None:
    sentence = (
        SpeechChunk(header=SpeechHeader(voice_id="v")),
        SpeechChunk(audio=pcm(400), words=LONG_WORDS, cues=CUES),
        SpeechChunk(audio=pcm(200)),
        SpeechChunk(audio=pcm(400)),
        SpeechChunk(sentence_end=SentenceEnd(text_consumed=16, audio_ms=1000)),
    )
    texts = []
    a = voice_rung("a", 2, answer=scripted(*sentence))
    b = voice_rung("b", answer=hearing(tone, texts))
    heard = await listen(order(text="Hello my world. "), a, b)
    assert texts[1].text == "my world. "
    assert [(word[0], word[3]) for word in heard.words] == [("Hello", 0), ("my", 320), ("world.", 420)]
    assert len(heard.audio) == 48 * (320 + 2 * WORD_MS)
    assert heard.cues[0] == ("h", 0, 300)
    unbroken = await listen(order(text="Hello my world. "), voice_rung("a", answer=scripted(*sentence)))
    assert len(unbroken.audio) == 48_000
    assert len(unbroken.words) == len(unbroken.cues) == 3


async def test_without_word_times_the_broken_sentence_is_spoken_again(voice_rung) -> None:
    texts = []
    start = (
        SpeechChunk(header=SpeechHeader(voice_id="v")),
        SpeechChunk(audio=pcm(400)),
        SpeechChunk(sentence_end=SentenceEnd(text_consumed=7, audio_ms=400)),
        SpeechChunk(audio=pcm(100)),
    )
    a, b = voice_rung("a", 4, answer=scripted(*start)), voice_rung("b", answer=hearing(tone, texts))
    heard = await listen(order(text="Hello. My world."), a, b)
    assert texts[1].text == "My world."
    assert heard.ends[-1] == (16, 500 + 2 * WORD_MS)


async def test_what_is_left_without_a_word_needs_nobody(voice_rung) -> None:
    start = (
        SpeechChunk(header=SpeechHeader(voice_id="v")),
        SpeechChunk(audio=pcm(900), words=LONG_WORDS),
        SpeechChunk(audio=pcm(100)),
    )
    other = voice_rung("b")
    heard = await listen(order(text="Hello my world... <#0.3#>"), voice_rung("a", 2, answer=scripted(*start)), other)
    assert len(heard.audio) == 48 * 900
    assert not other.streams


async def test_another_voice_of_the_same_gender_and_language_goes_on_and_it_is_told(voice_rung, ready_info) -> None:
    told, voices, texts = [], [], []
    low = ready_info("a", voices=[{"voice_id": "a-low", "language": "en-US", "gender": 2, "usable": True}])
    two = ready_info(
        "b",
        voices=[
            {"voice_id": "b-high", "language": "en-US", "gender": 1, "usable": True},
            {"voice_id": "tone-low", "language": "en-US", "gender": 2, "usable": True},
        ],
    )
    start = SpeechChunk(header=SpeechHeader(voice_id="a-low", language="en-US")), SpeechChunk(audio=pcm(100))
    a = voice_rung("a", 2, answer=scripted(*start), info=low)
    b = voice_rung("b", answer=hearing(tone, texts), info=two)
    follow = Follower(told.append, voices.append)
    await listen(order(text="Hello.", voice=Voice("", "", "")), a, b, follow=follow)
    asked = texts[0].settings
    assert (asked.voice_id, asked.language, asked.engine) == ("tone-low", "en-US", "b")
    assert [(each.modality, each.provider, each.reason) for each in told] == [("tts", "b", "the connection broke")]
    assert [header.voice_id for header in voices] == ["tone-low"]


async def test_a_cloned_voice_is_never_replaced(voice_rung) -> None:
    voice = Voice("clone-1", "Mine", "en-US", engines={"a": "x", "b": "x"}, cloned=True, speakers=frozenset({"a"}))
    assert order(voice=voice).need().engines == frozenset({"a"})
    allowed = order(voice=voice)
    allowed.settings.allow_substitute = True
    assert allowed.need().engines == frozenset()
    nobody_can = Voice("clone-1", "Mine", "en-US", engines={"a": "x", "b": "x"}, cloned=True)
    assert order(voice=nobody_can).need().engines == frozenset({"a", "b"})  # their service says what it lacks
