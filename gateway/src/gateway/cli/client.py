"""A small client of the gateway's HTTP API, for the demo and the benches."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

from troupe.wire.errors import BY_CODE, CannotConnect, EngineMissing, Internal, StreamBroken, TroupeError

READY_S = 60.0
POLL_S = 0.05
REQUEST_S = 600.0  # between two pieces of the answer
NEEDED = ("tts", "video")
UNSETTLED = frozenset({"loading", "unknown"})


@dataclass(slots=True)
class Film:
    """A talking head as it was received: the pieces with their times, and what the gateway said about it."""

    headers: Mapping[str, str]
    pieces: list[tuple[float, bytes]] = field(default_factory=list)  # (seconds after the request, bytes)

    @property
    def data(self) -> bytes:
        """The whole film."""
        return b"".join(piece for _, piece in self.pieces)

    @property
    def total_s(self) -> float:
        """Seconds from the request to the last byte."""
        return self.pieces[-1][0] if self.pieces else 0.0


Chains = Mapping[str, Any]


class GatewayClient:
    """Talks to one gateway."""

    def __init__(self, url: str, key: str = "") -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=httpx.Timeout(10.0, read=REQUEST_S))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def wait_ready(
        self, seconds: float = READY_S, given_up: Callable[[], bool] = lambda: False, engine: str = ""
    ) -> None:
        """Return once speech and video can be asked for and nothing is loading any more.

        Raises `CannotConnect` when that takes too long, `EngineMissing` where the video `engine` cannot run here.
        """
        started = time.monotonic()
        while time.monotonic() - started < seconds and not given_up():
            chains = self._chains()
            if engine:
                _refuse_missing(chains, engine)
            if _settled(chains):
                return
            time.sleep(POLL_S)
        waited = time.monotonic() - started
        raise CannotConnect(f"Speech and video are not ready after {waited:.0f} s. `make doctor` says what is missing.")

    def serving(self, modality: str) -> str:
        """The provider of a chain that would be asked first now; empty where there is none."""
        chains = self._http.get("/providers").raise_for_status().json()
        return str(chains[modality]["serving"] or "")

    def _chains(self) -> Chains:
        """The chains as they are now; none while the gateway does not answer."""
        try:
            chains: Chains = self._http.get("/providers").raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            return {}
        return chains

    def film(self, fields: Mapping[str, str], portrait: Path | None = None) -> Film:
        """Ask for a talking head and receive it piece by piece; raises the error it is answered with, or breaks by."""
        files: dict[str, Any] = {name: (None, value) for name, value in fields.items() if value}
        if portrait is not None:
            files["portrait"] = (portrait.name, portrait.read_bytes())
        started = time.monotonic()
        with self._http.stream("POST", "/api/avatar", files=files) as reply:
            if reply.status_code != httpx.codes.OK:
                raise answered(reply.read())
            film = Film(dict(reply.headers))
            try:
                for piece in reply.iter_raw():
                    film.pieces.append((time.monotonic() - started, piece))
            except httpx.RemoteProtocolError as error:
                raise self._why_broken(film) from error
        return film

    def _why_broken(self, film: Film) -> TroupeError:
        """What the scene of a film that broke tells of it."""
        told = next((data for kind, data in self.events(film.headers["x-troupe-scene"]) if kind == "error"), None)
        return _told(told) if told else StreamBroken("The film broke, and nobody knows why.")

    def events(self, scene: str) -> list[tuple[str, dict[str, Any]]]:
        """All events of a scene: (kind, data)."""
        told: list[tuple[str, dict[str, Any]]] = []
        with self._http.stream("GET", f"/api/scenes/{scene}/events") as reply:
            kind = ""
            for line in reply.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    told.append((kind, json.loads(value)))
        return told


def answered(body: bytes) -> TroupeError:
    """The error in a reply of the gateway."""
    try:
        told = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return Internal(f"The gateway answered: {body[:200].decode(errors='replace')}")
    return _told(told)


def _told(error: Mapping[str, Any]) -> TroupeError:
    return BY_CODE.get(error["code"], Internal)(error["message"], **error.get("details", {}))


def _settled(chains: Chains) -> bool:
    states = [provider["state"] for modality in NEEDED if chains for provider in chains[modality]["chain"]]
    return bool(chains) and all(chains[name]["serving"] for name in NEEDED) and not UNSETTLED.intersection(states)


def _refuse_missing(chains: Chains, engine: str) -> None:
    rungs = chains["video"]["chain"] if chains else []
    for rung in rungs:
        if rung["name"] == engine and rung["state"] == "missing":
            remedy = f" {rung['remedy']} mends it." if rung["remedy"] else ""
            raise EngineMissing(f"{engine} cannot run here: {rung['reason']}.{remedy}", remedy=rung["remedy"])
