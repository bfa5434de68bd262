"""The settings that every part has: what is shown to the neighbours, and what is told of it."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError

from troupe.wire.errors import InvalidArgument
from troupe.wire.logs import Format
from troupe.wire.papers import TlsFiles

S = TypeVar("S", bound=BaseModel)


class PartSettings(BaseModel):
    """A part's settings class begins from this one; an alias is the name in the environment."""

    tls_cert: str = Field(
        default="",
        alias="TROUPE_TLS_CERT",
        description="This part's certificate (PEM); with the two below, the parts speak TLS and each shows its own",
    )
    tls_key: str = Field(default="", alias="TROUPE_TLS_KEY", description="The key of that certificate (PEM)")
    tls_ca: str = Field(
        default="", alias="TROUPE_TLS_CA", description="The CA whose certificates are trusted (PEM); all three or none"
    )
    log_format: Format = Field(
        default="text", alias="TROUPE_LOG_FORMAT", description="text = lines for people; json = an object a line"
    )
    otlp_endpoint: str = Field(
        default="",
        alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="http://host:4317 of an OpenTelemetry collector that takes traces by gRPC; empty = none are made",
    )

    @property
    def tls(self) -> TlsFiles | None:
        """The files for TLS between the parts; None = off. Raises `InvalidArgument` where only some are named."""
        return TlsFiles.of(self.tls_cert, self.tls_key, self.tls_ca)


def of_environment(settings: type[S], prefix: str) -> S:
    """An instance of what the environment says. Raises `InvalidArgument` naming the variable that cannot be right.

    `prefix`: of the variables of fields without an alias.
    """
    try:
        return settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        setting = prefix + name.upper() if name in settings.model_fields else name
        raise InvalidArgument(f"{setting}={first['input']!r}: {first['msg']}.", setting=setting) from error
