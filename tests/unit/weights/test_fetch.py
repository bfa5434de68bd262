"""Several files at once; what happens to one is tested with `make model` (tests/unit/svc_text/models/test_fetch.py)."""

from __future__ import annotations

import io
from contextlib import closing
from pathlib import Path

import pytest
from tests.fakes.hub import FakeHub, running

from troupe.weights.fetch import Fetcher
from troupe.weights.hub import Hub
from troupe.weights.meter import Meter
from troupe.weights.source import Source
from troupe.wire.errors import CheckpointNotFound

MB = 1_000_000


def sources(hub: FakeHub, *sizes: int, pinned: bool = True) -> list[Source]:
    found = []
    for number, size in enumerate(sizes):
        file = hub.put("maker/several", f"{number}.bin", bytes(size))
        url = f"{hub.url}/maker/several/resolve/main/{number}.bin"
        pin = {"sha256": file.sha256, "size": size} if pinned else {}
        found.append(Source(url, hub.url, f"{number}.bin", "make it", "FOLDER", **pin))  # type: ignore[arg-type]
    return found


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def fetch(wanted: list[Source], hub: FakeHub, folder: Path, told: io.StringIO | None = None) -> str:
    told = told or io.StringIO()
    with closing(Hub(hub.url)) as client:
        Fetcher(client, folder, Meter(told), lambda _: None, first_pause_s=0).fetch_all(wanted)
    return told.getvalue()


def test_the_meter_counts_all_files_together(tmp_path: Path) -> None:
    with running() as hub:
        told = fetch(sources(hub, 3 * MB, MB), hub, tmp_path, Terminal())
    bars = [line.strip("\033[K") for line in told.split("\r")]
    assert any(bar.startswith("Fetching 0.bin") and "  0 %  0 MB of 4 MB" in bar for bar in bars)
    assert any(bar.startswith("Fetching 1.bin") and " 75 %  3 MB of 4 MB" in bar for bar in bars)
    assert any(bar.startswith("Fetching 1.bin") and "100 %  4 MB of 4 MB" in bar for bar in bars)
    assert any(bar.startswith("Checking 1.bin") and "100 %  1 MB of 1 MB" in bar for bar in bars)


def test_what_is_there_is_neither_fetched_nor_counted(tmp_path: Path) -> None:
    (tmp_path / "0.bin").write_bytes(b"here")
    with running() as hub:
        told = fetch(sources(hub, 3 * MB, MB), hub, tmp_path)
        assert len(hub.starts()) == 1
    assert "Fetching 1.bin   0 %  0 MB of 1 MB" in told
    assert (tmp_path / "0.bin").read_bytes() == b"here"


def test_where_a_size_is_not_known_each_file_is_shown_by_itself(tmp_path: Path) -> None:
    with running() as hub:
        told = fetch(sources(hub, 3 * MB, MB, pinned=False), hub, tmp_path)
    assert "Fetching 0.bin   0 %  0 MB of 3 MB" in told
    assert "Fetching 1.bin   0 %  0 MB of 1 MB" in told


def test_what_came_before_a_failure_stays(tmp_path: Path) -> None:
    with running() as hub:
        wanted = sources(hub, MB, MB)
        del hub.files["maker/several/1.bin"]
        with pytest.raises(CheckpointNotFound):
            fetch(wanted, hub, tmp_path)
    assert (tmp_path / "0.bin").stat().st_size == MB
