"""All of SadTalker's networks on one device, as `worker` uses them: the real `machine`.

Notable choices:
- the sizes 256 and 512 are releases of their own; one is loaded with the process, the other with its first portrait;
- what a portrait decides is computed once and kept for its next films;
- pixels are read back once per batch, and nothing else ever is (`drawing`).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Self

import torch

from svc_video.engines.sadtalker import checkpoint, landmarks
from svc_video.engines.sadtalker.drawing import Drawing
from svc_video.engines.sadtalker.enhancer import Enhancers
from svc_video.engines.sadtalker.filming import FilmMotion, finisher, of_film
from svc_video.engines.sadtalker.front import Front
from svc_video.engines.sadtalker.machine import Finisher, OutOfMemory, Squares
from svc_video.engines.sadtalker.mapping import Mapping
from svc_video.engines.sadtalker.motion import MotionNetworks, MotionStream
from svc_video.engines.sadtalker.orders import FilmOrder, Finish
from svc_video.engines.sadtalker.outbox import Parcel
from svc_video.engines.sadtalker.pace import drawn
from svc_video.engines.sadtalker.plan import Follow, MotionPlan, Reference
from svc_video.engines.sadtalker.reader import Place
from svc_video.engines.sadtalker.recon import Reconstruction
from svc_video.engines.sadtalker.renderer import Appearance, FrameOrder, Renderer
from svc_video.engines.sadtalker.source import Mode, Rgb, Source

APPEARANCES = 8  # portraits whose features are kept: 9 MB each at 256 pixels and full width, 37 MB at 512
NO_MEMORY = ("can't allocate memory", "not enough memory")
"""How PyTorch's allocator for the CPU says it."""


@dataclass(frozen=True, slots=True)
class Release:
    """The networks of one size."""

    renderer: Renderer
    crop: MotionNetworks
    full: MotionNetworks  # shares all but the mapping network
    front: Front
    identity: str

    @classmethod
    def load(cls, folder: Path, size: int, place: Place, precision: str, backend: str) -> Self:
        """Read that size; raises as `checkpoint.load` and `landmarks.backend` do."""
        held = checkpoint.load(folder, size, full=False, device=place.device)
        crop = MotionNetworks.of(held.audio2exp, held.audio2pose, held.mapping).to(place.device)
        of_whole = Mapping.of(checkpoint.mapping_of(folder, full=True, device=place.device)).to(place.device)
        finder = landmarks.backend(backend, folder, str(place.device))
        front = Front(finder, Reconstruction.of(held.face_3drecon, place), checkpoint.mean_points(folder))
        renderer = Renderer.of(held.generator, held.kp_extractor, device=place.device, precision=precision)
        identity = f"{held.identity} {type(finder).__name__}"
        return cls(renderer, crop, replace(crop, mapping=of_whole), front, identity)


class Networks:
    """`machine.Stage` and `machine.Renderer` in one: the first in one thread, the second in another."""

    def __init__(self, load: Callable[[int], Release], batch: int, enhancers: Enhancers) -> None:
        self.batch = batch
        self._enhancers = enhancers
        self._load = load
        self._releases: dict[int, Release] = {}
        self._drawings: dict[int, Drawing] = {}
        self._appearances: OrderedDict[tuple[int, bytes], Appearance] = OrderedDict()
        self._loading = threading.Lock()

    def release(self, size: int) -> Release:
        """The networks of that size, loaded where they are not yet; raises as `Release.load` does."""
        with self._loading:
            if size not in self._releases:
                held = self._load(size)
                self._drawings[size] = Drawing(held.renderer, size, self.batch)
                self._releases[size] = held
            return self._releases[size]

    def source(self, picture: Rgb, mode: Mode, size: int) -> Source:
        """The face of a picture; raises `NoFace`."""
        with out_of_memory():
            return self.release(size).front.source(picture, mode, size)

    def identity(self, size: int) -> str:
        """Of the networks that measure faces."""
        return self.release(size).identity

    def finisher(self, source: Source, finish: Finish, picture: Rgb) -> Finisher:
        """What makes whole, enhanced frames of squares."""
        return finisher(self._enhancers.get(finish.enhancer), source, finish, picture)

    def performance(self, source: Source, order: FilmOrder, reference: bytes) -> FilmMotion:
        """A film that begins; raises `UnsupportedMedia` or `NoFace` where the reference film cannot be followed."""
        with out_of_memory():
            release = self.release(source.size)
            networks = release.full if source.full else release.crop
            appearance = self._appearance(source, release.renderer)
            plan = self._plan(order, release.front, reference)
            first = drawn(order.first_index, Fraction(*order.rate))
            stream = MotionStream(networks, source.coefficients, plan, start_frame=first, first_sample=order.sound_from)
            own = networks.source_heads(source.coefficients).keypoints(appearance.canonical)[0]
            return FilmMotion(stream, appearance, own, first)

    @property
    def ahead(self) -> bool:
        """A card draws while the host does other things."""
        return any(drawing.device.type == "cuda" for drawing in self._drawings.values())

    def begin(self, poses: Sequence[FrameOrder]) -> Squares:
        """One square for each; raises `OutOfMemory`."""
        begun: list[tuple[list[int], Parcel]] = []
        for size in sorted({pose.appearance.size for pose in poses}):
            places = [place for place, pose in enumerate(poses) if pose.appearance.size == size]
            with out_of_memory():
                begun.append((places, self._drawings[size].begin([poses[place] for place in places])))

        def squares() -> list[Rgb]:
            frames: dict[int, Rgb] = {}
            for places, parcel in begun:
                frames |= dict(zip(places, parcel.take(), strict=True))
            return [frames[place] for place in range(len(poses))]

        return squares

    def render(self, poses: Sequence[FrameOrder]) -> Sequence[Rgb]:
        """One square for each, waited for; raises `OutOfMemory`."""
        return self.begin(poses)()

    def _appearance(self, source: Source, renderer: Renderer) -> Appearance:
        key = (source.size, source.image.tobytes())
        if key not in self._appearances:
            self._appearances[key] = renderer.appearance(source)
        self._appearances.move_to_end(key)
        while len(self._appearances) > APPEARANCES:
            self._appearances.popitem(last=False)
        return self._appearances[key]

    def _plan(self, order: FilmOrder, front: Front, reference: bytes) -> MotionPlan:
        acting = order.acting
        followed = None
        if reference:
            follow: Follow = "pose" if acting.follow == "pose" else "blink" if acting.follow == "blink" else "both"
            followed = Reference(of_film(reference, front), follow)
        return MotionPlan(
            seed=acting.seed,
            style=acting.style,
            still=acting.still,
            expression_scale=acting.expression_scale,
            pose_scale=acting.pose_scale,
            blink_rate=acting.blink_rate,
            yaw=acting.yaw,
            pitch=acting.pitch,
            roll=acting.roll,
            reference=followed,
        )


@contextmanager
def out_of_memory() -> Iterator[None]:
    """Memory that does not suffice as `OutOfMemory`, and what is kept for later given back to the device first."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        raise OutOfMemory(str(error).partition("\n")[0]) from error
    except RuntimeError as error:
        if any(said in str(error) for said in NO_MEMORY):
            raise OutOfMemory(str(error).partition("\n")[0]) from error
        raise
