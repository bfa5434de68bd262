"""`make bench-avatar`: three sentences through the gateway's HTTP API, measured from the bytes a client receives.

The first fragment counts when all its bytes are here; the film is then decoded, and its frames and sound are counted.
"""

from __future__ import annotations

import io
from collections.abc import Mapping

import av
from report import rounds, show, with_mesh

from gateway.cli.client import Film, GatewayClient

THREE = (
    "This is the first of three sentences. The second one follows while the first is already on the screen. "
    "The third one ends the measurement."
)
FIELDS = {"text": THREE, "language": "en-US", "portrait_id": ""}
REQUESTS = 5  # per round, after one that warms up


def first_fragment_s(film: Film) -> float:
    """Seconds until the first `moof` and its whole `mdat` were received."""
    received = 0
    end = end_of_first_mdat(film.data)
    for seconds, piece in film.pieces:
        received += len(piece)
        if received >= end:
            return seconds
    raise ValueError("the film has no whole fragment")


def end_of_first_mdat(data: bytes) -> int:
    """The offset behind the first `mdat` box."""
    offset = 0
    while offset + 8 <= len(data):
        size, kind = int.from_bytes(data[offset : offset + 4]), data[offset + 4 : offset + 8]
        offset += size
        if kind == b"mdat":
            return offset
    raise ValueError("the film has no mdat box")


def decoded(film: Film) -> tuple[int, float, float]:
    """Frames, seconds of picture, seconds of sound."""
    with av.open(io.BytesIO(film.data)) as container:
        frames = sum(1 for _ in container.decode(video=0))
        rate = float(container.streams.video[0].average_rate or 25)
    with av.open(io.BytesIO(film.data)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
        sound_s = samples / container.streams.audio[0].rate
    return frames, frames / rate, sound_s


def measure(client: GatewayClient) -> list[dict[str, float]]:
    """Several films, one after the other."""
    client.film(FIELDS)
    return [figures(client.film(FIELDS)) for _ in range(REQUESTS)]


def figures(film: Film) -> dict[str, float]:
    """What one film took."""
    frames, picture_s, sound_s = decoded(film)
    return {
        "first_byte_ms": film.pieces[0][0] * 1000,
        "first_fragment_ms": first_fragment_s(film) * 1000,
        "realtime_factor": min(picture_s, sound_s) / film.total_s,
        "total_s": film.total_s,
        "frames": frames,
        "picture_s": picture_s,
        "sound_s": sound_s,
    }


def job(url: str, _: Mapping[str, str]) -> list[dict[str, float]]:
    """All requests of one round."""
    with GatewayClient(url) as client:
        client.wait_ready()
        return measure(client)


if __name__ == "__main__":
    measured = [row for _ in range(rounds()) for row in with_mesh(job)]
    show("avatar: three sentences over HTTP, 512x512, default engines", measured)
