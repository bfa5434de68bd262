import pytest

from gateway.providers.minimax.spend import Spend
from gateway.routing.need import Modality
from troupe.v1.engine_pb2 import GENDER_MALE, Principal
from troupe.v1.media_pb2 import (
    AUDIO_CODEC_FLAC,
    AUDIO_CODEC_MP3,
    AUDIO_CODEC_OPUS,
    AUDIO_CODEC_PCM,
    AUDIO_CODEC_WAV,
    AudioFormat,
)
from troupe.v1.speech_pb2 import MinimaxSpeechSettings
from troupe.wire.errors import (
    EmptyText,
    EngineFailed,
    NotSupported,
    StreamBroken,
    UnknownVoice,
    UnsupportedFormat,
)

T2A = "/v1/t2a_v2"
WORD_MS = 200  # the fake's
TEXT = "One two three. Four five, six seven! Eight nine?"


def audio(chunks) -> bytes:
    return b"".join(chunk.audio for chunk in chunks)


def ends(chunks) -> list[tuple[int, int]]:
    told = [chunk.sentence_end for chunk in chunks if chunk.HasField("sentence_end")]
    return [(end.text_consumed, end.audio_ms) for end in told]


async def test_pcm_words_and_sentence_ends(cloud, ask, spoken):
    chunks = await ask(cloud.rung(Modality.TTS), *spoken(TEXT))
    assert len(audio(chunks)) == 9 * WORD_MS * 48  # each word once: the last event's repetition is not played
    header = chunks[0].header
    assert (header.engine, header.format.sample_rate, header.format.codec) == ("minimax", 24000, AUDIO_CODEC_PCM)
    assert not header.voice_substituted
    words = [word for chunk in chunks for word in chunk.words]
    assert [word.word for word in words] == TEXT.split()
    assert all(TEXT[word.text_start : word.text_end] == word.word for word in words)
    starts = [word.start_ms for word in words]
    assert starts == sorted(starts)
    assert starts[-1] == 8 * WORD_MS
    assert ends(chunks)[-1] == (len(TEXT), 9 * WORD_MS)
    assert ends(chunks) == sorted(ends(chunks))
    assert len(ends(chunks)) == 3


async def test_a_server_that_repeats_all_the_sound_is_not_played_twice(cloud, ask, spoken, monkeypatch):
    from minimax import speech

    original = speech.read_order
    monkeypatch.setattr(
        speech,
        "read_order",
        lambda body, world: original({**body, "stream_options": {"exclude_aggregated_audio": False}}, world),
    )
    chunks = await ask(cloud.rung(Modality.TTS), *spoken(TEXT))
    assert len(audio(chunks)) == 9 * WORD_MS * 48


async def test_long_text_goes_in_several_calls_with_times_that_go_on(cloud, ask, spoken):
    text = " ".join(f"Number {n} is said in this sentence." for n in range(60))
    chunks = await ask(cloud.rung(Modality.TTS), *spoken(text))
    asked = [request.body["text"] for request in cloud.requests if request.path == T2A]
    assert len(asked) == 6
    assert "".join(asked) == text
    assert max(map(len, asked)) <= 400
    words = [word for chunk in chunks for word in chunk.words]
    assert len(words) == 60 * 7
    assert all(text[word.text_start : word.text_end] == word.word for word in words)
    assert [word.start_ms for word in words] == [n * WORD_MS for n in range(len(words))]
    assert ends(chunks)[-1] == (len(text), len(words) * WORD_MS)


async def test_text_that_trickles_in_is_gathered(cloud, ask, spoken):
    chunks = await ask(cloud.rung(Modality.TTS), *spoken("One t", "wo. Thr", "ee", None, " four"))
    assert [word.word for chunk in chunks for word in chunk.words] == ["One", "two.", "Three", "four"]


async def test_mp3_wav_and_flac(cloud, ask, spoken):
    rung = cloud.rung(Modality.TTS)
    mp3 = await ask(
        rung, *spoken(TEXT, codec=AUDIO_CODEC_MP3, format=AudioFormat(codec=AUDIO_CODEC_MP3, bitrate=96000))
    )
    assert audio(mp3)[0] == 0xFF
    assert cloud.requests[0].body["audio_setting"] == {
        "format": "mp3", "sample_rate": 24000, "channel": 1, "bitrate": 128000,
    }  # fmt: skip
    assert mp3[0].header.format.bitrate == 128000
    wav = audio(await ask(rung, *spoken(TEXT, codec=AUDIO_CODEC_WAV)))
    assert wav[:4] == b"RIFF"
    assert wav.count(b"RIFF") == 1
    assert len(wav) == 44 + 9 * WORD_MS * 48
    flac = audio(await ask(rung, *spoken(*TEXT.split(" "), codec=AUDIO_CODEC_FLAC)))
    assert flac[:4] == b"fLaC"
    assert flac.count(b"fLaC") == 1


async def test_what_minimax_cannot_make_is_another_rungs(cloud, ask, spoken):
    rung = cloud.rung(Modality.TTS)
    with pytest.raises(UnsupportedFormat, match="pcm, mp3, flac, wav"):
        await ask(rung, *spoken(TEXT, codec=AUDIO_CODEC_OPUS))
    with pytest.raises(UnsupportedFormat, match="48000"):
        await ask(rung, *spoken(TEXT, format=AudioFormat(codec=AUDIO_CODEC_PCM, sample_rate=48000)))
    with pytest.raises(UnsupportedFormat, match="9,999"):
        await ask(rung, *spoken("Too long. " * 1000, codec=AUDIO_CODEC_FLAC))
    assert not cloud.requests


async def test_settings_are_mapped_and_clamped(cloud, ask, spoken):
    settings = {
        "speed": 9.0, "pitch": -40.0, "volume": 0.0, "emotion": "Cheerful", "language": "pt-BR",
        "pronunciations": ["omg=oh my god"], "normalize_text": True,
        "minimax": MinimaxSpeechSettings(model="speech-2.6-turbo"),
    }  # fmt: skip
    await ask(cloud.rung(Modality.TTS), *spoken(TEXT, **settings))
    body = cloud.requests[0].body
    setting = body["voice_setting"]
    assert (setting["speed"], setting["pitch"], setting["vol"], setting["emotion"]) == (2.0, -12, 0.01, "happy")
    assert setting["text_normalization"] is True
    assert body["language_boost"] == "Portuguese"
    assert setting["voice_id"].startswith("Portuguese_")
    assert body["pronunciation_dict"] == {"tone": ["omg/oh my god"]}
    assert body["model"] == "speech-2.6-turbo"


async def test_a_seed_voice_is_substituted_by_language_and_gender(cloud, ask, spoken):
    chunks = await ask(cloud.rung(Modality.TTS), *spoken(TEXT, voice_id="en-US-GuyNeural"))
    header = chunks[0].header
    assert header.voice_substituted
    assert header.requested_voice_id == "en-US-GuyNeural"
    voice = next(v for v in cloud.rung(Modality.TTS).describe().voices if v.voice_id == header.voice_id)
    assert (voice.language, voice.gender) == ("en-US", GENDER_MALE)


async def test_a_strangers_clone_is_unknown(cloud, ask, spoken):
    from gateway.providers.minimax.clones import new_id

    clone = new_id("my-voice", "key-a")
    with pytest.raises(UnknownVoice):
        await ask(cloud.rung(Modality.TTS), *spoken(TEXT, voice_id=clone, principal=Principal(key_id="key-b")))
    assert not cloud.requests


async def test_a_system_voice_that_minimax_no_longer_has_is_another_rungs(cloud, ask, spoken):
    cloud.fails(T2A, base_resp=20132)
    with pytest.raises(NotSupported):
        await ask(cloud.rung(Modality.TTS), *spoken(TEXT, voice_id="female-shaonv"))


@pytest.mark.parametrize("broken", [{"cut_after_events": 4}, {"end_after_events": 4}, {"cut_after_bytes": 40000}])
async def test_half_a_speech_is_broken(cloud, ask, spoken, broken):
    cloud.fails(T2A, **broken)
    with pytest.raises(StreamBroken):
        await ask(cloud.rung(Modality.TTS), *spoken(TEXT))


async def test_a_speech_without_sound_is_no_speech(cloud, ask, spoken):
    cloud.fails(T2A, body={"data": None, "base_resp": {"status_code": 0}})
    with pytest.raises(EngineFailed, match="without any sound"):
        await ask(cloud.rung(Modality.TTS), *spoken(TEXT))


async def test_without_subtitles_speech_goes_on_and_is_still_timed(cloud, ask, spoken):
    cloud.fails("/cdn/*", status=500, times=0)
    chunks = await ask(cloud.rung(Modality.TTS), *spoken(TEXT))
    assert len(audio(chunks)) == 9 * WORD_MS * 48
    assert ends(chunks) == [(len(TEXT), 9 * WORD_MS)]


async def test_nothing_to_say(cloud, ask, spoken):
    with pytest.raises(EmptyText):
        await ask(cloud.rung(Modality.TTS), *spoken(" … ", "!"))
    assert not cloud.requests


async def test_each_call_is_paid_once(cloud, ask, spoken):
    spend = Spend(None)
    await ask(cloud.rung(Modality.TTS, spend=spend), *spoken(TEXT))
    assert spend.spent("minimax") == pytest.approx(len(TEXT) * 100 / 1e6)
