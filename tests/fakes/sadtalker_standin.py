"""svc-video with a stand-in for SadTalker: its name, no networks. It says in the log what it was asked for.

    PYTHONPATH=. TROUPE_VIDEO_ENGINES=sadtalker,portrait python -m tests.fakes.sadtalker_standin

`asked` reads what it said.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from svc_video.engine import ENGINES, NO_OPTIONS, USUAL_CONTEXT, EngineContext, Job, Options, Prepared, Rgb
from svc_video.engines.still import StillEngine
from svc_video.film import Frame
from svc_video.framing import USUAL_FRAMING, Framing
from svc_video.process import run
from svc_video.speech import Speech

NOTE = "a stand-in for SadTalker drew this face"
SAID = "the stand-in was asked for "
log = logging.getLogger(__name__)


class SadTalkerStandin(StillEngine):
    """The engine `still` under SadTalker's name, as it is on a machine without a GPU."""

    def __init__(self, context: EngineContext = USUAL_CONTEXT) -> None:
        super().__init__(context)
        self.facts = replace(self.facts, features=(*self.facts.features, "slow"))

    def prepare(
        self,
        picture: Rgb,
        width: int,
        height: int,
        kept: Path | None = None,
        framing: Framing = USUAL_FRAMING,
        *,
        options: Options = NO_OPTIONS,
    ) -> Prepared:
        """As `still` does, with a note for the film's header."""
        made = super().prepare(picture, width, height, kept, framing, options=options)
        return Prepared(made.width, made.height, made.face, (NOTE,))

    def animate(self, job: Job, speech: Speech) -> Iterator[Frame]:
        """As `still` does; its options go to the log."""
        if job.options:
            log.warning("%s%s", SAID, json.dumps(plain(job.options)))
        yield from super().animate(job, speech)


def plain(options: Options) -> dict[str, Any]:
    """The options for the log: of bytes only how many, of lists a list."""
    return {name: _plain(value) for name, value in options.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return value if isinstance(value, bool | int | float | str) else list(value)


def asked(log_text: str) -> dict[str, Any]:
    """What the last film's options were, by the log of such a service."""
    said = [line.partition(SAID)[2] for line in log_text.splitlines() if SAID in line]
    told: dict[str, Any] = json.loads(said[-1]) if said else {}
    return told


if __name__ == "__main__":
    ENGINES["sadtalker"] = "tests.fakes.sadtalker_standin:SadTalkerStandin"  # type: ignore[index]
    sys.exit(run(__doc__ or ""))
