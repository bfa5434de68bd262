"""One line per event, the same in every process: time, level, service, message. Never prompts, keys or voices."""

from __future__ import annotations

import logging
import sys

LINE = "%(asctime)s.%(msecs)03d %(levelname)-7s {service}: %(message)s"
TIME = "%H:%M:%S"


def configure(service: str, level: str = "INFO") -> None:
    """Send the log of this process to standard error."""
    logging.basicConfig(
        level=level.upper(), format=LINE.format(service=service), datefmt=TIME, stream=sys.stderr, force=True
    )
    for chatty in ("asyncio", "httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    for reader in ("grpc._common", "grpc._cython.cygrpc"):
        logging.getLogger(reader).addFilter(_not_unreadable)


def _not_unreadable(record: logging.LogRecord) -> bool:
    """A traceback of gRPC for bytes it cannot read says little; who called hears of it too, and says it in words."""
    return not record.getMessage().startswith(("Exception deserializing", "Invalid encoding"))
