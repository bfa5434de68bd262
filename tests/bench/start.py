"""`make bench-start`: from the start of the processes until a talking head can be asked for, and until one was made."""

from __future__ import annotations

import time
from collections.abc import Mapping

from report import rounds, show, with_mesh

from gateway.cli.client import GatewayClient

FIELDS = {"text": "Ready.", "language": "en-US"}


def measure() -> dict[str, float]:
    """One start of the whole mesh on free ports."""
    started = time.monotonic()

    def job(url: str, _: Mapping[str, str]) -> dict[str, float]:
        with GatewayClient(url) as client:
            client.wait_ready()
            ready_s = time.monotonic() - started
            film = client.film(FIELDS)
            return {"ready_s": ready_s, "first_film_s": film.total_s}

    return with_mesh(job)


if __name__ == "__main__":
    show("start: four processes to the first answer", [measure() for _ in range(rounds())])
