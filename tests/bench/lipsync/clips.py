"""The films to be judged: twelve sentences, spoken by svc-tts and filmed by a real svc-video as the gateway asks it to.

A film is kept as FACE/NUMBER-VOICE.mp4 with its text beside it (.txt); the judge gets nothing else.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.speech import Clip, spoken_by
from tests.bench.stage import ready, server, told

from troupe.v1 import video_pb2, video_pb2_grpc
from troupe.wire.channels import open_channel
from troupe.wire.errors import TroupeError

FILM_S = 120.0
SENTENCES = (
    "The boy put a big map upon the table before he began to speak.",
    "My mother bought five apples and a warm pie from the old market.",
    "We hope that everybody can see how the mouth moves with every vowel.",
    "Please remember to keep both windows open while the paint dries.",
    "Four brave farmers brought fresh food for the whole family in the valley.",
    "She showed us the shop where they sell cheap shoes and silver watches.",
    "You should move the blue moon picture over to the other side of the room.",
    "A small group of people waited by the bridge until the bus arrived.",
    "Maybe the best part of summer is sleeping outside under the bright stars.",
    "He asked the happy teacher about that black cat and the glass hat.",
    "Number seven swims above the warm water while the wind blows from the west.",
    "Those who think before they speak are often thanked for every single word.",
)
VOICES = (("flite", "flite-rms"), ("flite", "flite-slt"), ("espeak", ""))
AVATARS = 2  # of those shipped, the first in the list


@dataclass(frozen=True, slots=True)
class Sitter:
    """Whose face is filmed: a shipped avatar, or a photo."""

    name: str
    portrait_id: str = ""
    picture: bytes = b""


def make(folder: Path, photo: Path | None, *, sentences: int, rounds: int, faces: int) -> None:
    """Speak and film; the films of a run before are removed."""
    for old in [*folder.glob("*/*.mp4"), *folder.glob("*/*.txt")]:
        old.unlink()
    clips = asyncio.run(spoken(sentences))
    with server(core=None) as (_, address):
        asyncio.run(filmed(address, folder, clips, photo, rounds=rounds, faces=faces))


async def spoken(count: int) -> list[tuple[str, Clip]]:
    """Each sentence as (text, speech), the voices in turn; a voice that cannot be had is named and passed over."""
    clips: list[tuple[str, Clip]] = []
    voices = list(VOICES)
    for number, text in enumerate(SENTENCES[:count]):
        while voices:
            engine, voice_id = voices[number % len(voices)]
            try:
                clips.append((text, await spoken_by(engine, text, voice_id)))
                break
            except (ImportError, TroupeError) as error:
                print(f"{voice_id or engine} cannot speak here: {error}", file=sys.stderr)
                voices.remove((engine, voice_id))
    if not clips:
        raise SystemExit("No speech engine works here; `make doctor` says what mends it.")
    return clips


async def filmed(
    address: str, folder: Path, clips: Sequence[tuple[str, Clip]], photo: Path | None, *, rounds: int, faces: int
) -> None:
    """All films, one after the other: each has a seed of its own, so that no two blink alike."""
    async with open_channel(address) as channel:
        stub = video_pb2_grpc.VideoStub(channel)
        await ready(stub)
        for sitter in (await sitters(stub, photo))[:faces]:
            for number in range(rounds * len(clips)):
                text, clip = clips[number % len(clips)]
                data = await film(stub, sitter, clip, seed=number + 1)
                name = f"{number + 1:02}-{clip.made_by.removeprefix('svc-tts ')}"
                await asyncio.to_thread(keep, folder / sitter.name, name, data, text)


async def sitters(stub: video_pb2_grpc.VideoStub, photo: Path | None) -> list[Sitter]:
    """A shipped avatar, the photo, the other avatars: fewer faces are still of both kinds."""
    listed = await stub.ListPortraits(video_pb2.ListPortraitsRequest(), timeout=10)
    avatars = [Sitter(each.name.lower() or each.portrait_id, each.portrait_id) for each in listed.portraits[:AVATARS]]
    if photo is None:
        return avatars
    return [avatars[0], Sitter(photo.stem, picture=await asyncio.to_thread(photo.read_bytes)), *avatars[1:]]


async def film(stub: video_pb2_grpc.VideoStub, sitter: Sitter, clip: Clip, seed: int) -> bytes:
    """One whole film."""
    request = told(sitter.portrait_id, clip, picture=sitter.picture, seed=seed)
    return b"".join([chunk.data async for chunk in stub.Animate(request, timeout=FILM_S)])


def keep(folder: Path, name: str, data: bytes, text: str) -> None:
    """The film and its text."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.mp4").write_bytes(data)
    (folder / f"{name}.txt").write_text(text)
