"""The pipe from text to a head, on scripted rungs: what flows, what is told, what is closed."""

import pytest

from gateway.routing.capability import obstacle
from gateway.routing.chain import Chain
from gateway.routing.need import Modality
from gateway.scenes.avatar import Avatar, AvatarOrder
from gateway.scenes.dictation import Draft
from gateway.scenes.registry import SceneRegistry
from gateway.scenes.speech import SpeechOrder
from gateway.scenes.text import ChatOrder, chat
from gateway.voices import VoiceTable
from troupe.v1.media_pb2 import (
    AUDIO_CODEC_PCM,
    MEDIA_KIND_FRAGMENT,
    MEDIA_KIND_INIT,
    MediaChunk,
    MediaHeader,
    MouthCue,
    WordTiming,
)
from troupe.v1.speech_pb2 import TIMING_SOURCE_ESTIMATED, SentenceEnd, SpeechChunk, SpeechHeader, SpeechSettings
from troupe.v1.text_pb2 import FINISH_REASON_STOP, ChatDelta, ChatRequest
from troupe.v1.video_pb2 import AnimateSettings
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import Cancelled, EngineFailed, NoFace, StreamBroken

PCM = bytes(4800)  # 100 ms
SPOKEN = [
    SpeechChunk(header=SpeechHeader(engine="tone", voice_id="t1")),
    SpeechChunk(audio=PCM, cues=[MouthCue(ipa="h", end_ms=60)], words=[WordTiming(word="Hi", end_ms=60)]),
    SpeechChunk(audio=PCM, sentence_end=SentenceEnd(text_consumed=3, audio_ms=200)),
    SpeechChunk(audio=PCM),
    SpeechChunk(sentence_end=SentenceEnd(text_consumed=6, audio_ms=300)),
]
FILM = [
    MediaChunk(header=MediaHeader(engine="still", mime_type="video/mp4")),
    MediaChunk(kind=MEDIA_KIND_INIT, data=b"init"),
    MediaChunk(kind=MEDIA_KIND_FRAGMENT, data=b"one", sequence=1, last_piece=True),
    MediaChunk(kind=MEDIA_KIND_FRAGMENT, data=b"two", sequence=2, last_piece=True, end_of_stream=True),
]


@pytest.fixture
def scene():
    return SceneRegistry().open("me")


@pytest.fixture
def perform(rung, scene):
    def make(tts=None, video=None) -> Avatar:
        speech = tts or [rung("tone", SPOKEN)]
        heads = video or [rung("still", FILM, modality=Modality.VIDEO, reads_inputs=True)]
        chains = {Modality.TTS: Chain(Modality.TTS, speech), Modality.VIDEO: Chain(Modality.VIDEO, heads)}
        voice = VoiceTable().find("en-US-GuyNeural", "", [])
        order = AvatarOrder(AnimateSettings(portrait_id="ada"), SpeechOrder(voice, SpeechSettings(), "Hi you"))
        return Avatar(chains, order, scene, Deadline.after(10), "req_1")

    return make


def told(scene) -> list[str]:
    return [event.kind for event in scene.events]


async def bytes_of(film: Avatar) -> bytes:
    try:
        return b"".join([data async for data in film.media()])
    finally:
        await film.aclose()


async def test_speech_is_piped_into_the_film(rung, perform, scene) -> None:
    head = rung("still", FILM, modality=Modality.VIDEO, reads_inputs=True)
    film = perform(video=[head])
    await film.begin()
    assert film.providers == "tts=tone;video=still"
    assert film.header.mime_type == "video/mp4"
    assert await bytes_of(film) == b"initonetwo"
    settings, *spoken = head.streams[0].taken
    assert (settings.settings.engine, settings.settings.portrait_id) == ("still", "ada")
    assert settings.settings.has_cues
    assert settings.settings.content_id == scene.scene_id
    assert b"".join(message.speech.pcm for message in spoken) == PCM * 3
    assert [message.speech.cues_complete_ms for message in spoken] == [60, 200, 200, 300]


async def test_a_voice_that_tells_no_cues_leaves_the_mouth_to_the_sound(rung, perform, scene) -> None:
    header = SpeechHeader(engine="deaf", voice_id="d1", timing=TIMING_SOURCE_ESTIMATED)
    end = SpeechChunk(sentence_end=SentenceEnd(text_consumed=6, audio_ms=100))
    head = rung("still", FILM, modality=Modality.VIDEO, reads_inputs=True)
    film = perform(tts=[rung("deaf", [SpeechChunk(header=header), SpeechChunk(audio=PCM), end])], video=[head])
    await film.begin()
    await bytes_of(film)
    settings, *spoken = head.streams[0].taken
    assert not settings.settings.has_cues
    assert [message.speech.cues_complete_ms for message in spoken] == [0, 0]
    assert [event.data["timing"] for event in scene.events if event.kind == "voice"] == ["estimated"]


async def test_speech_travels_as_pcm_at_24_khz(rung, perform) -> None:
    voice = rung("tone", SPOKEN, reads_inputs=True)
    film = perform(tts=[voice])
    await film.begin()
    await bytes_of(film)
    settings = voice.streams[0].taken[0].settings
    assert (settings.format.codec, settings.format.sample_rate) == (AUDIO_CODEC_PCM, 24_000)
    assert (settings.engine, settings.language) == ("tone", "en-US")
    assert voice.streams[0].taken[1].text == "Hi you"


async def test_the_scene_is_told_everything(perform, scene) -> None:
    film = perform()
    await film.begin()
    await bytes_of(film)
    assert told(scene).count("provider") == 2
    assert [event.data["stage"] for event in scene.events if event.kind == "stage"] == [
        "first_audio",
        "speech_done",
        "first_bytes",
        "first_fragment",
        "done",
    ]
    assert scene.events[-1].data["ok"] is True
    words = [event.data["words"][0]["word"] for event in scene.events if event.kind == "words"]
    assert words == ["Hi"]


async def test_another_head_gets_the_speech_from_its_start(rung, perform) -> None:
    faceless = rung("sad", [EngineFailed("out of memory")], modality=Modality.VIDEO, reads_inputs=True)
    head = rung("still", FILM, modality=Modality.VIDEO, reads_inputs=True)
    film = perform(video=[faceless, head])
    await film.begin()
    assert await bytes_of(film) == b"initonetwo"
    assert [message.speech.pcm for message in head.streams[0].taken[1:]] == [PCM, PCM, PCM, b""]


async def test_what_fails_before_the_first_byte_is_raised_and_told(rung, perform, scene) -> None:
    voice = rung("tone", SPOKEN)
    film = perform(tts=[voice], video=[rung("still", [NoFace("no face")], modality=Modality.VIDEO)])
    with pytest.raises(NoFace):
        await film.begin()
    await film.aclose()
    assert told(scene)[-2:] == ["error", "end"]
    assert voice.streams[0].closed


async def test_what_breaks_later_is_raised_and_told(rung, perform, scene) -> None:
    head = rung("still", [*FILM[:3], StreamBroken("cut")], modality=Modality.VIDEO, reads_inputs=True)
    film = perform(video=[head])
    await film.begin()
    with pytest.raises(StreamBroken):
        await bytes_of(film)
    assert [event.data.get("code") for event in scene.events if event.kind == "error"] == ["stream_broken"]


async def test_speech_that_breaks_is_not_the_heads_fault(rung, perform) -> None:
    voice = rung("tone", [*SPOKEN[:2], EngineFailed("the voice broke")])
    first = rung("still", FILM, modality=Modality.VIDEO, reads_inputs=True)
    second = rung("other", FILM, modality=Modality.VIDEO, reads_inputs=True)
    film = perform(tts=[voice], video=[first, second])
    with pytest.raises(StreamBroken, match="the voice broke"):
        await film.begin()
    await film.aclose()
    assert not second.streams
    assert first.outcomes == []


async def test_a_cancelled_scene_ends_the_film(perform, scene) -> None:
    film = perform()
    await film.begin()
    scene.cancel()
    with pytest.raises(Cancelled):
        await bytes_of(film)
    assert told(scene)[-2:] == ["error", "end"]


async def test_a_film_nobody_reads_is_closed_and_said_to_be(rung, perform, scene) -> None:
    voice, head = rung("tone", SPOKEN), rung("still", FILM, modality=Modality.VIDEO)
    film = perform(tts=[voice], video=[head])
    await film.begin()
    await film.aclose()
    assert head.streams[0].closed
    assert voice.streams[0].closed
    assert scene.events[-2].data["code"] == "cancelled"


def test_a_rung_that_takes_minutes_is_asked_only_where_the_caller_waits(ready_info) -> None:
    cloud = ready_info("minimax", features=["offline_render"])
    assert obstacle(cloud, AvatarOrder(AnimateSettings()).need()) == "it takes minutes; ask with cloud_video=wait"
    assert obstacle(cloud, AvatarOrder(AnimateSettings(), wait=True).need()) is None


class Typist:
    """Writes what a test says, and breaks where it says."""

    def __init__(self, rung, *deltas, language="") -> None:
        self.rung = rung("echo", [ChatDelta(content=each) if isinstance(each, str) else each for each in deltas])
        self.rung.modality = Modality.TEXT
        self.language = language

    async def begin(self, commission) -> Draft:
        order = ChatOrder(ChatRequest())
        chain = Chain(Modality.TEXT, [self.rung])
        served = await chat(chain, order, commission.deadline, commission.request_id, commission.resumed)
        return Draft(served, 1_000, self.language)


@pytest.fixture
def dictated(rung, scene):
    def make(writer, tts=None, head=None, **settings) -> Avatar:
        voices = [tts or rung("tone", SPOKEN, reads_inputs=True)]
        heads = [head or rung("still", FILM, modality=Modality.VIDEO, reads_inputs=True)]
        chains = {
            Modality.TEXT: Chain(Modality.TEXT, [writer.rung]),
            Modality.TTS: Chain(Modality.TTS, voices),
            Modality.VIDEO: Chain(Modality.VIDEO, heads),
        }
        speech = SpeechOrder(VoiceTable().find("", "", []), SpeechSettings())
        order = AvatarOrder(AnimateSettings(portrait_id="ada", **settings), speech, writer)
        return Avatar(chains, order, scene, Deadline.after(10), "req_1")

    return make


STOP = ChatDelta(finish_reason=FINISH_REASON_STOP)


async def test_what_a_model_writes_is_spoken_and_shown(rung, dictated, scene) -> None:
    end = SpeechChunk(sentence_end=SentenceEnd(text_consumed=len("Hi you. And more."), audio_ms=300))
    voice = rung("tone", [*SPOKEN, end], reads_inputs=True)
    writer = Typist(rung, "Hi", " *you*. And", " more.", STOP, language="fr")
    film = dictated(writer, tts=voice)
    await film.begin()
    assert film.providers == "text=echo;tts=tone;video=still"
    assert await bytes_of(film) == b"initonetwo"
    settings, *texts = voice.streams[0].taken
    assert [message.text for message in texts] == ["Hi you. ", "And more."]
    assert settings.settings.language == "fr"
    assert told(scene).count("text") == 2
    assert [event.data["stage"] for event in scene.events if event.kind == "stage"][:3] == [
        "first_token",
        "text_done",
        "first_audio",
    ]
    assert writer.rung.streams[0].closed


async def test_captions_have_the_signs_of_a_script_that_is_still_written(rung, dictated) -> None:
    head = rung("still", FILM, modality=Modality.VIDEO, reads_inputs=True)
    words = [
        SpeechChunk(audio=PCM, words=[WordTiming(word="Hi", text_start=0, text_end=2, end_ms=60)]),
        SpeechChunk(audio=PCM, words=[WordTiming(word="you", text_start=4, text_end=7, start_ms=100, end_ms=190)]),
        SpeechChunk(sentence_end=SentenceEnd(text_consumed=8, audio_ms=200)),
    ]
    film = dictated(Typist(rung, "Hi, you!", STOP), tts=rung("tone", words, reads_inputs=True), head=head)
    await film.begin()
    await bytes_of(film)
    spoken = [word.word for message in head.streams[0].taken for word in message.speech.words]
    assert spoken == ["Hi,", "you!"]


async def test_a_text_that_breaks_is_nobody_else_s_fault(rung, dictated, scene) -> None:
    voice = rung("tone", SPOKEN, reads_inputs=True)
    film = dictated(Typist(rung, "Hi you. And", StreamBroken("the pen broke")), tts=voice)
    with pytest.raises(StreamBroken, match="the pen broke"):
        await film.begin()
    await film.aclose()
    assert [event.data["code"] for event in scene.events if event.kind == "error"] == ["stream_broken"]
    assert not any(voice.outcomes)
