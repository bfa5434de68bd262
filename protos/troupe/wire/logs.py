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
    # gRPC logs a traceback for bytes it cannot read; who called hears of it, and says it in a sentence.
    logging.getLogger("grpc._common").setLevel(logging.CRITICAL)
