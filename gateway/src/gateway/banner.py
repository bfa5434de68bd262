"""What the gateway says at its start: the seed's banner."""

from __future__ import annotations

from gateway.house import House
from gateway.routing.need import Modality
from gateway.routing.rung import Rung
from troupe.v1.engine_pb2 import ENGINE_STATE_MISSING

ANYWHERE = {"", "0.0.0.0", "::", "127.0.0.1", "::1"}  # noqa: S104  # compared with, not bound to
LABELS = {Modality.TEXT: "Text", Modality.TTS: "TTS", Modality.VIDEO: "Video"}


def banner(house: House) -> str:
    """Providers in use, and the providers available per modality."""
    lines = ["=== Provider Configuration ==="]
    lines += [f"{label} provider: {_in_use(house, modality)}" for modality, label in LABELS.items()]
    lines += ["", "Available providers:"]
    for modality, label in LABELS.items():
        named = [_named(rung) for rung in house.chains[modality].rungs if not rung.unusable()]
        lines.append(f"  {label}: {', '.join(name for name in named if name) or 'none'}")
    return "\n".join(lines)


def invitation(host: str, port: int) -> str:
    """Where a person on this machine finds the page, for the gateway that listens there."""
    name = "localhost" if host in ANYWHERE else f"[{host}]" if ":" in host else host
    return f"\nThe Studio: open http://{name}:{port}/ in a browser."


def _in_use(house: House, modality: Modality) -> str:
    """The first rung that is there at all: what a request is sent to first."""
    rungs = house.chains[modality].ordered
    usable = [rung.name for rung in rungs if not rung.unusable() and _named(rung)]
    return usable[0] if usable else "none"


def _named(rung: Rung) -> str:
    """Its name, with what keeps it from serving just now; empty where it is not installed."""
    info = rung.describe()
    if info is not None and info.state == ENGINE_STATE_MISSING:
        return ""
    return f"{rung.name} (not ready)" if rung.trouble() else rung.name
