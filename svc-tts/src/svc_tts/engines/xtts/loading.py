"""A release from its folder into memory, on the device it runs on: what `worker` serves with."""

from __future__ import annotations

import ctypes
import gc
import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import soundfile
import torch

from svc_tts.engines.xtts import checkpoint, memory, quantize
from svc_tts.engines.xtts.checkpoint import Checkpoint
from svc_tts.engines.xtts.config import XttsConfig
from svc_tts.engines.xtts.decoder import BatchDecoder
from svc_tts.engines.xtts.desk import Desk
from svc_tts.engines.xtts.gpt import Gpt, read_gpt
from svc_tts.engines.xtts.latents import VoiceLatents
from svc_tts.engines.xtts.networks import Networks
from svc_tts.engines.xtts.orders import Load
from svc_tts.engines.xtts.shelf import Shelf
from svc_tts.engines.xtts.take import Pace
from svc_tts.engines.xtts.text.tokenizer import Tokenizer
from svc_tts.engines.xtts.vocoder import CHUNKS, Vocoder
from svc_tts.engines.xtts.voice import VoiceNetworks, latents_of
from svc_tts.engines.xtts.worker import Loaded
from troupe.weights.memory import available
from troupe.weights.processors import cores
from troupe.wire.errors import CheckpointBroken, EngineMissing

DEVICE = re.compile(r"cpu|cuda(:\d{1,2})?")
PRECISIONS = ("auto", "fp32", "bf16", "int8")
SLOTS_CPU, SLOTS_CUDA = 8, 64  # by the device, where the settings say nothing
CUDA_WINDOWS = (6, 4, 6, *CHUNKS[2:])  # codes: a code takes less than a millisecond, so the first come early
PROBE_TEXT, PROBE_LANGUAGE = "The quick brown fox jumps over the lazy dog.", "en"
LOOK_S = 0.2
VERSION_DIGITS = 16
TORCH, READ, LISTENING, SPEAKING = 0.1, 0.6, 0.7, 0.95  # of the whole, when each stage is done


@dataclass(frozen=True, slots=True)
class Place:
    """Where it runs, and in which precision."""

    device: torch.device
    precision: str

    @classmethod
    def of(cls, load: Load) -> Place:
        """As the settings say; raises `EngineMissing` where there is no such device."""
        cuda = torch.cuda.is_available()
        name = ("cuda" if cuda else "cpu") if load.device == "auto" else load.device
        if not DEVICE.fullmatch(name) or load.precision not in PRECISIONS:
            raise EngineMissing(
                f'XTTS cannot run on "{load.device}" in "{load.precision}"',
                remedy="TROUPE_SPEECH_XTTS_DEVICE=auto, cpu, cuda or cuda:N; _PRECISION=auto, fp32, bf16 or int8",
            )
        device = _device(name)
        if device.type == "cuda" and (device.index or 0) >= (torch.cuda.device_count() if cuda else 0):
            raise EngineMissing(
                f"XTTS was to run on {name}, and this PyTorch ({torch.__version__}) sees no such device",
                remedy="TROUPE_SPEECH_XTTS_DEVICE=auto, or PyTorch for your card (nvidia-smi lists cards)",
            )
        usual = "int8" if device.type == "cpu" else "bf16"
        return cls(device, usual if load.precision == "auto" else load.precision)

    @property
    def free(self) -> int:
        """Bytes that can be had on the device."""
        return available() if self.device.type == "cpu" else torch.cuda.mem_get_info(self.device)[0]


def _device(name: str) -> torch.device:
    """With its number: graphs and streams are made on the current device, which wants one."""
    device = torch.device(name)
    return torch.device("cuda", 0) if device.type == "cuda" and device.index is None else device


def load(load: Load, loading: Callable[[float], None]) -> Loaded:
    """Everything, ready to speak; `loading` hears how far (0..1).

    Raises `EngineMissing` where device or memory are wanting, `CheckpointNotFound` or `CheckpointBroken`.
    """
    loading(TORCH)
    torch.set_num_threads(cores())
    folder, place = Path(load.checkpoint), Place.of(load)
    if place.device.type == "cuda":
        torch.cuda.set_device(place.device)
    config = XttsConfig.read(folder)
    slots = fitting_slots(config, place, load.streams)
    tokenizer = Tokenizer(folder / "vocab.json", max_text_tokens=config.gpt.max_text)
    with _told(loading, folder):
        release = checkpoint.load(folder)
    if not release.speakers:
        raise CheckpointBroken("speakers_xtts.pth holds no speaker. Fetch XTTS v2 anew.", remedy="make xtts")
    return _ready(release, tokenizer, place, slots, loading)


def fitting_slots(config: XttsConfig, place: Place, wanted: int) -> int:
    """Utterances at once: as many as are wanted, or usual on that device, as far as its memory goes."""
    cuda = place.device.type == "cuda"
    need = memory.Need.of(config, place.precision, cuda=cuda)
    return memory.fitting_slots(need, wanted or (SLOTS_CUDA if cuda else SLOTS_CPU), place.free)


def _ready(
    release: Checkpoint, tokenizer: Tokenizer, place: Place, slots: int, loading: Callable[[float], None]
) -> Loaded:
    config, device = release.config, place.device
    others = replace(release, tensors=_moved(release, device))
    vocoder, listening = Vocoder.of(others), VoiceNetworks.of(others)
    loading(LISTENING)
    gpt = _gpt(release, tokenizer, place)
    batch = BatchDecoder(gpt, slots)
    loading(SPEAKING)
    shelf = Shelf(release.speakers, release.identity, lambda path: _heard(path, listening), device)
    hello = {"speakers": shelf.names, "slots": slots, "device": str(device), "version": _version(release)}
    del release, others
    _give_back()
    batch.warm()
    windows = CHUNKS if device.type == "cpu" else CUDA_WINDOWS
    return Loaded(
        desk=Desk(tokenizer, shelf, config.gpt.max_codes),
        machine=Networks(batch, vocoder, config.sampling, slots),
        pace=Pace(windows, renders=1 if device.type == "cpu" else 0),
        hello=hello,
    )


def _gpt(release: Checkpoint, tokenizer: Tokenizer, place: Place) -> Gpt:
    """The language model on its device: bf16 as it is, int8 as far as it says the same as fp32 (on a CPU)."""
    whole = place.precision == "fp32" or (place.precision == "int8" and place.device.type == "cpu")
    dtype = torch.float32 if whole else torch.bfloat16
    gpt = read_gpt(release.tensors, release.config.gpt, device=str(place.device), dtype=dtype)
    if place.precision != "int8" or place.device.type != "cpu":
        return gpt
    voice = next(iter(release.speakers.values()))
    ids = tokenizer.encode(PROBE_TEXT, PROBE_LANGUAGE)
    return quantize.fitted(gpt, quantize.Probe(ids, voice.conditioning)).gpt


def _moved(release: Checkpoint, device: torch.device) -> checkpoint.Tensors:
    """All but the language model's layers, which are moved one by one in their own precision."""
    kept = {name: tensor for name, tensor in release.tensors.items() if not name.startswith("gpt.gpt.")}
    return {name: tensor.to(device) for name, tensor in kept.items()}


def _version(release: Checkpoint) -> str:
    """Changes with the networks that listen and with the file of the weights: what was kept of another one is stale."""
    told = [(path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(release.folder.glob("model.*"))]
    return hashlib.sha256(f"{release.identity} {told}".encode()).hexdigest()[:VERSION_DIGITS]


def _heard(path: Path, listening: VoiceNetworks) -> VoiceLatents:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return latents_of(torch.from_numpy(samples.mean(axis=1)), rate, listening)


@contextmanager
def _told(loading: Callable[[float], None], folder: Path) -> Iterator[None]:
    """How far the reading is, by the memory that fills."""
    size = max((path.stat().st_size for path in folder.glob("model.*")), default=1)
    before, read = memory.resident(), threading.Event()

    def tell() -> None:
        while not read.wait(LOOK_S):
            share = min(1.0, max(0.0, (memory.resident() - before) / size))
            loading(TORCH + share * (READ - TORCH))

    telling = threading.Thread(target=tell, daemon=True)
    telling.start()
    try:
        yield
    finally:
        read.set()
        telling.join()
    loading(READ)


def _give_back() -> None:
    """What only loading needed goes back to the system, not only to the allocator."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
