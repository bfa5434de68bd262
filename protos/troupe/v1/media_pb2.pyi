from troupe.v1 import engine_pb2 as _engine_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AudioCodec(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AUDIO_CODEC_UNSPECIFIED: _ClassVar[AudioCodec]
    AUDIO_CODEC_PCM: _ClassVar[AudioCodec]
    AUDIO_CODEC_WAV: _ClassVar[AudioCodec]
    AUDIO_CODEC_MP3: _ClassVar[AudioCodec]
    AUDIO_CODEC_FLAC: _ClassVar[AudioCodec]
    AUDIO_CODEC_OPUS: _ClassVar[AudioCodec]
    AUDIO_CODEC_AAC: _ClassVar[AudioCodec]
    AUDIO_CODEC_PCMU: _ClassVar[AudioCodec]
    AUDIO_CODEC_PCMU_WAV: _ClassVar[AudioCodec]

class Container(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONTAINER_UNSPECIFIED: _ClassVar[Container]
    CONTAINER_MP4: _ClassVar[Container]
    CONTAINER_WEBM: _ClassVar[Container]

class MediaKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEDIA_KIND_UNSPECIFIED: _ClassVar[MediaKind]
    MEDIA_KIND_INIT: _ClassVar[MediaKind]
    MEDIA_KIND_FRAGMENT: _ClassVar[MediaKind]
AUDIO_CODEC_UNSPECIFIED: AudioCodec
AUDIO_CODEC_PCM: AudioCodec
AUDIO_CODEC_WAV: AudioCodec
AUDIO_CODEC_MP3: AudioCodec
AUDIO_CODEC_FLAC: AudioCodec
AUDIO_CODEC_OPUS: AudioCodec
AUDIO_CODEC_AAC: AudioCodec
AUDIO_CODEC_PCMU: AudioCodec
AUDIO_CODEC_PCMU_WAV: AudioCodec
CONTAINER_UNSPECIFIED: Container
CONTAINER_MP4: Container
CONTAINER_WEBM: Container
MEDIA_KIND_UNSPECIFIED: MediaKind
MEDIA_KIND_INIT: MediaKind
MEDIA_KIND_FRAGMENT: MediaKind

class AudioFormat(_message.Message):
    __slots__ = ("codec", "sample_rate", "channels", "bitrate")
    CODEC_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    BITRATE_FIELD_NUMBER: _ClassVar[int]
    codec: AudioCodec
    sample_rate: int
    channels: int
    bitrate: int
    def __init__(self, codec: _Optional[_Union[AudioCodec, str]] = ..., sample_rate: _Optional[int] = ..., channels: _Optional[int] = ..., bitrate: _Optional[int] = ...) -> None: ...

class WordTiming(_message.Message):
    __slots__ = ("word", "text_start", "text_end", "start_ms", "end_ms")
    WORD_FIELD_NUMBER: _ClassVar[int]
    TEXT_START_FIELD_NUMBER: _ClassVar[int]
    TEXT_END_FIELD_NUMBER: _ClassVar[int]
    START_MS_FIELD_NUMBER: _ClassVar[int]
    END_MS_FIELD_NUMBER: _ClassVar[int]
    word: str
    text_start: int
    text_end: int
    start_ms: int
    end_ms: int
    def __init__(self, word: _Optional[str] = ..., text_start: _Optional[int] = ..., text_end: _Optional[int] = ..., start_ms: _Optional[int] = ..., end_ms: _Optional[int] = ...) -> None: ...

class MouthCue(_message.Message):
    __slots__ = ("ipa", "start_ms", "end_ms", "stressed")
    IPA_FIELD_NUMBER: _ClassVar[int]
    START_MS_FIELD_NUMBER: _ClassVar[int]
    END_MS_FIELD_NUMBER: _ClassVar[int]
    STRESSED_FIELD_NUMBER: _ClassVar[int]
    ipa: str
    start_ms: int
    end_ms: int
    stressed: bool
    def __init__(self, ipa: _Optional[str] = ..., start_ms: _Optional[int] = ..., end_ms: _Optional[int] = ..., stressed: _Optional[bool] = ...) -> None: ...

class MediaHeader(_message.Message):
    __slots__ = ("engine", "container", "mime_type", "width", "height", "fps", "notes")
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    FPS_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    engine: str
    container: Container
    mime_type: str
    width: int
    height: int
    fps: float
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, engine: _Optional[str] = ..., container: _Optional[_Union[Container, str]] = ..., mime_type: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., fps: _Optional[float] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class MediaChunk(_message.Message):
    __slots__ = ("header", "kind", "data", "sequence", "start_ms", "end_ms", "last_piece", "end_of_stream", "tick")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    START_MS_FIELD_NUMBER: _ClassVar[int]
    END_MS_FIELD_NUMBER: _ClassVar[int]
    LAST_PIECE_FIELD_NUMBER: _ClassVar[int]
    END_OF_STREAM_FIELD_NUMBER: _ClassVar[int]
    TICK_FIELD_NUMBER: _ClassVar[int]
    header: MediaHeader
    kind: MediaKind
    data: bytes
    sequence: int
    start_ms: int
    end_ms: int
    last_piece: bool
    end_of_stream: bool
    tick: _engine_pb2.Tick
    def __init__(self, header: _Optional[_Union[MediaHeader, _Mapping]] = ..., kind: _Optional[_Union[MediaKind, str]] = ..., data: _Optional[bytes] = ..., sequence: _Optional[int] = ..., start_ms: _Optional[int] = ..., end_ms: _Optional[int] = ..., last_piece: _Optional[bool] = ..., end_of_stream: _Optional[bool] = ..., tick: _Optional[_Union[_engine_pb2.Tick, _Mapping]] = ...) -> None: ...
