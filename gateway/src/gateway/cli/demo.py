"""`troupe demo`: the whole path at work, in a mesh of its own on free ports, from nothing to a film on disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from gateway.cli.client import READY_S, Film, GatewayClient
from gateway.cli.mesh import Mesh, free_ports
from troupe.wire.environment import read_env_file
from troupe.wire.errors import InvalidArgument, TroupeError

LOG = Path("var/demo.log")
ENGINES = ("portrait", "sadtalker")
LOADING_S = 300.0  # for an engine that has a gigabyte of weights to read
GREETINGS: Mapping[str, str] = {
    "en": "Hello, and welcome. I am a picture that was taught to speak. Everything you see and hear was made on this "
    "machine, while you were watching.",
    "de": "Guten Tag und willkommen. Ich bin ein Bild, das sprechen gelernt hat. Alles entstand auf diesem Rechner.",
    "es": "Hola y bienvenidos. Soy una imagen que aprendió a hablar. Todo esto se hizo en esta máquina, ahora mismo.",
    "fr": "Bonjour et bienvenue. Je suis une image qui a appris à parler. Tout a été fait sur cette machine.",
    "ja": "こんにちは、ようこそ。私は話すことを覚えた絵です。すべてはこの機械の上で作られました。",
    "zh": "你好，欢迎。我是一张学会说话的图片。你看到和听到的一切，都是在这台机器上制作的。",
}
STAGES: Mapping[str, str] = {
    "first_audio": "first sound",
    "first_bytes": "first bytes of the film",
    "first_fragment": "first fragment, playable",
    "speech_done": "speech done",
    "done": "film done",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for; empty = the default."""

    script: str
    portrait: Path | None
    avatar: str
    voice: str
    lang: str
    out: Path
    engine: str = ""

    def fields(self) -> dict[str, str]:
        """The request's fields. Raises `InvalidArgument` for a portrait that is not there."""
        if self.portrait is not None and not self.portrait.is_file():
            raise InvalidArgument(f"There is no picture at {self.portrait}. Name a PNG, JPEG or WebP file.")
        language = self.lang or ("" if self.voice or self.script else "en-US")
        script = self.script or GREETINGS.get((language or self.voice)[:2].lower(), GREETINGS["en"])
        told = {"text": script, "voice_id": self.voice, "language": language, "portrait_id": self.avatar}
        return told | {"video_provider": self.engine}

    def settings(self) -> dict[str, str]:
        """Settings of the mesh that it needs."""
        return {"TROUPE_VIDEO_ENGINES": self.engine, "PROVIDER_VIDEO": self.engine} if self.engine else {}


def run(order: Order) -> int:
    """Start a mesh, make the film, stop the mesh; gives the exit status."""
    read_env_file()
    fields = order.fields()
    # A mesh of its own: whatever keys and addresses the user set are for the one that keeps running.
    settings = free_ports() | {"TROUPE_API_KEYS_FILE": "", "TROUPE_HOST": "127.0.0.1"} | order.settings()
    LOG.parent.mkdir(parents=True, exist_ok=True)
    print(f"Starting the mesh (its log: {LOG}) …", flush=True)
    with LOG.open("w") as log, ThreadPoolExecutor(1) as pool:
        mesh = Mesh(settings, log)
        url = f"http://127.0.0.1:{settings['TROUPE_PORT']}"
        job: Future[None] = pool.submit(_perform, order, fields, url, lambda: mesh.stopping)
        status = mesh.run(until=job.done)
    try:
        job.result()
    except TroupeError as error:
        print(f"\ntroupe: {error.message}\nThe mesh's log is in {LOG}.")
        return 1
    print("The mesh has drained and stopped. The same in a browser: `troupe up`, or `make up`.")
    return status


def _perform(order: Order, fields: Mapping[str, str], url: str, ended: Callable[[], bool]) -> None:
    started = time.monotonic()
    with GatewayClient(url) as client:
        client.wait_ready(LOADING_S if order.engine else READY_S, ended, order.engine)
        print(f"Ready after {time.monotonic() - started:.1f} s. Saying: {fields['text'][:70]}…", flush=True)
        film = client.film(fields, order.portrait)
        order.out.parent.mkdir(parents=True, exist_ok=True)
        order.out.write_bytes(film.data)
        events = client.events(film.headers["x-troupe-scene"])
    _report(order, film, events)


def _report(order: Order, film: Film, events: list[tuple[str, dict[str, object]]]) -> None:
    """Say what was made, by whom, and how long each stage took."""
    print(f"\n  made by                    {film.headers['x-troupe-provider']}")
    for kind, data in events:
        if kind == "voice" and data.get("substituted"):
            print(f"  voice                      {data['voice_id']}, the nearest one installed")
        if kind == "note":
            print(f"  note                       {data['text']}")
        if kind == "stage" and data["stage"] in STAGES:
            print(f"  {STAGES[str(data['stage'])]:26} {float(str(data['at_ms'])) / 1000:6.2f} s after the request")
    spoken_ms = max((_end_ms(data) for kind, data in events if kind == "words"), default=0.0)
    if spoken_ms:
        spoken_s = spoken_ms / 1000
        print(f"  {'speed':26} {spoken_s / film.total_s:6.1f} x real time ({spoken_s:.1f} s of speech)")
    print(f"\nThe film: {order.out} ({len(film.data) / 1024:.0f} KiB)\n")


def _end_ms(data: Mapping[str, object]) -> float:
    words = data["words"]
    return float(words[-1]["end_ms"]) if isinstance(words, list) and words else 0.0
