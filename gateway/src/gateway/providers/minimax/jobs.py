"""What each rung can do: the job of every RPC, how its ticks look, and what it says about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.providers.minimax.avatars import list_portraits
from gateway.providers.minimax.cloning import clone_voice, delete_voice, list_voices
from gateway.providers.minimax.desk import Desk, Job
from gateway.providers.minimax.listening import LONGEST_S
from gateway.providers.minimax.models import is_newest, is_v2
from gateway.providers.minimax.sound import FORMATS
from gateway.providers.minimax.speech import synthesize
from gateway.providers.minimax.text import chat
from gateway.providers.minimax.video import animate, generate
from gateway.providers.minimax.voices import languages, system_voices
from gateway.routing.need import Modality
from troupe.v1.engine_pb2 import (
    ENGINE_STATE_READY,
    TASK_CHAT,
    TASK_CLONE,
    TASK_IMAGE_TO_VIDEO,
    TASK_SPEECH,
    TASK_TALKING_HEAD,
    TASK_TEXT_TO_VIDEO,
    EngineInfo,
    Licence,
    Limits,
    Tick,
)
from troupe.v1.media_pb2 import MediaChunk
from troupe.v1.speech_pb2 import SpeechChunk
from troupe.v1.text_pb2 import ChatDelta
from troupe.v1.video_pb2 import GenerateChunk

JOBS: Mapping[Modality, Mapping[str, Job]] = {
    Modality.TEXT: {"Chat": chat},
    Modality.TTS: {
        "Synthesize": synthesize,
        "CloneVoice": clone_voice,
        "DeleteVoice": delete_voice,
        "ListVoices": list_voices,
    },
    Modality.VIDEO: {"Generate": generate, "Animate": animate, "ListPortraits": list_portraits},
}
TICKS: Mapping[str, Callable[[Tick], Any]] = {
    "Chat": lambda tick: ChatDelta(tick=tick),
    "Synthesize": lambda tick: SpeechChunk(tick=tick),
    "Generate": lambda tick: GenerateChunk(tick=tick),
    "Animate": lambda tick: MediaChunk(tick=tick),
}
LICENCE = Licence(name="MiniMax terms of service", commercial_use=True, note="a paid cloud: data leaves the house")
MAX_CHAT_CHARS = 400_000
MAX_OUTPUT_TOKENS = 131_072
OFFLINE = "offline_render"
"""A film comes minutes later and as a whole: live scenes pass the rung over unless they are told to wait."""


def profile(modality: Modality, desk: Desk) -> EngineInfo:
    """What the rung says about itself."""
    info = EngineInfo(
        name="minimax", state=ENGINE_STATE_READY, model=desk.model, device="cloud", licence=LICENCE, cloud=True
    )
    _PROFILES[modality](info, desk)
    return info


def _text(info: EngineInfo, desk: Desk) -> None:
    info.tasks.append(TASK_CHAT)
    info.features.extend(["tools", "json_schema", "reasoning", "documents"])
    if is_newest(desk.model):
        info.features.append("images")
    info.limits.CopyFrom(Limits(max_text_chars=MAX_CHAT_CHARS, max_output_tokens=MAX_OUTPUT_TOKENS))


def _speech(info: EngineInfo, _desk: Desk) -> None:
    info.tasks.extend([TASK_SPEECH, TASK_CLONE])
    info.languages.extend(languages())
    info.voices.extend(system_voices())
    info.formats.extend(FORMATS)
    info.features.extend(["timings", "emotion"])


def _video(info: EngineInfo, desk: Desk) -> None:
    info.tasks.extend([TASK_TEXT_TO_VIDEO, TASK_IMAGE_TO_VIDEO, TASK_TALKING_HEAD])
    info.formats.append("mp4")
    info.features.append(OFFLINE)
    info.limits.CopyFrom(Limits(max_duration_ms=LONGEST_S * 1000))
    if not is_v2(desk.model):
        info.model = f"{desk.model}; talking heads by MiniMax-H3"


_PROFILES: Mapping[Modality, Callable[[EngineInfo, Desk], None]] = {
    Modality.TEXT: _text,
    Modality.TTS: _speech,
    Modality.VIDEO: _video,
}
