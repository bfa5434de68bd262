"""Films that break: wherever it breaks, the caller has each fragment whole, once, in order, with its own sound."""

from __future__ import annotations

import hashlib

import pytest

from gateway.routing.chain import Chain
from gateway.routing.need import Modality
from gateway.scenes.avatar import Avatar, AvatarOrder
from gateway.scenes.footage import HELD_BYTES, LOOK_BACK_MS, LOOKS_BACK
from gateway.scenes.registry import SceneRegistry
from gateway.scenes.speech import SpeechOrder
from gateway.voices import Voice
from troupe.v1.engine_pb2 import Tick
from troupe.v1.media_pb2 import MEDIA_KIND_FRAGMENT, MEDIA_KIND_INIT, MediaChunk, MediaHeader, MouthCue, WordTiming
from troupe.v1.speech_pb2 import SentenceEnd, SpeechChunk, SpeechHeader, SpeechSettings
from troupe.v1.video_pb2 import AnimateSettings, Framing
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import StreamBroken
from troupe.wire.media import PCM_BYTES_PER_MS

FRAME_MS = 40
FRAMES = 5  # of a fragment
LENGTH_MS = 3_000
CAPTIONED = Framing(captions=True)


def sound() -> bytes:
    """Each millisecond says which one it is."""
    return b"".join(ms.to_bytes(4, "big") * (PCM_BYTES_PER_MS // 4) for ms in range(LENGTH_MS))


async def voice(inputs):
    async for _ in inputs:
        pass
    pcm = sound()
    yield SpeechChunk(header=SpeechHeader(voice_id="v"))
    for start in range(0, LENGTH_MS, 170):
        end = min(LENGTH_MS, start + 170)
        cues = [MouthCue(ipa=str(start), start_ms=start, end_ms=end)]
        words = [WordTiming(word=str(start), start_ms=start, end_ms=end)]
        yield SpeechChunk(audio=pcm[start * PCM_BYTES_PER_MS : end * PCM_BYTES_PER_MS], cues=cues, words=words)
    yield SpeechChunk(sentence_end=SentenceEnd(text_consumed=2, audio_ms=LENGTH_MS))


def head(pieces=1, piece_bytes=0, *, looks_back=False):
    """An engine whose frames are told by their number, their sound and the cue before: as `resume` asks for."""

    async def film(inputs):
        settings, pcm, cues, words, pictures = None, b"", {}, set(), 0
        async for message in inputs:
            if message.HasField("settings"):
                settings = message.settings
            pictures += message.WhichOneof("input") == "picture"
            pcm += message.speech.pcm
            cues |= {cue.start_ms: cue.ipa for cue in message.speech.cues}
            words |= {word.start_ms for word in message.speech.words}
        assert pictures == 2
        assert words == set(range(0, LENGTH_MS, 170))  # all of them, wherever the film begins
        start = settings.start_ms
        assert bool(start) == (settings.first_sequence > 1)
        assert settings.lead_ms == (min(LOOK_BACK_MS, start) if looks_back else 0)
        assert len(pcm) == (LENGTH_MS - start + settings.lead_ms) * PCM_BYTES_PER_MS
        yield MediaChunk(tick=Tick(sequence=1))
        yield MediaChunk(header=MediaHeader(engine=settings.engine, mime_type="video/mp4"))
        if not start:
            yield MediaChunk(kind=MEDIA_KIND_INIT, data=b"init ", last_piece=True)
        sequence = max(1, settings.first_sequence)
        for begin in range(start, LENGTH_MS, FRAME_MS * FRAMES):
            end = min(LENGTH_MS, begin + FRAME_MS * FRAMES)
            sound_from = start - settings.lead_ms
            heard = pcm[(begin - sound_from) * PCM_BYTES_PER_MS : (end - sound_from) * PCM_BYTES_PER_MS]
            before = max((at for at in cues if at <= max(0, begin - 500)), default="lost")
            said = hashlib.sha256(heard).hexdigest()[:8]
            data = f"{sequence}:{begin}-{end}:{said}:{before} ".encode().ljust(piece_bytes, b".")
            for number in range(1, pieces + 1):
                yield MediaChunk(
                    kind=MEDIA_KIND_FRAGMENT,
                    data=data,
                    sequence=sequence,
                    start_ms=begin,
                    end_ms=end,
                    last_piece=number == pieces,
                )
            sequence += 1
        yield MediaChunk(end_of_stream=True)

    return film


@pytest.fixture
def head_rung(breaking, ready_info):
    def make(name="still", *breaks, answer=None, features=("resume",), **more):
        info = ready_info(name, features=features)
        more = {"modality": Modality.VIDEO, "replicas": 3} | more
        return breaking(name, answer or head(), breaks=breaks, info=info, **more)

    return make


@pytest.fixture
def perform(breaking, ready_info):
    async def make(*rungs, scene=None) -> list[bytes]:
        speaker = breaking("tone", voice, info=ready_info("tone", features=["cues"]))
        chains = {Modality.TTS: Chain(Modality.TTS, [speaker]), Modality.VIDEO: Chain(Modality.VIDEO, rungs)}
        order = AvatarOrder(
            AnimateSettings(framing=CAPTIONED),
            SpeechOrder(Voice("", "", "en"), SpeechSettings(), "Hi"),
            picture=bytes(300_000),
        )
        film = Avatar(chains, order, scene or SceneRegistry().open("me"), Deadline.after(10), "req_1")
        try:
            await film.begin()
            return [data async for data in film.media()]
        finally:
            await film.aclose()

    return make


@pytest.mark.parametrize("pieces", [1, 3])
async def test_a_film_that_breaks_anywhere_is_the_unbroken_one(head_rung, perform, pieces) -> None:
    whole = await perform(head_rung(answer=head(pieces)))
    assert len(whole) == 1 + LENGTH_MS // (FRAME_MS * FRAMES)
    for after in range(LENGTH_MS // (FRAME_MS * FRAMES) * pieces + 4):
        rung = head_rung("still", after, answer=head(pieces))
        assert await perform(rung) == whole, after
        assert len(rung.streams) == 2


async def test_an_engine_that_looks_back_has_the_sound_before(head_rung, perform) -> None:
    features = ("resume", LOOKS_BACK)
    whole = await perform(head_rung(answer=head(looks_back=True), features=features))
    for after in range(LENGTH_MS // (FRAME_MS * FRAMES) + 4):
        rung = head_rung("still", after, answer=head(looks_back=True), features=features)
        assert await perform(rung) == whole, after


async def test_it_may_break_again_and_again(head_rung, perform) -> None:
    whole = await perform(head_rung())
    assert await perform(head_rung("still", 5, 4, 6, replicas=4)) == whole


async def test_another_engine_is_another_face(head_rung, perform) -> None:
    other = head_rung("portrait")
    with pytest.raises(StreamBroken):
        await perform(head_rung("still", 5, replicas=1), other)
    assert not other.streams


async def test_an_engine_that_cannot_resume_ends_in_a_typed_error(head_rung, perform) -> None:
    rung = head_rung("minimax", 5, features=())
    with pytest.raises(StreamBroken):
        await perform(rung)
    assert len(rung.streams) == 1


async def test_a_fragment_too_large_to_hold_is_given_in_pieces_and_not_resumed_from_within(head_rung, perform) -> None:
    huge = head(pieces=4, piece_bytes=HELD_BYTES // 2)
    whole = await perform(head_rung(answer=huge))
    assert len(whole) == 1 + 2 * (LENGTH_MS // (FRAME_MS * FRAMES))
    assert await perform(head_rung("still", 8, answer=huge)) == whole  # between two fragments, or before one is torn
    rung = head_rung("still", 6, answer=huge)
    with pytest.raises(StreamBroken, match="part of a fragment"):
        await perform(rung)


async def test_the_scene_is_told(head_rung, perform) -> None:
    scene = SceneRegistry().open("me")
    await perform(head_rung("still", 6), scene=scene)
    told = [event.data for event in scene.events if event.kind == "resumed"]
    assert told == [{"modality": "video", "provider": "still", "reason": "the connection broke"}]
    assert scene.events[-1].data["ok"] is True
