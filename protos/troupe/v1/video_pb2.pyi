from troupe.v1 import engine_pb2 as _engine_pb2
from troupe.v1 import media_pb2 as _media_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AnimateInput(_message.Message):
    __slots__ = ("settings", "picture", "speech")
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    PICTURE_FIELD_NUMBER: _ClassVar[int]
    SPEECH_FIELD_NUMBER: _ClassVar[int]
    settings: AnimateSettings
    picture: bytes
    speech: Speech24k
    def __init__(self, settings: _Optional[_Union[AnimateSettings, _Mapping]] = ..., picture: _Optional[bytes] = ..., speech: _Optional[_Union[Speech24k, _Mapping]] = ...) -> None: ...

class Speech24k(_message.Message):
    __slots__ = ("pcm", "cues", "words", "cues_complete_ms")
    PCM_FIELD_NUMBER: _ClassVar[int]
    CUES_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    CUES_COMPLETE_MS_FIELD_NUMBER: _ClassVar[int]
    pcm: bytes
    cues: _containers.RepeatedCompositeFieldContainer[_media_pb2.MouthCue]
    words: _containers.RepeatedCompositeFieldContainer[_media_pb2.WordTiming]
    cues_complete_ms: int
    def __init__(self, pcm: _Optional[bytes] = ..., cues: _Optional[_Iterable[_Union[_media_pb2.MouthCue, _Mapping]]] = ..., words: _Optional[_Iterable[_Union[_media_pb2.WordTiming, _Mapping]]] = ..., cues_complete_ms: _Optional[int] = ...) -> None: ...

class AnimateSettings(_message.Message):
    __slots__ = ("engine", "principal", "portrait_id", "container", "width", "height", "fps", "seed", "expression", "start_ms", "first_sequence", "has_cues", "content_id", "framing", "lead_ms", "portrait", "sadtalker", "still")
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    PORTRAIT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    FPS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    START_MS_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    HAS_CUES_FIELD_NUMBER: _ClassVar[int]
    CONTENT_ID_FIELD_NUMBER: _ClassVar[int]
    FRAMING_FIELD_NUMBER: _ClassVar[int]
    LEAD_MS_FIELD_NUMBER: _ClassVar[int]
    PORTRAIT_FIELD_NUMBER: _ClassVar[int]
    SADTALKER_FIELD_NUMBER: _ClassVar[int]
    STILL_FIELD_NUMBER: _ClassVar[int]
    engine: str
    principal: _engine_pb2.Principal
    portrait_id: str
    container: _media_pb2.Container
    width: int
    height: int
    fps: float
    seed: int
    expression: str
    start_ms: int
    first_sequence: int
    has_cues: bool
    content_id: str
    framing: Framing
    lead_ms: int
    portrait: PortraitSettings
    sadtalker: SadtalkerSettings
    still: StillSettings
    def __init__(self, engine: _Optional[str] = ..., principal: _Optional[_Union[_engine_pb2.Principal, _Mapping]] = ..., portrait_id: _Optional[str] = ..., container: _Optional[_Union[_media_pb2.Container, str]] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., fps: _Optional[float] = ..., seed: _Optional[int] = ..., expression: _Optional[str] = ..., start_ms: _Optional[int] = ..., first_sequence: _Optional[int] = ..., has_cues: _Optional[bool] = ..., content_id: _Optional[str] = ..., framing: _Optional[_Union[Framing, _Mapping]] = ..., lead_ms: _Optional[int] = ..., portrait: _Optional[_Union[PortraitSettings, _Mapping]] = ..., sadtalker: _Optional[_Union[SadtalkerSettings, _Mapping]] = ..., still: _Optional[_Union[StillSettings, _Mapping]] = ...) -> None: ...

class Framing(_message.Message):
    __slots__ = ("aspect", "background", "captions", "background_image", "background_id")
    ASPECT_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    CAPTIONS_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_IMAGE_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_ID_FIELD_NUMBER: _ClassVar[int]
    aspect: str
    background: str
    captions: bool
    background_image: bytes
    background_id: str
    def __init__(self, aspect: _Optional[str] = ..., background: _Optional[str] = ..., captions: _Optional[bool] = ..., background_image: _Optional[bytes] = ..., background_id: _Optional[str] = ...) -> None: ...

class PortraitSettings(_message.Message):
    __slots__ = ("head_motion", "blink_rate", "codec")
    HEAD_MOTION_FIELD_NUMBER: _ClassVar[int]
    BLINK_RATE_FIELD_NUMBER: _ClassVar[int]
    CODEC_FIELD_NUMBER: _ClassVar[int]
    head_motion: float
    blink_rate: float
    codec: str
    def __init__(self, head_motion: _Optional[float] = ..., blink_rate: _Optional[float] = ..., codec: _Optional[str] = ...) -> None: ...

class SadtalkerSettings(_message.Message):
    __slots__ = ("preprocess", "still", "pose_style", "expression_scale", "size", "enhancer", "pose_scale", "blink_rate", "seam", "yaw", "pitch", "roll", "reference", "reference_for")
    PREPROCESS_FIELD_NUMBER: _ClassVar[int]
    STILL_FIELD_NUMBER: _ClassVar[int]
    POSE_STYLE_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_SCALE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    ENHANCER_FIELD_NUMBER: _ClassVar[int]
    POSE_SCALE_FIELD_NUMBER: _ClassVar[int]
    BLINK_RATE_FIELD_NUMBER: _ClassVar[int]
    SEAM_FIELD_NUMBER: _ClassVar[int]
    YAW_FIELD_NUMBER: _ClassVar[int]
    PITCH_FIELD_NUMBER: _ClassVar[int]
    ROLL_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FOR_FIELD_NUMBER: _ClassVar[int]
    preprocess: str
    still: bool
    pose_style: int
    expression_scale: float
    size: int
    enhancer: str
    pose_scale: float
    blink_rate: float
    seam: str
    yaw: _containers.RepeatedScalarFieldContainer[float]
    pitch: _containers.RepeatedScalarFieldContainer[float]
    roll: _containers.RepeatedScalarFieldContainer[float]
    reference: bytes
    reference_for: str
    def __init__(self, preprocess: _Optional[str] = ..., still: _Optional[bool] = ..., pose_style: _Optional[int] = ..., expression_scale: _Optional[float] = ..., size: _Optional[int] = ..., enhancer: _Optional[str] = ..., pose_scale: _Optional[float] = ..., blink_rate: _Optional[float] = ..., seam: _Optional[str] = ..., yaw: _Optional[_Iterable[float]] = ..., pitch: _Optional[_Iterable[float]] = ..., roll: _Optional[_Iterable[float]] = ..., reference: _Optional[bytes] = ..., reference_for: _Optional[str] = ...) -> None: ...

class StillSettings(_message.Message):
    __slots__ = ("delay_ms_per_frame", "fail_after_frames")
    DELAY_MS_PER_FRAME_FIELD_NUMBER: _ClassVar[int]
    FAIL_AFTER_FRAMES_FIELD_NUMBER: _ClassVar[int]
    delay_ms_per_frame: int
    fail_after_frames: int
    def __init__(self, delay_ms_per_frame: _Optional[int] = ..., fail_after_frames: _Optional[int] = ...) -> None: ...

class GenerateRequest(_message.Message):
    __slots__ = ("engine", "principal", "prompt", "model", "first_frame", "last_frame", "subject", "reference_audio", "duration_ms", "resolution", "container")
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    FIRST_FRAME_FIELD_NUMBER: _ClassVar[int]
    LAST_FRAME_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_AUDIO_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    engine: str
    principal: _engine_pb2.Principal
    prompt: str
    model: str
    first_frame: bytes
    last_frame: bytes
    subject: bytes
    reference_audio: bytes
    duration_ms: int
    resolution: str
    container: _media_pb2.Container
    def __init__(self, engine: _Optional[str] = ..., principal: _Optional[_Union[_engine_pb2.Principal, _Mapping]] = ..., prompt: _Optional[str] = ..., model: _Optional[str] = ..., first_frame: _Optional[bytes] = ..., last_frame: _Optional[bytes] = ..., subject: _Optional[bytes] = ..., reference_audio: _Optional[bytes] = ..., duration_ms: _Optional[int] = ..., resolution: _Optional[str] = ..., container: _Optional[_Union[_media_pb2.Container, str]] = ...) -> None: ...

class GenerateChunk(_message.Message):
    __slots__ = ("progress", "chunk", "tick")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    TICK_FIELD_NUMBER: _ClassVar[int]
    progress: GenerateProgress
    chunk: _media_pb2.MediaChunk
    tick: _engine_pb2.Tick
    def __init__(self, progress: _Optional[_Union[GenerateProgress, _Mapping]] = ..., chunk: _Optional[_Union[_media_pb2.MediaChunk, _Mapping]] = ..., tick: _Optional[_Union[_engine_pb2.Tick, _Mapping]] = ...) -> None: ...

class GenerateProgress(_message.Message):
    __slots__ = ("stage", "fraction")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    FRACTION_FIELD_NUMBER: _ClassVar[int]
    stage: str
    fraction: float
    def __init__(self, stage: _Optional[str] = ..., fraction: _Optional[float] = ...) -> None: ...

class Portrait(_message.Message):
    __slots__ = ("portrait_id", "name", "avatar", "created_at_unix_s", "expires_at_unix_s", "width", "height", "notes", "gender")
    PORTRAIT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    AVATAR_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_UNIX_S_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_UNIX_S_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    GENDER_FIELD_NUMBER: _ClassVar[int]
    portrait_id: str
    name: str
    avatar: bool
    created_at_unix_s: int
    expires_at_unix_s: int
    width: int
    height: int
    notes: _containers.RepeatedScalarFieldContainer[str]
    gender: _engine_pb2.Gender
    def __init__(self, portrait_id: _Optional[str] = ..., name: _Optional[str] = ..., avatar: _Optional[bool] = ..., created_at_unix_s: _Optional[int] = ..., expires_at_unix_s: _Optional[int] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., notes: _Optional[_Iterable[str]] = ..., gender: _Optional[_Union[_engine_pb2.Gender, str]] = ...) -> None: ...

class PreparePortraitInput(_message.Message):
    __slots__ = ("settings", "picture")
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    PICTURE_FIELD_NUMBER: _ClassVar[int]
    settings: PreparePortraitSettings
    picture: bytes
    def __init__(self, settings: _Optional[_Union[PreparePortraitSettings, _Mapping]] = ..., picture: _Optional[bytes] = ...) -> None: ...

class PreparePortraitSettings(_message.Message):
    __slots__ = ("engine", "principal", "name", "keep")
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    KEEP_FIELD_NUMBER: _ClassVar[int]
    engine: str
    principal: _engine_pb2.Principal
    name: str
    keep: bool
    def __init__(self, engine: _Optional[str] = ..., principal: _Optional[_Union[_engine_pb2.Principal, _Mapping]] = ..., name: _Optional[str] = ..., keep: _Optional[bool] = ...) -> None: ...

class PreparePortraitResponse(_message.Message):
    __slots__ = ("portrait", "preview_png")
    PORTRAIT_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_PNG_FIELD_NUMBER: _ClassVar[int]
    portrait: Portrait
    preview_png: bytes
    def __init__(self, portrait: _Optional[_Union[Portrait, _Mapping]] = ..., preview_png: _Optional[bytes] = ...) -> None: ...

class ListPortraitsRequest(_message.Message):
    __slots__ = ("principal",)
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    principal: _engine_pb2.Principal
    def __init__(self, principal: _Optional[_Union[_engine_pb2.Principal, _Mapping]] = ...) -> None: ...

class ListPortraitsResponse(_message.Message):
    __slots__ = ("portraits",)
    PORTRAITS_FIELD_NUMBER: _ClassVar[int]
    portraits: _containers.RepeatedCompositeFieldContainer[Portrait]
    def __init__(self, portraits: _Optional[_Iterable[_Union[Portrait, _Mapping]]] = ...) -> None: ...

class DeletePortraitRequest(_message.Message):
    __slots__ = ("principal", "portrait_id")
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    PORTRAIT_ID_FIELD_NUMBER: _ClassVar[int]
    principal: _engine_pb2.Principal
    portrait_id: str
    def __init__(self, principal: _Optional[_Union[_engine_pb2.Principal, _Mapping]] = ..., portrait_id: _Optional[str] = ...) -> None: ...

class DeletePortraitResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
