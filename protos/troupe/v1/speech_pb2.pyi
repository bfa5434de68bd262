from troupe.v1 import engine_pb2 as _engine_pb2
from troupe.v1 import media_pb2 as _media_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TextKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TEXT_KIND_UNSPECIFIED: _ClassVar[TextKind]
    TEXT_KIND_PLAIN: _ClassVar[TextKind]
    TEXT_KIND_SSML: _ClassVar[TextKind]

class TimingSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIMING_SOURCE_UNSPECIFIED: _ClassVar[TimingSource]
    TIMING_SOURCE_NATIVE: _ClassVar[TimingSource]
    TIMING_SOURCE_ESTIMATED: _ClassVar[TimingSource]
TEXT_KIND_UNSPECIFIED: TextKind
TEXT_KIND_PLAIN: TextKind
TEXT_KIND_SSML: TextKind
TIMING_SOURCE_UNSPECIFIED: TimingSource
TIMING_SOURCE_NATIVE: TimingSource
TIMING_SOURCE_ESTIMATED: TimingSource

class SpeechInput(_message.Message):
    __slots__ = ("settings", "text", "flush")
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FLUSH_FIELD_NUMBER: _ClassVar[int]
    settings: SpeechSettings
    text: str
    flush: Flush
    def __init__(self, settings: _Optional[_Union[SpeechSettings, _Mapping]] = ..., text: _Optional[str] = ..., flush: _Optional[_Union[Flush, _Mapping]] = ...) -> None: ...

class Flush(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SpeechSettings(_message.Message):
    __slots__ = ("engine", "principal", "voice_id", "language", "format", "speed", "pitch", "volume", "emotion", "pronunciations", "allow_substitute", "gender", "loudness_lufs", "text_kind", "normalize_text", "espeak", "flite", "tone", "edge", "piper", "xtts", "minimax")
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    VOICE_ID_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    PITCH_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    EMOTION_FIELD_NUMBER: _ClassVar[int]
    PRONUNCIATIONS_FIELD_NUMBER: _ClassVar[int]
    ALLOW_SUBSTITUTE_FIELD_NUMBER: _ClassVar[int]
    GENDER_FIELD_NUMBER: _ClassVar[int]
    LOUDNESS_LUFS_FIELD_NUMBER: _ClassVar[int]
    TEXT_KIND_FIELD_NUMBER: _ClassVar[int]
    NORMALIZE_TEXT_FIELD_NUMBER: _ClassVar[int]
    ESPEAK_FIELD_NUMBER: _ClassVar[int]
    FLITE_FIELD_NUMBER: _ClassVar[int]
    TONE_FIELD_NUMBER: _ClassVar[int]
    EDGE_FIELD_NUMBER: _ClassVar[int]
    PIPER_FIELD_NUMBER: _ClassVar[int]
    XTTS_FIELD_NUMBER: _ClassVar[int]
    MINIMAX_FIELD_NUMBER: _ClassVar[int]
    engine: str
    principal: _engine_pb2.Principal
    voice_id: str
    language: str
    format: _media_pb2.AudioFormat
    speed: float
    pitch: float
    volume: float
    emotion: str
    pronunciations: _containers.RepeatedScalarFieldContainer[str]
    allow_substitute: bool
    gender: _engine_pb2.Gender
    loudness_lufs: float
    text_kind: TextKind
    normalize_text: bool
    espeak: EspeakSettings
    flite: FliteSettings
    tone: ToneSettings
    edge: EdgeSettings
    piper: PiperSettings
    xtts: XttsSettings
    minimax: MinimaxSpeechSettings
    def __init__(self, engine: _Optional[str] = ..., principal: _Optional[_Union[_engine_pb2.Principal, _Mapping]] = ..., voice_id: _Optional[str] = ..., language: _Optional[str] = ..., format: _Optional[_Union[_media_pb2.AudioFormat, _Mapping]] = ..., speed: _Optional[float] = ..., pitch: _Optional[float] = ..., volume: _Optional[float] = ..., emotion: _Optional[str] = ..., pronunciations: _Optional[_Iterable[str]] = ..., allow_substitute: _Optional[bool] = ..., gender: _Optional[_Union[_engine_pb2.Gender, str]] = ..., loudness_lufs: _Optional[float] = ..., text_kind: _Optional[_Union[TextKind, str]] = ..., normalize_text: _Optional[bool] = ..., espeak: _Optional[_Union[EspeakSettings, _Mapping]] = ..., flite: _Optional[_Union[FliteSettings, _Mapping]] = ..., tone: _Optional[_Union[ToneSettings, _Mapping]] = ..., edge: _Optional[_Union[EdgeSettings, _Mapping]] = ..., piper: _Optional[_Union[PiperSettings, _Mapping]] = ..., xtts: _Optional[_Union[XttsSettings, _Mapping]] = ..., minimax: _Optional[_Union[MinimaxSpeechSettings, _Mapping]] = ...) -> None: ...

class EspeakSettings(_message.Message):
    __slots__ = ("variant", "word_gap_ms")
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    WORD_GAP_MS_FIELD_NUMBER: _ClassVar[int]
    variant: str
    word_gap_ms: int
    def __init__(self, variant: _Optional[str] = ..., word_gap_ms: _Optional[int] = ...) -> None: ...

class FliteSettings(_message.Message):
    __slots__ = ("duration_stretch",)
    DURATION_STRETCH_FIELD_NUMBER: _ClassVar[int]
    duration_stretch: float
    def __init__(self, duration_stretch: _Optional[float] = ...) -> None: ...

class ToneSettings(_message.Message):
    __slots__ = ("base_hz", "ms_per_word", "delay_ms_per_word", "fail_after_words")
    BASE_HZ_FIELD_NUMBER: _ClassVar[int]
    MS_PER_WORD_FIELD_NUMBER: _ClassVar[int]
    DELAY_MS_PER_WORD_FIELD_NUMBER: _ClassVar[int]
    FAIL_AFTER_WORDS_FIELD_NUMBER: _ClassVar[int]
    base_hz: float
    ms_per_word: int
    delay_ms_per_word: int
    fail_after_words: int
    def __init__(self, base_hz: _Optional[float] = ..., ms_per_word: _Optional[int] = ..., delay_ms_per_word: _Optional[int] = ..., fail_after_words: _Optional[int] = ...) -> None: ...

class EdgeSettings(_message.Message):
    __slots__ = ("style",)
    STYLE_FIELD_NUMBER: _ClassVar[int]
    style: str
    def __init__(self, style: _Optional[str] = ...) -> None: ...

class PiperSettings(_message.Message):
    __slots__ = ("noise_scale", "noise_w", "speaker")
    NOISE_SCALE_FIELD_NUMBER: _ClassVar[int]
    NOISE_W_FIELD_NUMBER: _ClassVar[int]
    SPEAKER_FIELD_NUMBER: _ClassVar[int]
    noise_scale: float
    noise_w: float
    speaker: int
    def __init__(self, noise_scale: _Optional[float] = ..., noise_w: _Optional[float] = ..., speaker: _Optional[int] = ...) -> None: ...

class XttsSettings(_message.Message):
    __slots__ = ("temperature", "top_p", "top_k", "repetition_penalty", "seed")
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    TOP_P_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    REPETITION_PENALTY_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    temperature: float
    top_p: float
    top_k: int
    repetition_penalty: float
    seed: int
    def __init__(self, temperature: _Optional[float] = ..., top_p: _Optional[float] = ..., top_k: _Optional[int] = ..., repetition_penalty: _Optional[float] = ..., seed: _Optional[int] = ...) -> None: ...

class MinimaxSpeechSettings(_message.Message):
    __slots__ = ("model", "language_boost")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_BOOST_FIELD_NUMBER: _ClassVar[int]
    model: str
    language_boost: str
    def __init__(self, model: _Optional[str] = ..., language_boost: _Optional[str] = ...) -> None: ...

class SpeechHeader(_message.Message):
    __slots__ = ("engine", "voice_id", "voice_substituted", "requested_voice_id", "format", "language", "timing", "cue_timing")
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    VOICE_ID_FIELD_NUMBER: _ClassVar[int]
    VOICE_SUBSTITUTED_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_VOICE_ID_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    TIMING_FIELD_NUMBER: _ClassVar[int]
    CUE_TIMING_FIELD_NUMBER: _ClassVar[int]
    engine: str
    voice_id: str
    voice_substituted: bool
    requested_voice_id: str
    format: _media_pb2.AudioFormat
    language: str
    timing: TimingSource
    cue_timing: TimingSource
    def __init__(self, engine: _Optional[str] = ..., voice_id: _Optional[str] = ..., voice_substituted: _Optional[bool] = ..., requested_voice_id: _Optional[str] = ..., format: _Optional[_Union[_media_pb2.AudioFormat, _Mapping]] = ..., language: _Optional[str] = ..., timing: _Optional[_Union[TimingSource, str]] = ..., cue_timing: _Optional[_Union[TimingSource, str]] = ...) -> None: ...

class SentenceEnd(_message.Message):
    __slots__ = ("text_consumed", "audio_ms")
    TEXT_CONSUMED_FIELD_NUMBER: _ClassVar[int]
    AUDIO_MS_FIELD_NUMBER: _ClassVar[int]
    text_consumed: int
    audio_ms: int
    def __init__(self, text_consumed: _Optional[int] = ..., audio_ms: _Optional[int] = ...) -> None: ...

class SpeechChunk(_message.Message):
    __slots__ = ("header", "audio", "words", "cues", "sentence_end", "tick")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    CUES_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_END_FIELD_NUMBER: _ClassVar[int]
    TICK_FIELD_NUMBER: _ClassVar[int]
    header: SpeechHeader
    audio: bytes
    words: _containers.RepeatedCompositeFieldContainer[_media_pb2.WordTiming]
    cues: _containers.RepeatedCompositeFieldContainer[_media_pb2.MouthCue]
    sentence_end: SentenceEnd
    tick: _engine_pb2.Tick
    def __init__(self, header: _Optional[_Union[SpeechHeader, _Mapping]] = ..., audio: _Optional[bytes] = ..., words: _Optional[_Iterable[_Union[_media_pb2.WordTiming, _Mapping]]] = ..., cues: _Optional[_Iterable[_Union[_media_pb2.MouthCue, _Mapping]]] = ..., sentence_end: _Optional[_Union[SentenceEnd, _Mapping]] = ..., tick: _Optional[_Union[_engine_pb2.Tick, _Mapping]] = ...) -> None: ...

class ListVoicesRequest(_message.Message):
    __slots__ = ("principal", "language")
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    principal: _engine_pb2.Principal
    language: str
    def __init__(self, principal: _Optional[_Union[_engine_pb2.Principal, _Mapping]] = ..., language: _Optional[str] = ...) -> None: ...

class ListVoicesResponse(_message.Message):
    __slots__ = ("voices",)
    VOICES_FIELD_NUMBER: _ClassVar[int]
    voices: _containers.RepeatedCompositeFieldContainer[_engine_pb2.Voice]
    def __init__(self, voices: _Optional[_Iterable[_Union[_engine_pb2.Voice, _Mapping]]] = ...) -> None: ...

class CloneVoiceInput(_message.Message):
    __slots__ = ("settings", "sample")
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    settings: CloneVoiceSettings
    sample: bytes
    def __init__(self, settings: _Optional[_Union[CloneVoiceSettings, _Mapping]] = ..., sample: _Optional[bytes] = ...) -> None: ...

class CloneVoiceSettings(_message.Message):
    __slots__ = ("engine", "principal", "name", "voice_id", "language", "consent", "denoise", "normalize_loudness")
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VOICE_ID_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    DENOISE_FIELD_NUMBER: _ClassVar[int]
    NORMALIZE_LOUDNESS_FIELD_NUMBER: _ClassVar[int]
    engine: str
    principal: _engine_pb2.Principal
    name: str
    voice_id: str
    language: str
    consent: Consent
    denoise: bool
    normalize_loudness: bool
    def __init__(self, engine: _Optional[str] = ..., principal: _Optional[_Union[_engine_pb2.Principal, _Mapping]] = ..., name: _Optional[str] = ..., voice_id: _Optional[str] = ..., language: _Optional[str] = ..., consent: _Optional[_Union[Consent, _Mapping]] = ..., denoise: _Optional[bool] = ..., normalize_loudness: _Optional[bool] = ...) -> None: ...

class Consent(_message.Message):
    __slots__ = ("speaker", "statement", "given_at_unix_s", "scope", "expires_at_unix_s")
    SPEAKER_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    GIVEN_AT_UNIX_S_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_UNIX_S_FIELD_NUMBER: _ClassVar[int]
    speaker: str
    statement: str
    given_at_unix_s: int
    scope: str
    expires_at_unix_s: int
    def __init__(self, speaker: _Optional[str] = ..., statement: _Optional[str] = ..., given_at_unix_s: _Optional[int] = ..., scope: _Optional[str] = ..., expires_at_unix_s: _Optional[int] = ...) -> None: ...

class GiveConsentRequest(_message.Message):
    __slots__ = ("principal", "voice_id", "consent")
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    VOICE_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    principal: _engine_pb2.Principal
    voice_id: str
    consent: Consent
    def __init__(self, principal: _Optional[_Union[_engine_pb2.Principal, _Mapping]] = ..., voice_id: _Optional[str] = ..., consent: _Optional[_Union[Consent, _Mapping]] = ...) -> None: ...

class GiveConsentResponse(_message.Message):
    __slots__ = ("voice",)
    VOICE_FIELD_NUMBER: _ClassVar[int]
    voice: _engine_pb2.Voice
    def __init__(self, voice: _Optional[_Union[_engine_pb2.Voice, _Mapping]] = ...) -> None: ...

class CloneVoiceResponse(_message.Message):
    __slots__ = ("voice", "stored")
    VOICE_FIELD_NUMBER: _ClassVar[int]
    STORED_FIELD_NUMBER: _ClassVar[int]
    voice: _engine_pb2.Voice
    stored: bool
    def __init__(self, voice: _Optional[_Union[_engine_pb2.Voice, _Mapping]] = ..., stored: _Optional[bool] = ...) -> None: ...

class DeleteVoiceRequest(_message.Message):
    __slots__ = ("principal", "voice_id")
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    VOICE_ID_FIELD_NUMBER: _ClassVar[int]
    principal: _engine_pb2.Principal
    voice_id: str
    def __init__(self, principal: _Optional[_Union[_engine_pb2.Principal, _Mapping]] = ..., voice_id: _Optional[str] = ...) -> None: ...

class DeleteVoiceResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DecodeInput(_message.Message):
    __slots__ = ("settings", "piece")
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    PIECE_FIELD_NUMBER: _ClassVar[int]
    settings: DecodeSettings
    piece: bytes
    def __init__(self, settings: _Optional[_Union[DecodeSettings, _Mapping]] = ..., piece: _Optional[bytes] = ...) -> None: ...

class DecodeSettings(_message.Message):
    __slots__ = ("principal", "max_duration_ms")
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    MAX_DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    principal: _engine_pb2.Principal
    max_duration_ms: int
    def __init__(self, principal: _Optional[_Union[_engine_pb2.Principal, _Mapping]] = ..., max_duration_ms: _Optional[int] = ...) -> None: ...
