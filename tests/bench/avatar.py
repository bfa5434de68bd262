"""`make bench-avatar`: films through the gateway's HTTP API, measured from the bytes a client receives.

Three sentences, and a prompt whose answer llama.cpp writes with a small model of random words: its time counts, not its
meaning. The first fragment counts when all its bytes are here; the film is then decoded, and its frames and sound are
counted.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import av
from tests.bench.report import rounds, show, with_mesh
from tests.fakes import gguf

from gateway.cli.client import Film, GatewayClient

THREE = (
    "This is the first of three sentences. The second one follows while the first is already on the screen. "
    "The third one ends the measurement."
)
FIELDS = {"text": THREE, "language": "en-US", "portrait_id": ""}
PROMPT = {"prompt": "Tell me about the company.", "language": "en-US", "max_tokens": "60"}
WRITER = "llamacpp"
WRITER_S = 20.0  # for the model to be loaded
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
    """Several films of each kind, one after the other."""
    written = writes(client)
    if written:
        client.film(PROMPT)
    client.film(FIELDS)
    rows = []
    for _ in range(REQUESTS):
        row = figures(client.film(FIELDS))
        if written:
            row |= prompted(client, client.film(PROMPT))
        rows.append(row)
    return rows


def writes(client: GatewayClient) -> bool:
    """Whether the model is there, once it has had the time to load."""
    started = time.monotonic()
    while client.serving("text") != WRITER and time.monotonic() - started < WRITER_S:
        time.sleep(0.1)
    return client.serving("text") == WRITER


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


def prompted(client: GatewayClient, film: Film) -> dict[str, float]:
    """The same of a film whose words were written meanwhile, and when the stages before it were reached."""
    assert film.headers["x-troupe-provider"].startswith(f"text={WRITER};")  # a bench of another writer means nothing
    ended = next(data for kind, data in client.events(film.headers["x-troupe-scene"]) if kind == "end")
    stages = {f"prompt_{name}_ms": float(ended["stages"][name]) for name in ("first_token", "text_done", "first_audio")}
    return stages | {f"prompt_{name}": value for name, value in figures(film).items()}


def job(url: str, _: Mapping[str, str]) -> list[dict[str, float]]:
    """All requests of one round."""
    with GatewayClient(url) as client:
        client.wait_ready()
        return measure(client)


def measured() -> list[dict[str, float]]:
    """All rounds, each on a mesh of its own."""
    with tempfile.TemporaryDirectory() as folder:
        gguf.write(Path(folder) / "random.gguf")
        chain = {"PROVIDER_TEXT": WRITER, "TROUPE_TEXT_ENGINES": WRITER, "TROUPE_TEXT_MODELS_DIR": folder}
        return [row for _ in range(rounds()) for row in with_mesh(job, **chain)]


if __name__ == "__main__":
    rows = measured()
    without = [] if all("prompt_first_fragment_ms" in row for row in rows) else ["prompt_first_fragment_ms"]
    note = (
        f"no prompt was run: {WRITER} was not ready within {WRITER_S:.0f} s; `make doctor` says why" if without else ""
    )
    show(
        "avatar: three sentences, and a prompt, over HTTP, 512x512, default engines", rows, [note] * bool(note), without
    )
