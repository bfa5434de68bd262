"""Settings of svc-video, from the environment."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from troupe.wire.environment import read_env_file, refuse_unknown
from troupe.wire.errors import InvalidArgument

PREFIX = "TROUPE_VIDEO_"
NOT_OURS = ("TROUPE_VIDEO_TARGET",)  # the gateway's, of the same prefix


class Settings(BaseSettings):
    """Every setting of this service; the field's description is its documentation."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", populate_by_name=True)

    host: str = Field("127.0.0.1", description="Address the service listens on")
    grpc_port: int = Field(50053, ge=0, le=65535, description="gRPC port; 0 = any free one")
    metrics_port: int = Field(9103, ge=0, le=65535, description="Prometheus metrics over HTTP; 0 = any free one")
    engines: str = Field("portrait", description="Engines to load, with commas")
    codec: Literal["h264", "vp9"] = Field(
        "h264",
        validation_alias=AliasChoices("PROVIDER_PORTRAIT_CODEC"),
        description="h264 = MP4 unless WebM is asked for; vp9 = WebM only, for those who avoid H.264",
    )
    portraits_url: str = Field(
        "./portraits", validation_alias=AliasChoices("PORTRAITS_URL"), description="Folder of uploaded portraits"
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
        try:
            return cls()
        except ValidationError as error:
            first = error.errors()[0]
            raise InvalidArgument(f"The setting {first['loc'][0]} is {first['input']!r}: {first['msg']}.") from error

    @property
    def engine_names(self) -> tuple[str, ...]:
        """The engines chosen, in order."""
        return tuple(name.strip() for name in self.engines.split(",") if name.strip())

    @property
    def containers(self) -> tuple[Literal["mp4", "webm"], ...]:
        """What is made here, the default first."""
        return ("webm",) if self.codec == "vp9" else ("mp4", "webm")
