"""Settings of svc-tts, from the environment."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from svc_tts.engine import EdgePlace, EngineContext, PiperPlace, XttsPlace
from troupe.wire.environment import read_env_file, refuse_unknown
from troupe.wire.settings import PartSettings, of_environment

PREFIX = "TROUPE_SPEECH_"
NOT_OURS = ("TROUPE_SPEECH_TARGET",)  # the gateway's, of the same prefix


class Settings(PartSettings, BaseSettings):
    """Every setting of this service; the field's description is its documentation."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,  # as the gateway has it: `TROUPE_LOG_FORMAT=` is none
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    host: str = Field("127.0.0.1", description="Address the service listens on")
    grpc_port: int = Field(50052, ge=0, le=65535, description="gRPC port; 0 = any free one")
    http_port: int = Field(5050, ge=0, le=65535, description="HTTP port (/synthesize, /voices, /clone, /health)")
    metrics_port: int = Field(9102, ge=0, le=65535, description="Prometheus metrics over HTTP; 0 = any free one")
    engines: str = Field(
        "xtts,piper,flite,espeak,edge", description="Engines to load, with commas, the preferred one first"
    )
    workers: int = Field(
        default_factory=lambda: max(2, os.cpu_count() or 2), ge=1, le=64, description="Processes an engine may keep"
    )
    silence_s: float = Field(2.0, gt=0, description="A working engine that gives nothing for so long has hung")
    drain_s: float = Field(20.0, gt=0, description="Seconds running requests may take to end after SIGTERM")
    request_s: float = Field(600.0, gt=0, description="Longest time one request may take, seconds")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    cache_mb: int = Field(256, ge=0, le=1 << 20, description="MiB of spoken sentences kept on disk; 0 = none")
    cache_dir: Path = Field(
        Path("~/.cache/troupe/sentences"), description="Folder of the sentences kept; services of one host may share it"
    )
    cache_varied: bool = Field(
        default=True, description="0 = engines that vary (xtts, piper) speak a sentence anew each time"
    )
    piper_dir: Path = Field(Path("voices/piper"), description="Folder of Piper's voices (.onnx beside .onnx.json)")
    piper_held: int = Field(4, ge=1, le=64, description="Piper's voices in memory at once")
    edge_at_once: int = Field(4, ge=1, le=64, description="Sentences that edge asks Microsoft for at once")
    edge_proxy: str = Field(
        "",
        pattern=r"^(https?://.+)?$",
        description="http://host:port of the proxy on edge's way to Microsoft; empty = none",
    )
    edge_endpoint: str = Field(
        "",
        pattern=r"^(wss?://.+)?$",
        description="ws(s)://host/path of an endpoint of the same protocol, such as a relay; empty = Microsoft's",
    )
    edge_voices: Path = Field(
        Path("voices/edge-voices.json"), description="File that keeps Microsoft's list of voices, renewed once a day"
    )
    xtts_checkpoint: Path = Field(
        Path("models/xtts"),
        validation_alias="PROVIDER_XTTS_CHECKPOINT",
        description="Folder of XTTS v2: model.pth or model.safetensors, config.json, vocab.json, speakers_xtts.pth",
    )
    xtts_device: str = Field("auto", description="auto, cpu, cuda or cuda:1: where XTTS computes")
    xtts_precision: str = Field(
        "auto", description="auto (bf16 on CUDA, int8 weights on the CPU), fp32, bf16 or int8 of XTTS"
    )
    xtts_streams: int = Field(0, ge=0, le=256, description="Utterances XTTS computes at once; 0 = by the device")
    coqui_tos_agreed: bool = Field(
        default=False,
        validation_alias="COQUI_TOS_AGREED",
        description="1 = you agree to the Coqui Public Model Licence: no commercial use of XTTS and its output",
    )
    commercial_only: bool = Field(
        default=False, validation_alias="TROUPE_COMMERCIAL_ONLY", description="Keep out what forbids commercial use"
    )
    voices_url: str = Field(
        "./voices", validation_alias="VOICES_URL", description="Folder of the references of cloned voices"
    )

    @classmethod
    def load(cls) -> Settings:
        """The settings of this environment and its `.env`; raises `InvalidArgument` for a name nothing reads."""
        read_env_file()
        refuse_unknown(PREFIX, [*NOT_OURS, *(PREFIX + name for name in cls.model_fields)])
        return of_environment(cls, PREFIX)

    @property
    def context(self) -> EngineContext:
        """What the engines may know."""
        return EngineContext(
            self.workers,
            self.silence_s,
            commercial_only=self.commercial_only,
            edge=EdgePlace(self.edge_at_once, self.edge_proxy, self.edge_endpoint, self.edge_voices.expanduser()),
            piper=PiperPlace(self.piper_dir.expanduser(), self.piper_held),
            xtts=XttsPlace(
                self.xtts_checkpoint.expanduser(),
                self.xtts_device,
                self.xtts_precision,
                self.xtts_streams,
                self.coqui_tos_agreed,
            ),
        )

    @property
    def engine_names(self) -> tuple[str, ...]:
        """The engines chosen, in order."""
        return tuple(dict.fromkeys(name.strip() for name in self.engines.split(",") if name.strip()))
