"""The counter of the bench of cards: its numbers are those that were counted of upstream's networks, by other means."""

from __future__ import annotations

import pytest
import torch
from tests.bench.sadtalker import peaks
from tests.bench.sadtalker.roofline import Networks, Row, counted, floor_ms, jobs, rows
from tests.bench.sadtalker.work import META, Counter, OnePass, Work
from tests.fakes.sadtalker_portraits import parts, renderer
from tests.fakes.sadtalker_shapes import entries
from torch.nn import functional

from svc_video.engines.sadtalker import memory
from svc_video.engines.sadtalker.dense_motion import DenseMotion
from svc_video.engines.sadtalker.dense_motion_fused import FusedMotion, VolumeLayer
from svc_video.engines.sadtalker.fused import InTorch
from svc_video.engines.sadtalker.generator import Bridge, Encoder
from svc_video.engines.sadtalker.keypoints import DEPTH, KeypointDetector
from svc_video.engines.sadtalker.reader import Place, Reader
from svc_video.engines.sadtalker.spade import SpadeDecoder
from svc_video.engines.sadtalker.spade_fused import FusedDecoder

CPU = torch.device("cpu")


def part(name: str) -> dict[str, torch.Tensor]:
    """Tensors of the official shapes, without numbers."""
    return {entry.name: torch.empty(entry.shape, device=META) for entry in entries() if entry.part == name}


def official(*, fused: bool) -> Networks:
    whole, half = Place(META), Place(META, torch.float16)
    reader = Reader(part("generator"), "generator")
    encoder = Encoder(reader, DEPTH, whole)
    bridge = Bridge(reader, encoder.channels * DEPTH, half)
    motion, decoder = DenseMotion(reader, encoder.channels, DEPTH, whole), SpadeDecoder(reader, bridge.channels, half)
    if fused:
        motion = FusedMotion(reader, encoder.channels, DEPTH, whole, OnePass(), layers=VolumeLayer)
        decoder = FusedDecoder(reader, bridge.channels, half, OnePass())
    return Networks(encoder, KeypointDetector.of(part("kp_extractor"), whole), motion, bridge, decoder, torch.float16)


@pytest.mark.parametrize(
    ("size", "gflop"),
    [
        (256, {"encoder": 64.1, "key points": 38.8, "dense motion": 238.0, "bridge": 10.2, "decoder": 890.9}),
        (512, {"dense motion": 952, "decoder": 3564}),
    ],
)
def test_operations_are_those_counted_of_upstream(size, gflop) -> None:
    works = counted(official(fused=False), size, 1)
    assert {name: works[name].gflop for name in gflop} == pytest.approx(gflop, rel=0.003)


def test_the_forms_for_a_card_have_less_to_do() -> None:
    plain, fused = (counted(official(fused=one), 256, 1) for one in (False, True))
    frame = [sum(works[name].gflop for name in ("dense motion", "bridge", "decoder")) for works in (plain, fused)]
    assert frame == pytest.approx([1139, 1012], rel=0.005)
    assert fused["decoder"].moved_bytes < 0.7 * plain["decoder"].moved_bytes


def test_a_batch_is_so_many_times_a_frame() -> None:
    networks = official(fused=True)
    one, four = counted(networks, 256, 1), counted(networks, 256, 4)
    for name in ("dense motion", "bridge", "decoder"):
        assert four[name].flop == pytest.approx(4 * one[name].flop)
        assert four[name].peak_bytes == pytest.approx(4 * one[name].peak_bytes, rel=0.1)
        assert four[name].moved_bytes < 4 * one[name].moved_bytes  # weights are read once
    assert four["encoder"].flop == one["encoder"].flop  # once for a portrait


@pytest.mark.parametrize("size", [256, 512])
def test_memory_is_foreseen(size) -> None:
    """What a frame takes on a card is what the largest of its networks has alive at once, and what it is given."""
    works = counted(official(fused=True), size, 1)
    alive = max(work.peak_bytes for name, work in works.items() if name in {"dense motion", "decoder"})
    given = 2 * 36 * 16 * (size // 4) ** 2 * 4  # volume and compressed, in its place and moved
    assert alive + given < memory.CARD_FRAME_BYTES[size] < 1.5 * (alive + given)


def test_the_counter_counts() -> None:
    x, weight = torch.empty(2, 3, 8, 8, device=META), torch.empty(5, 3, 3, 3, device=META)
    with Counter() as counter:
        made = functional.conv2d(x, weight, padding=1)
        other = made.view(2, -1) + 1.0
        del made
    assert counter.work.flop == 2 * 2 * 5 * 64 * 27
    moved = x.nbytes + weight.nbytes + other.nbytes + 2 * other.nbytes  # the convolution; then read and written
    assert counter.work.moved_bytes == moved
    assert counter.work.peak_bytes == 2 * other.nbytes  # a view is no memory of its own


def test_what_is_let_go_is_not_alive() -> None:
    with Counter() as counter:
        x = torch.empty(100, device=META)
        for _ in range(5):
            x = x + 1.0
    assert counter.work.peak_bytes == 2 * x.nbytes


def test_passes_are_counted_as_they_are_made() -> None:
    """The stand-ins for kernels give tensors of the shapes that the definitions give."""
    x, maps = torch.empty(2, 8, 4, 4), torch.empty(2, 16, 8, 8)
    low, bias = torch.empty(2, 9 * 12, 5, 5), torch.empty(12)
    real, counts = InTorch(), OnePass()
    wanted = [
        *real.spread(low, bias, 4, 3),
        real.modulated(x, real.moments(x), maps, maps[0, :, 0, 0], factor=2, slope=0.2),
    ]
    x, maps, low, bias = (tensor.to(META) for tensor in (x, maps, low, bias))
    with Counter() as counter:
        made = counts.spread(low, bias, 4, 3)
        assert counter.work.moved_bytes == low.nbytes + sum(one.nbytes for one in made)
        made.append(counts.modulated(x, counts.moments(x), maps, maps[0, :, 0, 0], factor=2, slope=0.2))
    assert [one.shape for one in made] == [one.shape for one in wanted]
    assert [one.stride() for one in made] == [
        one.contiguous(memory_format=torch.channels_last).stride() for one in wanted
    ]


def test_the_floor_is_the_longer_time() -> None:
    work = Work(flop=2e12, moved_bytes=3_000_000_000)
    assert floor_ms(work, tflops=100, gbs=1000) == pytest.approx(20)
    assert floor_ms(work, tflops=1000, gbs=1000) == pytest.approx(3)
    row = Row("decoder", 40.0, work, 20.0)
    assert (row.tflops, row.gbs) == pytest.approx((50, 75))


def test_a_table_of_networks(monkeypatch) -> None:
    monkeypatch.setattr("tests.bench.sadtalker.roofline.seconds", lambda job, device, repeats: job().numel() * 0 + 0.5)
    drawn = renderer()
    shapes = Networks.shapes(drawn, *parts())
    assert {job().device for job in jobs(shapes, 128, 2, META).values()} == {META}
    found = rows(drawn, shapes, 128, 1, peaks.Peak(1, 1, 1, "made up"))
    assert [row.name for row in found] == ["encoder", "key points", "dense motion", "moving", "bridge", "decoder"]
    assert all(row.floor_ms > 0 and row.ms == 500 for row in found)


@pytest.mark.parametrize(
    ("name", "half"),
    [
        ("NVIDIA H200", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA GB10", 125),
        ("Tesla P4", None),
    ],
)
def test_data_sheets(name, half) -> None:
    peak = peaks.sheet(name)
    assert (peak.half if peak else None) == half


def test_ceilings_are_found(monkeypatch) -> None:
    monkeypatch.setattr(peaks, "SIDE", 64 * peaks.ON_CPU)
    monkeypatch.setattr(peaks, "COPIED", peaks.ON_CPU << 16)
    found = peaks.found(CPU)
    assert min(found.half, found.tf32, found.memory) > 0
