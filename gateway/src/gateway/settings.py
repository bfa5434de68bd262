"""What the gateway reads from the environment (and from one `.env`); the seed's names are kept.

Everything is read once, in `Settings.load`, and passed on: nothing else looks at the environment.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.environment import refuse_unknown, rung_fields, without_service_links
from gateway.targets import check_dns_server, check_target
from troupe.wire.errors import InvalidArgument
from troupe.wire.progress import MISSED_TICKS
from troupe.wire.settings import PartSettings

HTTP_PORT = 8000
GRPC_PORT = 50050
MOST_ATTEMPTS = 10
S = TypeVar("S", bound=BaseModel)
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
MAY_BE_EMPTY = frozenset({"PROVIDER_TEXT_FALLBACK", "PROVIDER_TTS_FALLBACK", "PROVIDER_VIDEO_FALLBACK"})
"""An empty one means "no fallback"; any other empty setting counts as unset."""
MESH_NAMES = frozenset({"TROUPE_ENV_FILE", "TROUPE_VERSION"})
"""Of this prefix, and read by others: who finds the `.env`, and Compose (the images' tag)."""


class RungSettings(BaseModel):
    """`PROVIDER_<RUNG>_…`: what the environment says about one rung."""

    model_config = ConfigDict(
        frozen=True, alias_generator=str.upper, populate_by_name=True, extra="forbid", use_attribute_docstrings=True
    )

    engine: str = ""
    """The engine; a rung with a name of your own needs one. Empty = its name."""
    target: str = ""
    """host:port of its service, several with commas; a DNS name stands for all its addresses. Empty = its kind's."""
    model: str = ""
    """Asked for where the caller names none; empty = the engine's own."""
    timeout_s: float = Field(default=0.0, ge=0)
    """One attempt, from its start to its end, seconds; 0 = as long as a request of its kind may take."""
    first_s: float = Field(default=0.0, ge=0)
    """Until the first byte, seconds; 0 = text 60, speech 30, video 60, sadtalker 240."""
    attempts: int = Field(default=0, ge=0, le=MOST_ATTEMPTS)
    """Replicas asked for one request, at most 10; 0 = 3, MiniMax 2."""
    local: bool | None = None
    """1 = what it is told stays in the house, 0 = it does not; unset = by its engine."""
    cap_usd_day: float = Field(default=0.0, ge=0)
    """MiniMax only: what it may cost from 00:00 to 24:00 UTC, US dollars; 0 = no cap."""
    hedge_ms: float = Field(default=0.0, ge=0)
    """A short whole answer is asked of a second replica after so many milliseconds; 0 = never."""
    max_concurrency: int = Field(default=0, ge=0)
    """Calls at a time, at most; 0 = learnt."""


class Settings(PartSettings):
    """The gateway's settings: a field's alias is its name in the environment, its docstring stands in .env.example."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore", use_attribute_docstrings=True)

    # Chains: None = unset, an empty string = none on purpose.
    text: str | None = Field(default=None, alias="PROVIDER_TEXT")
    """Who writes: rungs with commas; empty = minimax where its key is set, else the first fallback."""
    tts: str | None = Field(default=None, alias="PROVIDER_TTS")
    """Who speaks: rungs with commas; empty = minimax where its key is set, else the first fallback."""
    video: str | None = Field(default=None, alias="PROVIDER_VIDEO")
    """Who makes films: rungs with commas; empty = minimax where its key is set, else the first fallback."""
    text_fallback: str | None = Field(default=None, alias="PROVIDER_TEXT_FALLBACK")
    """Who writes when those fail, in order; empty = nobody."""
    tts_fallback: str | None = Field(default=None, alias="PROVIDER_TTS_FALLBACK")
    """Who speaks when those fail, in order; empty = nobody."""
    video_fallback: str | None = Field(default=None, alias="PROVIDER_VIDEO_FALLBACK")
    """Who makes films when those fail, in order; empty = nobody."""

    # The MiniMax cloud.
    minimax_api_key: str = Field(default="", alias="MINIMAX_API_KEY", repr=False)
    """The key of the MiniMax cloud; empty = that rung is skipped."""
    minimax_api_host: str = Field(default="", alias="MINIMAX_API_HOST")
    """Empty = https://api.minimax.io (global); mainland China: https://api.minimaxi.com."""
    minimax_group_id: str = Field(default="", alias="MINIMAX_GROUP_ID")
    """The group of the MiniMax account, where it wants one."""

    vllm_base_url: str = Field(default="", alias="PROVIDER_VLLM_BASE_URL")
    """An OpenAI-compatible server (vLLM, SGLang, Ollama, ...) that svc-text asks for the rung vllm."""
    coqui_mode: Literal["service", "local"] = Field(default="service", alias="PROVIDER_COQUI_MODE")
    """service = svc-tts or an old container answers for coqui; local = a child process of the gateway."""
    coqui_service_url: str = Field(default="", alias="PROVIDER_COQUI_SERVICE_URL")
    """http://host:5050 of the service behind coqui; empty = TROUPE_SPEECH_TARGET."""

    # Where the services are.
    text_target: str = Field(default="127.0.0.1:50051", alias="TROUPE_TEXT_TARGET")
    """host:port of svc-text, several with commas; a DNS name stands for all its addresses."""
    speech_target: str = Field(default="127.0.0.1:50052", alias="TROUPE_SPEECH_TARGET")
    """host:port of svc-tts, likewise; also http://host:5050."""
    video_target: str = Field(default="127.0.0.1:50053", alias="TROUPE_VIDEO_TARGET")
    """host:port of svc-video, likewise."""
    text_connect: bool = Field(default=True, alias="TROUPE_TEXT_CONNECT")  # chats to svc-text on one stream
    """1 = the chats for one svc-text go over one stream, at a tenth of the cost; 0 = each is a call of its own."""
    dns_server: str = Field(default="", alias="TROUPE_DNS_SERVER")
    """address:port of the DNS server that resolves targets; empty = the system's."""

    # Where the gateway is; port 0 = any free one.
    host: str = Field(default="127.0.0.1", alias="TROUPE_HOST")
    """Address the gateway listens on; on any but this machine's it wants API keys, or TROUPE_OPEN=1."""
    port: int = Field(default=HTTP_PORT, alias="TROUPE_PORT", ge=0, le=65535)
    """HTTP port; 0 = any free one."""
    grpc_port: int = Field(default=GRPC_PORT, alias="TROUPE_GRPC_PORT", ge=0, le=65535)
    """gRPC port; 0 = any free one."""
    public_url: str = Field(default="", alias="TROUPE_PUBLIC_URL")
    """The gateway's address as others know it, so that no rung is the gateway itself."""

    # Who may.
    api_keys_file: Path | None = Field(default=None, alias="TROUPE_API_KEYS_FILE")
    """File of the API keys (`troupe key` makes one); empty = no keys, this machine only."""
    open: bool = Field(default=False, alias="TROUPE_OPEN")
    """1 = no keys are asked for, on whatever address."""
    commercial_only: bool = Field(default=False, alias="TROUPE_COMMERCIAL_ONLY")
    """1 = what forbids commercial use, or has no known licence, is skipped."""
    docs: bool | None = Field(default=None, alias="TROUPE_DOCS")
    """1 = /docs and /openapi.json; unset = where no keys are asked for."""

    # How much, and how long.
    max_text_chars: int = Field(default=50_000, alias="TROUPE_MAX_TEXT_CHARS", ge=1)
    """The longest text of a request, characters."""
    max_upload_bytes: int = Field(default=25 * 1024 * 1024, alias="TROUPE_MAX_UPLOAD_BYTES", ge=1)
    """The largest uploaded file, bytes."""
    speech_timeout_s: float = Field(default=600.0, alias="TROUPE_TTS_TIMEOUT_S", gt=0)
    """Longest time a request for speech may take, seconds."""
    video_timeout_s: float = Field(default=3600.0, alias="TROUPE_AVATAR_TIMEOUT_S", gt=0)
    """Longest time a request for a film may take, seconds."""
    chat_timeout_s: float = Field(default=600.0, alias="TROUPE_CHAT_TIMEOUT_S", gt=0)
    """Longest time a chat may take, seconds."""
    missed_ticks: int = Field(default=MISSED_TICKS, alias="TROUPE_MISSED_TICKS", ge=1)
    """A peer without a sign for so many ticks of 250 ms has frozen."""
    lame_duck_s: float = Field(default=0.0, alias="TROUPE_LAME_DUCK_S", ge=0)
    """Seconds after SIGTERM in which requests are still taken; behind a balancer 2 or more."""
    drain_s: float = Field(default=25.0, alias="TROUPE_DRAIN_S", ge=0)
    """Seconds running requests may take to end after that."""
    state_dir: Path = Field(default=Path("var/state"), alias="TROUPE_STATE_DIR")
    """Folder of what was spent today; one gateway process owns it."""
    log_level: str = Field(default="INFO", alias="TROUPE_LOG_LEVEL")
    """DEBUG, INFO, WARNING or ERROR."""

    rungs: Mapping[str, RungSettings] = Field(default_factory=dict)

    @classmethod
    def load(cls, environ: Mapping[str, str], folder: Path | None = None) -> Settings:
        """The settings of this environment, and of the `.env` in `folder` where there is one; the environment wins.

        Raises `InvalidArgument` naming the setting that is wrong, unknown or unsafe.
        """
        written = without_service_links(_env_file(environ, folder) | dict(environ))
        refuse_unknown(written, known_names())
        written = {name: value for name, value in written.items() if value or name in MAY_BE_EMPTY}
        rungs = {name: _rung(name, fields) for name, fields in rung_fields(written).items()}
        settings = _validated(cls, {**written, "rungs": rungs})
        settings.check()
        return settings

    def check(self) -> None:
        """Raise `InvalidArgument` for what would be unsafe or could not work."""
        if not is_loopback(self.host) and self.api_keys_file is None and not self.open:
            raise InvalidArgument(
                f"TROUPE_HOST={self.host} lets other machines in, and no API keys are asked for. Create one with "
                "`troupe key` and set TROUPE_API_KEYS_FILE, or set TROUPE_OPEN=1 if everyone there may use it.",
                setting="TROUPE_HOST",
            )
        self._check_addresses()
        _ = self.tls  # all of its three settings, or none
        if self.vllm_base_url and self._is_this_gateway(self.vllm_base_url):
            raise InvalidArgument(
                f"PROVIDER_VLLM_BASE_URL={self.vllm_base_url} is this gateway itself (TROUPE_PORT={self.port}). Start "
                "vLLM on another port, for example 8001, and set PROVIDER_VLLM_BASE_URL=http://localhost:8001; or move "
                "the gateway with TROUPE_PORT.",
                setting="PROVIDER_VLLM_BASE_URL",
            )

    def _check_addresses(self) -> None:
        check_target("TROUPE_TEXT_TARGET", self.text_target)
        check_target("TROUPE_SPEECH_TARGET", self.speech_target, url_allowed=True)
        check_target("TROUPE_VIDEO_TARGET", self.video_target)
        check_dns_server("TROUPE_DNS_SERVER", self.dns_server)
        if self.coqui_service_url:
            check_target("PROVIDER_COQUI_SERVICE_URL", self.coqui_service_url, url_allowed=True)

    def _is_this_gateway(self, url: str) -> bool:
        parts = urlsplit(url if "//" in url else f"//{url}")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        hosts = {*LOOPBACK_NAMES, self.host, "0.0.0.0"}  # noqa: S104  # compared with, never bound
        public = urlsplit(self.public_url)
        same_public = bool(public.hostname) and (public.hostname, public.port) == (parts.hostname, parts.port)
        return same_public or (port == self.port and (parts.hostname or "") in hosts)


def known_names() -> frozenset[str]:
    """The names in the environment that the gateway itself reads."""
    fields = {field.alias for field in Settings.model_fields.values() if field.alias}
    return frozenset(fields | MESH_NAMES | {"VOICES_URL", "PORTRAITS_URL", "DATABASE_URL", "ARTIFACTS_URL"})


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a socket bound to `host`."""
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _env_file(environ: Mapping[str, str], folder: Path | None) -> dict[str, str]:
    named = environ.get("TROUPE_ENV_FILE")
    path = Path(named) if named else (folder / ".env" if folder else None)
    if named and path and not path.is_file():
        raise InvalidArgument(f"TROUPE_ENV_FILE={named}: there is no such file.", setting="TROUPE_ENV_FILE")
    if path is None or not path.is_file():
        return {}
    return {name: value for name, value in dotenv_values(path).items() if value is not None}


def _rung(name: str, fields: Mapping[str, str]) -> RungSettings:
    return _validated(RungSettings, fields, prefix=f"PROVIDER_{name.upper()}_")


def _validated(model: type[S], values: Mapping[str, Any], prefix: str = "") -> S:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        setting = f"{prefix}{first['loc'][0]}"
        raise InvalidArgument(f"{setting}={first['input']!r}: {first['msg']}.", setting=setting) from error
