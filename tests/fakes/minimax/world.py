"""What one fake MiniMax holds: its options, ids, files, voices, tasks, the script of failures, and what it has seen."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .script import Script
from .seen import Seen

GLOBAL_KEY = "sk-api-fake-global"
MAINLAND_KEY = "sk-api-fake-mainland"
FIRST_ID = 176_844_028_768_320  # as in MiniMax's examples; below 2^53, as JavaScript clients need
VIDEO_URL_S = 3_600  # how long a download link of a video lives
ASYNC_SPEECH_URL_S = 32_400
SPEECH_URL_S = 86_400
SYSTEM_VOICES = Path(__file__).parent / "data" / "voices.json"


@dataclass(frozen=True, slots=True)
class Options:
    """How this fake behaves where nothing is scripted."""

    key: str = GLOBAL_KEY
    other_region_key: str = MAINLAND_KEY  # a good key, of the other region: it gets 2049, as any unknown one
    public_url: str = ""  # base of download links; empty = the address the caller used
    states: tuple[str, ...] = ("Preparing", "Queueing", "Processing")  # what queries of a task say before its end
    gap_s: float = 0.0  # between the events of every stream
    url_s: float | None = None  # lifetime of every download link; None = MiniMax's own


@dataclass(slots=True)
class StoredFile:
    """A file that was uploaded or made here."""

    file_id: int
    filename: str
    purpose: str
    content: bytes
    created_at: int
    media_type: str = "application/octet-stream"
    url_s: float = VIDEO_URL_S

    def facts(self) -> dict[str, Any]:
        """As the Files API shows it."""
        return {
            "file_id": self.file_id,
            "bytes": len(self.content),
            "created_at": self.created_at,
            "filename": self.filename,
            "purpose": self.purpose,
        }


@dataclass(slots=True)
class Task:
    """A video or long speech that is being made: each query takes one state from `states`, then its end is told."""

    task_id: str
    kind: str  # "video", "video_v2" or "speech"
    model: str
    states: list[str]
    finish: Callable[[], Any]  # makes the result, once
    end: str = "Success"
    code: int = 0  # base_resp of a failure
    message: str = "success"
    created_at: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    result: Any = None

    def advance(self) -> str:
        """The state that this query is told."""
        if self.states:
            return self.states.pop(0) if self.states[0] != "stuck" else "Processing"
        if self.end == "Success" and self.result is None:
            self.result = self.finish()
        return self.end


class World:
    """The state behind all endpoints of one fake."""

    def __init__(self, options: Options, clock: Callable[[], float] = time.time) -> None:
        self.options = options
        self.clock = clock
        self.script = Script()
        self.seen = Seen()
        self.files: dict[int, StoredFile] = {}
        self.voices: dict[str, dict[str, Any]] = {}  # cloned and designed ones, by id
        self.tasks: dict[str, Task] = {}
        self.secret = b"the fake's own: links are signed, not secret"
        self._ids = itertools.count(FIRST_ID)

    def now(self) -> int:
        """Unix time in seconds."""
        return int(self.clock())

    def new_id(self) -> int:
        """An id nobody had before."""
        return next(self._ids)

    def keep(self, filename: str, purpose: str, content: bytes, media_type: str, url_s: float) -> StoredFile:
        """Store a file and give it an id."""
        stored = StoredFile(self.new_id(), filename, purpose, content, self.now(), media_type, url_s)
        self.files[stored.file_id] = stored
        return stored
