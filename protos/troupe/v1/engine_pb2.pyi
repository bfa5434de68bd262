from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Task(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TASK_UNSPECIFIED: _ClassVar[Task]
    TASK_CHAT: _ClassVar[Task]
    TASK_EMBED: _ClassVar[Task]
    TASK_COUNT_TOKENS: _ClassVar[Task]
    TASK_EXTRACT: _ClassVar[Task]
    TASK_SPEECH: _ClassVar[Task]
    TASK_CLONE: _ClassVar[Task]
    TASK_TALKING_HEAD: _ClassVar[Task]
    TASK_TEXT_TO_VIDEO: _ClassVar[Task]
    TASK_IMAGE_TO_VIDEO: _ClassVar[Task]

class Gender(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GENDER_UNSPECIFIED: _ClassVar[Gender]
    GENDER_FEMALE: _ClassVar[Gender]
    GENDER_MALE: _ClassVar[Gender]
    GENDER_NEUTRAL: _ClassVar[Gender]

class EngineState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENGINE_STATE_UNSPECIFIED: _ClassVar[EngineState]
    ENGINE_STATE_LOADING: _ClassVar[EngineState]
    ENGINE_STATE_READY: _ClassVar[EngineState]
    ENGINE_STATE_BROKEN: _ClassVar[EngineState]
    ENGINE_STATE_MISSING: _ClassVar[EngineState]

class VoiceState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VOICE_STATE_UNSPECIFIED: _ClassVar[VoiceState]
    VOICE_STATE_READY: _ClassVar[VoiceState]
    VOICE_STATE_AWAITING_CONSENT: _ClassVar[VoiceState]
    VOICE_STATE_CONSENT_EXPIRED: _ClassVar[VoiceState]
    VOICE_STATE_AWAITING_ENGINE: _ClassVar[VoiceState]
TASK_UNSPECIFIED: Task
TASK_CHAT: Task
TASK_EMBED: Task
TASK_COUNT_TOKENS: Task
TASK_EXTRACT: Task
TASK_SPEECH: Task
TASK_CLONE: Task
TASK_TALKING_HEAD: Task
TASK_TEXT_TO_VIDEO: Task
TASK_IMAGE_TO_VIDEO: Task
GENDER_UNSPECIFIED: Gender
GENDER_FEMALE: Gender
GENDER_MALE: Gender
GENDER_NEUTRAL: Gender
ENGINE_STATE_UNSPECIFIED: EngineState
ENGINE_STATE_LOADING: EngineState
ENGINE_STATE_READY: EngineState
ENGINE_STATE_BROKEN: EngineState
ENGINE_STATE_MISSING: EngineState
VOICE_STATE_UNSPECIFIED: VoiceState
VOICE_STATE_READY: VoiceState
VOICE_STATE_AWAITING_CONSENT: VoiceState
VOICE_STATE_CONSENT_EXPIRED: VoiceState
VOICE_STATE_AWAITING_ENGINE: VoiceState

class Principal(_message.Message):
    __slots__ = ("key_id",)
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    def __init__(self, key_id: _Optional[str] = ...) -> None: ...

class Tick(_message.Message):
    __slots__ = ("sequence", "stage", "progress")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    stage: str
    progress: float
    def __init__(self, sequence: _Optional[int] = ..., stage: _Optional[str] = ..., progress: _Optional[float] = ...) -> None: ...

class Licence(_message.Message):
    __slots__ = ("name", "commercial_use", "note")
    NAME_FIELD_NUMBER: _ClassVar[int]
    COMMERCIAL_USE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    name: str
    commercial_use: bool
    note: str
    def __init__(self, name: _Optional[str] = ..., commercial_use: _Optional[bool] = ..., note: _Optional[str] = ...) -> None: ...

class Voice(_message.Message):
    __slots__ = ("voice_id", "name", "language", "gender", "engine", "cloned", "usable", "why", "state", "created_at_unix_s")
    VOICE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    GENDER_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    CLONED_FIELD_NUMBER: _ClassVar[int]
    USABLE_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_UNIX_S_FIELD_NUMBER: _ClassVar[int]
    voice_id: str
    name: str
    language: str
    gender: Gender
    engine: str
    cloned: bool
    usable: bool
    why: str
    state: VoiceState
    created_at_unix_s: int
    def __init__(self, voice_id: _Optional[str] = ..., name: _Optional[str] = ..., language: _Optional[str] = ..., gender: _Optional[_Union[Gender, str]] = ..., engine: _Optional[str] = ..., cloned: _Optional[bool] = ..., usable: _Optional[bool] = ..., why: _Optional[str] = ..., state: _Optional[_Union[VoiceState, str]] = ..., created_at_unix_s: _Optional[int] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("max_text_chars", "max_input_tokens", "max_output_tokens", "max_duration_ms", "max_width", "max_height", "max_concurrency")
    MAX_TEXT_CHARS_FIELD_NUMBER: _ClassVar[int]
    MAX_INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MAX_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MAX_DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    MAX_WIDTH_FIELD_NUMBER: _ClassVar[int]
    MAX_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    MAX_CONCURRENCY_FIELD_NUMBER: _ClassVar[int]
    max_text_chars: int
    max_input_tokens: int
    max_output_tokens: int
    max_duration_ms: int
    max_width: int
    max_height: int
    max_concurrency: int
    def __init__(self, max_text_chars: _Optional[int] = ..., max_input_tokens: _Optional[int] = ..., max_output_tokens: _Optional[int] = ..., max_duration_ms: _Optional[int] = ..., max_width: _Optional[int] = ..., max_height: _Optional[int] = ..., max_concurrency: _Optional[int] = ...) -> None: ...

class EngineInfo(_message.Message):
    __slots__ = ("name", "state", "reason", "remedy", "progress", "tasks", "model", "version", "device", "licence", "languages", "voices", "formats", "limits", "cloud", "features", "outstanding")
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REMEDY_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    LICENCE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGES_FIELD_NUMBER: _ClassVar[int]
    VOICES_FIELD_NUMBER: _ClassVar[int]
    FORMATS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    CLOUD_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    OUTSTANDING_FIELD_NUMBER: _ClassVar[int]
    name: str
    state: EngineState
    reason: str
    remedy: str
    progress: float
    tasks: _containers.RepeatedScalarFieldContainer[Task]
    model: str
    version: str
    device: str
    licence: Licence
    languages: _containers.RepeatedScalarFieldContainer[str]
    voices: _containers.RepeatedCompositeFieldContainer[Voice]
    formats: _containers.RepeatedScalarFieldContainer[str]
    limits: Limits
    cloud: bool
    features: _containers.RepeatedScalarFieldContainer[str]
    outstanding: int
    def __init__(self, name: _Optional[str] = ..., state: _Optional[_Union[EngineState, str]] = ..., reason: _Optional[str] = ..., remedy: _Optional[str] = ..., progress: _Optional[float] = ..., tasks: _Optional[_Iterable[_Union[Task, str]]] = ..., model: _Optional[str] = ..., version: _Optional[str] = ..., device: _Optional[str] = ..., licence: _Optional[_Union[Licence, _Mapping]] = ..., languages: _Optional[_Iterable[str]] = ..., voices: _Optional[_Iterable[_Union[Voice, _Mapping]]] = ..., formats: _Optional[_Iterable[str]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., cloud: _Optional[bool] = ..., features: _Optional[_Iterable[str]] = ..., outstanding: _Optional[int] = ...) -> None: ...

class DescribeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeResponse(_message.Message):
    __slots__ = ("service", "version", "engines")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ENGINES_FIELD_NUMBER: _ClassVar[int]
    service: str
    version: str
    engines: _containers.RepeatedCompositeFieldContainer[EngineInfo]
    def __init__(self, service: _Optional[str] = ..., version: _Optional[str] = ..., engines: _Optional[_Iterable[_Union[EngineInfo, _Mapping]]] = ...) -> None: ...
