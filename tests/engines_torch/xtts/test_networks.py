"""Scheduler and networks together: whatever the windows, the sound is the one that is decoded at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.fakes.xtts_release import make

from svc_tts.engines.xtts import checkpoint
from svc_tts.engines.xtts.decoder import BatchDecoder, Sequence, Step
from svc_tts.engines.xtts.gpt import Gpt, read_gpt
from svc_tts.engines.xtts.guard import Expectation, Wave
from svc_tts.engines.xtts.machine import OutOfMemory, Passage, Sampling, Script
from svc_tts.engines.xtts.networks import Networks, _memory
from svc_tts.engines.xtts.sampling import Sampling as Drawn
from svc_tts.engines.xtts.scheduler import Scheduler, Sounded
from svc_tts.engines.xtts.take import Pace
from svc_tts.engines.xtts.vocoder import Vocoder

CODES = 30
CALM = Expectation(least=1, usual=300, most=500, limit=602)
IDS = (5, 60, 7, 80)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Small networks are slower with more, and much slower beside other work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> checkpoint.Checkpoint:
    folder: Path = make(tmp_path_factory.mktemp("xtts"))
    return checkpoint.load(folder)


@pytest.fixture(scope="module")
def gpt(release: checkpoint.Checkpoint) -> Gpt:
    return read_gpt(release.tensors, release.config.gpt)


class Ending(BatchDecoder):
    """Random weights do not know when to stop: this one stops after so many codes."""

    def __init__(self, gpt: Gpt, slots: int) -> None:
        super().__init__(gpt, slots)
        self._made: Counter[int] = Counter()

    def step(self) -> list[Step]:
        steps = super().step()
        self._made.update(step.slot for step in steps)
        return [replace(step, stopped=self._made[step.slot] == CODES) for step in steps]

    def release(self, slot: int) -> None:
        super().release(slot)
        del self._made[slot]


def spoken(release: checkpoint.Checkpoint, gpt: Gpt, pace: Pace, speed: float, seeds: tuple[int, ...]) -> list[Wave]:
    machine = Networks(Ending(gpt, 2), Vocoder.of(release), release.config.sampling, 2)
    scheduler = Scheduler(machine, pace)
    voice = release.speakers["Damien Black"]
    for seed in seeds:
        scheduler.add(Script(seed, (Passage(IDS, CALM),), voice, Sampling(), seed, speed))
    waves: dict[int, list[Wave]] = {seed: [] for seed in seeds}
    while scheduler.busy:
        for event in scheduler.turn():
            if isinstance(event, Sounded):
                waves[event.number].append(event.wave)
    return [np.concatenate(waves[seed]) for seed in seeds]


def whole(release: checkpoint.Checkpoint, gpt: Gpt, seed: int, speed: float) -> Wave:
    voice, usual = release.speakers["Damien Black"], release.config.sampling
    drawn = Drawn(usual.temperature, usual.top_k, usual.top_p, usual.repetition_penalty, seed)
    batch = BatchDecoder(gpt, 1)
    batch.admit(Sequence(IDS, voice.conditioning, drawn))
    latents: list[torch.Tensor] = []
    while len(latents) < CODES:
        latents += [step.latent for step in batch.step()]
    return Vocoder.of(release).decode(torch.stack(latents), voice.speaker, speed=speed).numpy()


@pytest.mark.parametrize("speed", [1.0, 0.8, 1.7])
def test_streamed_in_any_windows_beside_others_it_is_the_whole(
    release: checkpoint.Checkpoint, gpt: Gpt, speed: float
) -> None:
    wanted = [whole(release, gpt, seed, speed) for seed in (1, 2, 3)]
    for pace in (Pace((1,)), Pace((6, 4, 8, 20)), Pace((7, 13), renders=1), Pace((64,))):
        for wave, right in zip(spoken(release, gpt, pace, speed, (1, 2, 3)), wanted, strict=True):
            assert len(wave) == len(right)
            assert np.abs(wave - right).max() <= 1e-5


def test_memory_that_runs_out_is_told_in_one_way() -> None:
    with pytest.raises(OutOfMemory, match="not enough memory"), _memory():
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:126] . DefaultCPUAllocator: not enough memory: you tried")
    with pytest.raises(OutOfMemory, match="CUDA out of memory"), _memory():
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
    with pytest.raises(RuntimeError, match="illegal"), _memory():
        raise RuntimeError("CUDA error: an illegal memory access was encountered")
