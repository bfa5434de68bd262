"""Between protobuf and the service's own dataclasses; the only module besides `server` that knows both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from svc_tts.audio.format import AudioFormat, Codec
from svc_tts.engine import (
    EdgeOptions,
    Engine,
    EngineFacts,
    EngineOptions,
    EngineVoice,
    EspeakOptions,
    FliteOptions,
    Gender,
    PiperOptions,
    ToneOptions,
    XttsOptions,
)
from svc_tts.speech import Header, Part, SentenceEnd, Sound, SpeechRequest, format_for
from svc_tts.synthesis import MAX_TEXT_CHARS
from svc_tts.voices.catalogue import VoiceWish
from svc_tts.voices.cloned import ClonedVoice
from svc_tts.voices.consent import REMEDY, WHY, Consent, State
from svc_tts.voices.sample import Refinement
from troupe.v1 import engine_pb2, media_pb2, speech_pb2
from troupe.wire.errors import InvalidArgument
from troupe.wire.health import EngineStatus
from troupe.wire.media import pieces

_CODECS = {
    media_pb2.AUDIO_CODEC_UNSPECIFIED: Codec.PCM,
    media_pb2.AUDIO_CODEC_PCM: Codec.PCM,
    media_pb2.AUDIO_CODEC_WAV: Codec.WAV,
    media_pb2.AUDIO_CODEC_MP3: Codec.MP3,
    media_pb2.AUDIO_CODEC_FLAC: Codec.FLAC,
    media_pb2.AUDIO_CODEC_OPUS: Codec.OPUS,
    media_pb2.AUDIO_CODEC_AAC: Codec.AAC,
    media_pb2.AUDIO_CODEC_PCMU: Codec.PCMU,
    media_pb2.AUDIO_CODEC_PCMU_WAV: Codec.PCMU_WAV,
}
_CODEC_NUMBERS = {codec: number for number, codec in _CODECS.items()}
_GENDERS = {
    engine_pb2.GENDER_UNSPECIFIED: Gender.UNKNOWN,
    engine_pb2.GENDER_FEMALE: Gender.FEMALE,
    engine_pb2.GENDER_MALE: Gender.MALE,
    engine_pb2.GENDER_NEUTRAL: Gender.NEUTRAL,
}
_GENDER_NUMBERS = {gender: number for number, gender in _GENDERS.items()}
_STATES = {
    State.READY: engine_pb2.VOICE_STATE_READY,
    State.AWAITING_CONSENT: engine_pb2.VOICE_STATE_AWAITING_CONSENT,
    State.CONSENT_EXPIRED: engine_pb2.VOICE_STATE_CONSENT_EXPIRED,
    State.AWAITING_ENGINE: engine_pb2.VOICE_STATE_AWAITING_ENGINE,
}
KEEPS_REFERENCES = "keeps-references"
"""A feature of every engine here: CloneVoice is taken and the sample kept, even where no engine clones yet."""
SSML = "ssml"
"""A feature of every engine here: the text may be marked up."""


def to_format(fmt: media_pb2.AudioFormat, facts: EngineFacts | None = None) -> AudioFormat:
    """The format asked for, of the engine where that is left open; raises `UnsupportedFormat`."""
    codec = _CODECS.get(fmt.codec)
    if codec is None:
        raise InvalidArgument(f"Audio codec {fmt.codec} is not known here.", field="format.codec")
    if facts is not None:
        return format_for(facts, codec, fmt.sample_rate, fmt.channels, fmt.bitrate)
    return AudioFormat.of(codec, fmt.sample_rate, fmt.channels, fmt.bitrate)


def to_wish(settings: speech_pb2.SpeechSettings) -> VoiceWish:
    """The voice asked for."""
    return VoiceWish(
        voice_id=settings.voice_id,
        language=settings.language,
        gender=_GENDERS.get(settings.gender, Gender.UNKNOWN),
        owner=settings.principal.key_id,
        allow_substitute=settings.allow_substitute,
    )


def to_request(settings: speech_pb2.SpeechSettings, engine: str, facts: EngineFacts | None = None) -> SpeechRequest:
    """The whole request, for the engine chosen; raises `InvalidArgument` and `UnsupportedFormat`."""
    return SpeechRequest(
        engine=engine,
        wish=to_wish(settings),
        format=to_format(settings.format, facts),
        speed=settings.speed or 1.0,
        pitch=settings.pitch,
        volume=settings.volume if settings.HasField("volume") else 1.0,
        loudness_lufs=settings.loudness_lufs if settings.HasField("loudness_lufs") else None,
        pronunciations=tuple(settings.pronunciations),
        options=_options(settings),
        normalize_text=settings.normalize_text if settings.HasField("normalize_text") else None,
        ssml=settings.text_kind == speech_pb2.TEXT_KIND_SSML,
    )


def _options(settings: speech_pb2.SpeechSettings) -> EngineOptions | None:
    """Engine settings of another engine than ours are left aside, as another rung's."""
    kind = settings.WhichOneof("engine_settings")
    return _OPTIONS[kind](getattr(settings, kind)) if kind in _OPTIONS else None


def _espeak_options(espeak: speech_pb2.EspeakSettings) -> EspeakOptions:
    return EspeakOptions(espeak.variant, int(_in_range("espeak.word_gap_ms", espeak.word_gap_ms, 0, 2_000)))


def _flite_options(flite: speech_pb2.FliteSettings) -> FliteOptions:
    return FliteOptions(_in_range("flite.duration_stretch", flite.duration_stretch or 1.0, 0.25, 4.0))


def _edge_options(edge: speech_pb2.EdgeSettings) -> EdgeOptions:
    return EdgeOptions(edge.style)


def _tone_options(tone: speech_pb2.ToneSettings) -> ToneOptions:
    usual = ToneOptions()
    return ToneOptions(
        base_hz=_in_range("tone.base_hz", tone.base_hz or usual.base_hz, 20, 4_000),
        ms_per_word=int(_in_range("tone.ms_per_word", tone.ms_per_word or usual.ms_per_word, 1, 10_000)),
        delay_ms_per_word=int(_in_range("tone.delay_ms_per_word", tone.delay_ms_per_word, 0, 60_000)),
        fail_after_words=tone.fail_after_words,
    )


def _piper_options(piper: speech_pb2.PiperSettings) -> PiperOptions:
    return PiperOptions(
        noise_scale=_in_range("piper.noise_scale", piper.noise_scale, 0, 2) or None,
        noise_w=_in_range("piper.noise_w", piper.noise_w, 0, 2) or None,
        speaker=piper.speaker,
    )


def _xtts_options(xtts: speech_pb2.XttsSettings) -> XttsOptions:
    return XttsOptions(
        temperature=_in_range("xtts.temperature", xtts.temperature, 0, 2) or None,
        top_p=_in_range("xtts.top_p", xtts.top_p, 0, 1) or None,
        top_k=int(_in_range("xtts.top_k", xtts.top_k, 0, 1024)) or None,
        repetition_penalty=_in_range("xtts.repetition_penalty", xtts.repetition_penalty, 0, 50) or None,
        seed=xtts.seed or None,
    )


_OPTIONS: Mapping[str, Callable[[Any], EngineOptions]] = {
    "espeak": _espeak_options,
    "flite": _flite_options,
    "tone": _tone_options,
    "edge": _edge_options,
    "piper": _piper_options,
    "xtts": _xtts_options,
}
"""Field of the oneof -> what it means to that engine."""


def _in_range(name: str, value: float, least: float, most: float) -> float:
    if not least <= value <= most:
        raise InvalidArgument(f"{name} is {value:g}; it may be {least:g} to {most:g}.", field=name)
    return value


def to_chunks(part: Part, request: SpeechRequest) -> Iterator[speech_pb2.SpeechChunk]:
    """A part as messages, none larger than a piece."""
    match part:
        case Header():
            yield speech_pb2.SpeechChunk(header=_header(part, request))
        case SentenceEnd():
            end = speech_pb2.SentenceEnd(text_consumed=part.text_consumed, audio_ms=part.audio_ms)
            yield speech_pb2.SpeechChunk(sentence_end=end)
        case Sound() if part != Sound():
            first, *rest = pieces(part.audio) or [b""]
            yield speech_pb2.SpeechChunk(audio=first, words=_words(part), cues=_cues(part))
            yield from (speech_pb2.SpeechChunk(audio=piece) for piece in rest)


def _header(header: Header, request: SpeechRequest) -> speech_pb2.SpeechHeader:
    casting, fmt = header.casting, request.format
    return speech_pb2.SpeechHeader(
        engine=request.engine,
        voice_id=casting.voice.voice_id,
        voice_substituted=casting.substituted,
        requested_voice_id=request.wish.voice_id,
        language=casting.language,
        timing=_source("timings" in header.estimated),
        cue_timing=_source("cues" in header.estimated),
        format=media_pb2.AudioFormat(
            codec=_CODEC_NUMBERS[fmt.codec],
            sample_rate=fmt.sample_rate,
            channels=fmt.channels,
            bitrate=fmt.bitrate,
        ),
    )


def _source(estimated: bool) -> speech_pb2.TimingSource:
    return speech_pb2.TIMING_SOURCE_ESTIMATED if estimated else speech_pb2.TIMING_SOURCE_NATIVE


def _words(sound: Sound) -> list[media_pb2.WordTiming]:
    return [
        media_pb2.WordTiming(
            word=word.text, text_start=word.start, text_end=word.end, start_ms=word.start_ms, end_ms=word.end_ms
        )
        for word in sound.words
    ]


def _cues(sound: Sound) -> list[media_pb2.MouthCue]:
    return [
        media_pb2.MouthCue(ipa=cue.ipa, start_ms=cue.start_ms, end_ms=cue.end_ms, stressed=cue.stressed)
        for cue in sound.cues
    ]


def from_voice(voice: EngineVoice, engine: str) -> engine_pb2.Voice:
    """An engine's voice."""
    why = f"{engine} has retired it; another voice speaks for it." if voice.retired else ""
    return engine_pb2.Voice(
        voice_id=voice.voice_id,
        name=voice.name,
        language=voice.language,
        gender=_GENDER_NUMBERS[voice.gender],
        engine=engine,
        usable=not voice.retired,
        why=why,
    )


def from_cloned(voice: ClonedVoice, state: State, engine: str) -> engine_pb2.Voice:
    """A cloned voice, and how it stands; `engine` is the one that would speak with it."""
    return engine_pb2.Voice(
        voice_id=voice.voice_id,
        name=voice.name,
        language=voice.language,
        engine=engine,
        cloned=True,
        usable=state is State.READY,
        why=f"{WHY[state]} {REMEDY[state]}".strip(),
        state=_STATES[state],
        created_at_unix_s=voice.created_unix_s,
    )


def to_cloned(settings: speech_pb2.CloneVoiceSettings) -> ClonedVoice:
    """The voice to keep; raises `InvalidArgument` for half a consent."""
    consent = to_consent(settings.consent) if settings.HasField("consent") else None
    return ClonedVoice(settings.voice_id, settings.name, settings.language, consent)


def to_refinement(settings: speech_pb2.CloneVoiceSettings) -> Refinement:
    """What is done to the sample."""
    return Refinement(denoise=settings.denoise, normalize_loudness=settings.normalize_loudness)


def to_consent(consent: speech_pb2.Consent) -> Consent:
    """What the speaker agreed to; raises `InvalidArgument`."""
    told = Consent(
        speaker=consent.speaker,
        statement=consent.statement,
        given_at_unix_s=consent.given_at_unix_s,
        scope=consent.scope,
        expires_at_unix_s=consent.expires_at_unix_s,
    )
    return told.checked(time.time())


def from_engine(engine: Engine, status: EngineStatus, outstanding: int) -> engine_pb2.EngineInfo:
    """All that a caller may know of an engine."""
    facts = engine.facts
    tasks = [engine_pb2.TASK_SPEECH, *([engine_pb2.TASK_CLONE] if facts.clones else [])]
    return engine_pb2.EngineInfo(
        name=facts.name,
        state=status.state,
        reason=status.reason,
        remedy=status.remedy,
        progress=status.progress,
        tasks=tasks,
        model=facts.model,
        version=facts.version,
        device=facts.device,
        licence=engine_pb2.Licence(name=facts.licence, commercial_use=facts.commercial_use, note=facts.licence_note),
        languages=facts.languages,
        voices=[from_voice(voice, facts.name) for voice in engine.voices()],
        formats=[codec.value for codec in Codec],
        limits=engine_pb2.Limits(max_text_chars=MAX_TEXT_CHARS, max_concurrency=facts.max_streams),
        cloud=facts.cloud,
        features=[*facts.features, KEEPS_REFERENCES, SSML],
        outstanding=outstanding,
    )
