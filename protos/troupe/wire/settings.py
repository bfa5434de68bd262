"""The settings that every part has: what is shown to the neighbours, and what is told of it."""

from __future__ import annotations

from pydantic import BaseModel, Field

from troupe.wire.logs import Format
from troupe.wire.papers import TlsFiles


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
