"""What MiniMax may answer, as schemas: unknown fields are ignored, wrong types are refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MAX_ID_CHARS = 256


def _as_text(value: object) -> object:
    """Ids are integers on some routes and decimal strings on others."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Id = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=MAX_ID_CHARS)]
MaybeId = Annotated[str, BeforeValidator(_as_text), Field(max_length=MAX_ID_CHARS)]
Address = Annotated[str, Field(max_length=8192)]


class Reply(BaseModel):
    """A part of an answer; what is wrong with it is told without the value."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, protected_namespaces=())


class BaseResp(Reply):
    """How a native route says whether it worked: 0 = it did."""

    status_code: int = 0
    status_msg: str | None = ""


class ErrorBody(Reply):
    """The `error` of the newer routes."""

    type: str | None = ""
    message: str | None = ""
    code: str | int | None = ""


class Status(Reply):
    """What any answer may hold besides its own fields."""

    base_resp: BaseResp | None = None
    error: ErrorBody | str | None = None


class Empty(Reply):
    """An answer with nothing but its status."""


# --- text ---


class FunctionPiece(Reply):
    """A piece of a tool call: the name comes once, the arguments in pieces."""

    name: str | None = None
    arguments: str | None = None


class ToolPiece(Reply):
    """A tool call, by its place."""

    index: int = Field(default=0, ge=0, le=1024)
    id: str | None = None
    function: FunctionPiece = FunctionPiece()


class ReasoningDetail(Reply):
    """A piece of the reasoning; MiniMax's may repeat what came before."""

    text: str | None = ""


class ChatPiece(Reply):
    """The `delta` of a chunk."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning_details: list[ReasoningDetail] | None = None
    tool_calls: list[ToolPiece] | None = None


class Choice(Reply):
    """The one answer."""

    delta: ChatPiece | None = None
    message: ChatPiece | None = None
    finish_reason: str | None = None


class CachedTokens(Reply):
    """Of the prompt."""

    cached_tokens: int | None = 0


class ReasoningTokens(Reply):
    """Of the answer."""

    reasoning_tokens: int | None = 0


class TokenUsage(Reply):
    """What a chat used."""

    prompt_tokens: int = Field(default=0, ge=0, lt=2**31)
    completion_tokens: int = Field(default=0, ge=0, lt=2**31)
    prompt_tokens_details: CachedTokens | None = None
    completion_tokens_details: ReasoningTokens | None = None


class ChatEvent(Reply):
    """One event of a chat."""

    model: str | None = ""
    choices: list[Choice] | None = None
    usage: TokenUsage | None = None


# --- speech ---


class AudioData(Reply):
    """A piece of sound in hexadecimal digits; status 2 = the last event, which repeats the whole."""

    audio: str | None = ""
    status: int = 1
    subtitle_file: Address | None = None


class ExtraInfo(Reply):
    """What the last event tells of the sound."""

    audio_length: int = Field(default=0, ge=0, lt=2**31)  # ms
    audio_sample_rate: int | None = 0
    usage_characters: int = Field(default=0, ge=0, lt=2**31)


class AudioEvent(Reply):
    """One event of t2a_v2, or its whole answer."""

    data: AudioData | None = None
    extra_info: ExtraInfo | None = None
    subtitle_file: Address | None = None


class SubtitleWord(Reply):
    """One word; times in ms, places in characters of the text."""

    word: str = ""
    word_begin: int = 0
    word_end: int = 0
    time_begin: float = 0
    time_end: float = 0


class Subtitle(Reply):
    """One sentence of the subtitle file."""

    text: str = ""
    text_begin: int = 0
    text_end: int = 0
    time_begin: float = 0
    time_end: float = 0
    timestamped_words: list[SubtitleWord] | None = None


# --- voices and files ---


class VoiceEntry(Reply):
    """One voice of the account."""

    voice_id: str = Field(max_length=MAX_ID_CHARS)
    voice_name: str | None = ""
    created_time: str | None = ""


class VoiceList(Reply):
    """The answer of get_voice."""

    system_voice: list[VoiceEntry] | None = None
    voice_cloning: list[VoiceEntry] | None = None
    voice_generation: list[VoiceEntry] | None = None


class FileEntry(Reply):
    """One file of the account."""

    file_id: Id
    bytes: int | None = 0
    filename: str | None = ""
    purpose: str | None = ""
    download_url: Address | None = None


class FileReply(Reply):
    """The answer of upload and retrieve."""

    file: FileEntry


class FileList(Reply):
    """The answer of list."""

    files: list[FileEntry] = []


# --- video ---


class Created(Reply):
    """A task was taken."""

    task_id: Id


class TaskV1(Status):
    """How far a task of /v1 is."""

    status: str = ""
    file_id: MaybeId | None = None  # empty until there is one
    video_width: int | None = 0
    video_height: int | None = 0


class TaskContent(Reply):
    """Where the film is."""

    url: Address | None = None


class TaskV2(Reply):
    """How far a task of /v2 is."""

    status: str
    content: TaskContent | None = None
    error: ErrorBody | None = None


class TaskReplyV2(Reply):
    """The answer of the query of /v2."""

    task: TaskV2
