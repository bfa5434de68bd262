"""Failures on request: per endpoint a queue of behaviours, each for so many requests.

    POST /_script {"endpoint": "/v1/t2a_v2", "base_resp": 1002, "times": 2}

`endpoint` is a path or `METHOD /path`, with shell wildcards; the first behaviour that fits is taken. Fields not named
are not wanted. A behaviour may combine a delay with any one of the others.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from fnmatch import fnmatchcase
from typing import Any

FOR_EVER = 0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How to answer the next `times` requests of an endpoint."""

    endpoint: str
    times: int = 1  # 0 = all, until the script is cleared
    delay_s: float = 0.0  # before the headers
    gap_s: float = 0.0  # between the events of a stream
    # -- instead of the answer
    status: int | None = None  # an HTTP error of the path's dialect; with base_resp: that error at this HTTP status
    base_resp: int | None = None  # a code of MiniMax's table
    message: str = ""  # in place of the table's
    retry_after_s: float | None = None
    body: Any = None  # this JSON at `status` (200): a wrong schema
    garbage: bool = False  # bytes that are not HTTP
    html: bool = False  # a proxy's page at `status` (502)
    oversize: int = 0  # a JSON reply of at least that many bytes
    hang: bool = False  # never answers
    drop: bool = False  # closes the connection before the headers
    # -- in the middle of the answer
    cut_after_events: int | None = None
    cut_after_bytes: int | None = None  # of the body
    hang_after_events: int | None = None
    error_after_events: int | None = None  # then `base_resp` as an event, at HTTP 200
    garble_after_events: int | None = None  # then events that are not JSON
    end_after_events: int | None = None  # a clean end of the stream without its last event
    # -- of a task
    states: tuple[str, ...] | None = None  # before its end, one a query; "stuck" = for ever
    end: str = ""  # "Fail" (with base_resp), "Success"

    @property
    def name(self) -> str:
        """What it does, in words: the fields that are not as usual."""
        usual = Behaviour(self.endpoint, self.times)
        return " ".join(
            f"{field.name}={getattr(self, field.name)}"
            for field in fields(self)
            if getattr(self, field.name) != getattr(usual, field.name)
        )

    @property
    def is_of_task(self) -> bool:
        """Whether it tells how a task goes, not how a request is answered."""
        return self.states is not None or bool(self.end)

    @classmethod
    def read(cls, row: dict[str, Any]) -> Behaviour:
        """From JSON; raises `ValueError` that names what is unknown."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(row) - known):
            raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
        if not isinstance(row.get("endpoint"), str):
            raise ValueError("endpoint is missing")  # noqa: TRY004  # one kind of error for a bad row
        states = row.get("states")
        return cls(**row | ({"states": tuple(states)} if states is not None else {}))


class Script:
    """The behaviours that wait for their requests."""

    def __init__(self) -> None:
        self.waiting: list[Behaviour] = []

    def add(self, *behaviours: Behaviour) -> None:
        """Queue behaviours behind those that wait."""
        self.waiting += behaviours

    def clear(self) -> None:
        """Everything is well from now on."""
        self.waiting.clear()

    def take(self, method: str, path: str) -> Behaviour | None:
        """The behaviour for this request, if one waits; it is used up by one."""
        for index, waiting in enumerate(self.waiting):
            if not (fnmatchcase(path, waiting.endpoint) or fnmatchcase(f"{method} {path}", waiting.endpoint)):
                continue
            if waiting.times == 1:
                del self.waiting[index]
            elif waiting.times != FOR_EVER:
                self.waiting[index] = replace(waiting, times=waiting.times - 1)
            return waiting
        return None

    def report(self) -> list[dict[str, Any]]:
        """What still waits."""
        return [asdict(behaviour) for behaviour in self.waiting]
