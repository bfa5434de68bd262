"""What every process tells of the machine it is on: memory, disk, the cards' memory, and itself.

Memory is what this container may still take, not what the host has. Read when somebody asks for the metrics.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from troupe.weights.memory import UNBOUNDED, available
from troupe.wire.nvml import Nvml


def show_machine(registry: CollectorRegistry, folders: Sequence[Path] = ()) -> None:
    """Have the registry tell of the process, the machine, and the disks of those folders (not there yet or not)."""
    ProcessCollector(registry=registry)
    registry.register(MachineGauges(folders))


class MachineGauges(Collector):
    """Gauges of memory and disk; bytes."""

    def __init__(self, folders: Sequence[Path] = (), nvml: Nvml | None = None) -> None:
        self._folders = tuple(dict.fromkeys(folders))
        self._nvml = nvml or Nvml()

    def describe(self) -> Iterator[Metric]:
        """Nothing is read before somebody asks."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """All of them."""
        memory = GaugeMetricFamily(
            "troupe_memory_available_bytes", "Memory this process's machine or container has left"
        )
        if (free := available()) < UNBOUNDED:
            memory.add_metric([], free)
        yield memory
        yield from self._disks()
        yield from self._cards()

    def _disks(self) -> Iterator[Metric]:
        free = GaugeMetricFamily("troupe_disk_free_bytes", "Room left where a folder lies", labels=["folder"])
        size = GaugeMetricFamily("troupe_disk_bytes", "Room there is where a folder lies", labels=["folder"])
        for folder in self._folders:
            usage = shutil.disk_usage(_there(folder))
            free.add_metric([str(folder)], usage.free)
            size.add_metric([str(folder)], usage.total)
        yield from (free, size)

    def _cards(self) -> Iterator[Metric]:
        used = GaugeMetricFamily("troupe_gpu_memory_used_bytes", "Memory taken on a card, by all", labels=["gpu"])
        size = GaugeMetricFamily("troupe_gpu_memory_bytes", "Memory of a card", labels=["gpu"])
        for card in self._nvml.cards():
            used.add_metric([str(card.index)], card.used)
            size.add_metric([str(card.index)], card.total)
        yield from (used, size)


def _there(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there already."""
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.is_dir())
