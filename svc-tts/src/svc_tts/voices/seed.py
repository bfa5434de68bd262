"""The ten voices that callers of the first release know; they work on every engine from day one."""

from __future__ import annotations

from svc_tts.engine import EngineVoice, Gender

SEED_VOICES = (
    EngineVoice("en-US-AriaNeural", "Aria", "en-US", Gender.FEMALE),
    EngineVoice("en-US-GuyNeural", "Guy", "en-US", Gender.MALE),
    EngineVoice("en-US-JennyNeural", "Jenny", "en-US", Gender.FEMALE),
    EngineVoice("en-GB-SoniaNeural", "Sonia", "en-GB", Gender.FEMALE),
    EngineVoice("en-GB-RyanNeural", "Ryan", "en-GB", Gender.MALE),
    EngineVoice("zh-CN-XiaoxiaoNeural", "Xiaoxiao", "zh-CN", Gender.FEMALE),
    EngineVoice("zh-CN-YunxiNeural", "Yunxi", "zh-CN", Gender.MALE),
    EngineVoice("ja-JP-NanamiNeural", "Nanami", "ja-JP", Gender.FEMALE),
    EngineVoice("es-ES-ElviraNeural", "Elvira", "es-ES", Gender.FEMALE),
    EngineVoice("fr-FR-DeniseNeural", "Denise", "fr-FR", Gender.FEMALE),
)
