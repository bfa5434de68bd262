"""What each of the gateway's settings is for, one line each: `.env.example` is made of it (tools/env_example.py).

The settings themselves, their types and defaults, are in `gateway.settings`; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping

DESCRIPTIONS: Mapping[str, str] = {
    "PROVIDER_TEXT": "Who writes: a rung, or a whole chain with commas; docs/ROUTING.md",
    "PROVIDER_TTS": "Who speaks",
    "PROVIDER_VIDEO": "Who makes films",
    "PROVIDER_TEXT_FALLBACK": "Who writes when those cannot, with commas; empty after the = means nobody",
    "PROVIDER_TTS_FALLBACK": "Who speaks when those cannot",
    "PROVIDER_VIDEO_FALLBACK": "Who makes films when those cannot",
    "MINIMAX_API_KEY": "The key of MiniMax's cloud; without it, that cloud is never asked",
    "MINIMAX_API_HOST": "MiniMax's address; empty = the international one",
    "MINIMAX_GROUP_ID": "The group that some of MiniMax's calls ask for",
    "PROVIDER_VLLM_BASE_URL": "A running OpenAI-compatible server: vLLM, SGLang, llama-server, Ollama, NIM",
    "PROVIDER_COQUI_MODE": "service (the speech service at PROVIDER_COQUI_SERVICE_URL) or local (a child process)",
    "PROVIDER_COQUI_SERVICE_URL": "The speech service of the rung coqui, http://host:5050",
    "TROUPE_TEXT_TARGET": "Where svc-text is, host:port; each address of a DNS name is a replica",
    "TROUPE_SPEECH_TARGET": "Where svc-tts is",
    "TROUPE_VIDEO_TARGET": "Where svc-video is",
    "TROUPE_TEXT_CONNECT": "1 = chats go to svc-text over one stream per replica",
    "TROUPE_DNS_SERVER": "host:port of the DNS server asked for replicas; empty = the system's",
    "TROUPE_HOST": "Address the gateway listens on; others than this machine's ask for keys",
    "TROUPE_PORT": "HTTP port; 0 = any free one",
    "TROUPE_GRPC_PORT": "gRPC port; 0 = any free one",
    "TROUPE_PUBLIC_URL": "The gateway's address as clients know it, for the links it hands out",
    "TROUPE_API_KEYS_FILE": "File of the API keys that `troupe key` makes; empty = nobody is asked for one",
    "TROUPE_OPEN": "1 = others than this machine may call without a key",
    "TROUPE_COMMERCIAL_ONLY": "1 = keep out what forbids commercial use",
    "TROUPE_DOCS": "1 or 0: whether /docs is shown; empty = where no keys are asked for",
    "TROUPE_MAX_TEXT_CHARS": "Longest text of a request, characters",
    "TROUPE_MAX_UPLOAD_BYTES": "Largest upload, bytes",
    "TROUPE_TTS_TIMEOUT_S": "Longest time speech may take, seconds",
    "TROUPE_AVATAR_TIMEOUT_S": "Longest time a film may take, seconds",
    "TROUPE_CHAT_TIMEOUT_S": "Longest time a chat may take, seconds",
    "TROUPE_MISSED_TICKS": "Signs of life (one in 250 ms) that a working replica may miss before it has hung",
    "TROUPE_LAME_DUCK_S": "Seconds a gateway that is going away serves whoever has not heard of it",
    "TROUPE_DRAIN_S": "Seconds running requests may take to end after SIGTERM",
    "TROUPE_STATE_DIR": "Folder of what must survive a restart: what was spent today",
    "TROUPE_LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR",
}
