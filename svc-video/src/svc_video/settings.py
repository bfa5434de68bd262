"""Settings of svc-video, from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from svc_video.engine import EngineContext, SadTalkerPlace
from svc_video.h264 import Encoder
from troupe.wire.environment import read_env_file, refuse_unknown
from troupe.wire.settings import PartSettings, of_environment

PREFIX = "TROUPE_VIDEO_"
NOT_OURS = ("TROUPE_VIDEO_TARGET",)  # the gateway's, of the same prefix


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
    grpc_port: int = Field(50053, ge=0, le=65535, description="gRPC port; 0 = any free one")
    metrics_port: int = Field(9103, ge=0, le=65535, description="Prometheus metrics over HTTP; 0 = any free one")
    engines: str = Field("sadtalker,portrait", description="Engines to load, with commas")
    codec: Literal["h264", "vp9"] = Field(
        "h264",
        validation_alias=AliasChoices("PROVIDER_PORTRAIT_CODEC"),
        description="h264 = MP4 unless WebM is asked for; vp9 = WebM only, for those who avoid H.264",
    )
    encoder: Encoder = Field(
        "auto",
        description="x264, nvenc (NVIDIA's encoder) or auto = nvenc where a card really encodes: who makes H.264",
    )
    portraits_url: str = Field(
        "./portraits", validation_alias=AliasChoices("PORTRAITS_URL"), description="Folder of uploaded portraits"
    )
    sadtalker_checkpoint: Path = Field(
        Path("models/sadtalker"),
        validation_alias=AliasChoices("PROVIDER_SADTALKER_CHECKPOINT"),
        description="Folder of SadTalker's checkpoints; make sadtalker fetches them",
    )
    sadtalker_device: str = Field(
        "auto",
        validation_alias=AliasChoices("PROVIDER_SADTALKER_DEVICE"),
        description="auto, cpu, cuda or cuda:1: where SadTalker computes",
    )
    sadtalker_precision: str = Field(
        "auto", description="auto, fp32, tf32, fp16 or bf16: what SadTalker computes in; auto = by the device"
    )
    sadtalker_batch: int = Field(0, ge=0, le=256, description="Frames SadTalker renders at once; 0 = by the device")
    sadtalker_landmarks: str = Field(
        "auto", description="auto, awing or face-alignment: what finds the points of a face for SadTalker"
    )
    commercial_only: bool = Field(
        default=False, validation_alias="TROUPE_COMMERCIAL_ONLY", description="Keep out what forbids commercial use"
    )
    sadtalker_enhancers: str = Field(
        "",
        description="Face enhancers SadTalker's films may ask for: name=module:Class, with commas; none is shipped",
    )
    max_streams: int = Field(8, ge=1, description="Films made at once; more are refused")
    max_film_s: float = Field(1_800.0, gt=0, description="Longest film, seconds")
    speech_wait_s: float = Field(60.0, gt=0, description="How long a film waits for the next piece of speech, seconds")
    request_s: float = Field(7_200.0, gt=0, description="Longest time one request may take, seconds")
    drain_s: float = Field(20.0, gt=0, description="Seconds running films may take to end after SIGTERM")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")

    @classmethod
    def load(cls) -> Settings:
        """The settings of this environment and its `.env`; raises `InvalidArgument` for a slip in a name or value."""
        read_env_file()
        refuse_unknown(PREFIX, [*NOT_OURS, *(PREFIX + name for name in cls.model_fields)])
        return of_environment(cls, PREFIX)

    @property
    def engine_names(self) -> tuple[str, ...]:
        """The engines chosen, in order."""
        return tuple(name.strip() for name in self.engines.split(",") if name.strip())

    @property
    def context(self) -> EngineContext:
        """What the engines may know."""
        place = SadTalkerPlace(
            self.sadtalker_checkpoint.expanduser(),
            self.sadtalker_device,
            self.sadtalker_precision,
            self.sadtalker_batch,
            self.sadtalker_landmarks,
            self.sadtalker_enhancers,
        )
        return EngineContext(sadtalker=place)

    @property
    def containers(self) -> tuple[Literal["mp4", "webm"], ...]:
        """What is made here, the default first."""
        return ("webm",) if self.codec == "vp9" else ("mp4", "webm")
