from __future__ import annotations

import hashlib
import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.gguf_header import model
from tests.fakes.hub import TOKEN, FakeHub

from svc_text.models.folder import models
from svc_text.models.inspect import judge
from svc_text.models.source import SETTING, source_of
from troupe.weights import part as part_module
from troupe.weights.fetch import Fetcher
from troupe.weights.hub import Hub
from troupe.weights.meter import Meter
from troupe.weights.source import Source
from troupe.wire.errors import (
    CannotConnect,
    CheckpointBroken,
    CheckpointNotFound,
    PermissionDenied,
    TroupeError,
    Unauthenticated,
)

WHOLE = model(3_000_000)
CHECKSUM = hashlib.sha256(WHOLE).hexdigest()
NAME = "maker/tiny-GGUF/tiny.gguf"
Fetch = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models" / "text"


@pytest.fixture
def told() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def fetch(hub: FakeHub, folder: Path, told: io.StringIO) -> Iterator[Fetch]:
    def run(source: str | Source = NAME, token: str = "") -> Path:
        with closing(Hub(hub.url, token)) as client:
            fetcher = Fetcher(client, folder, Meter(told), judge, first_pause_s=0)
            return fetcher.fetch(source_of(source, hub.url) if isinstance(source, str) else source)

    return run


def fails(fetch: Fetch, kind: type[TroupeError], source: str | Source = NAME, token: str = "") -> str:
    with pytest.raises(kind) as caught:
        fetch(source, token)
    return caught.value.message


def parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.part"))


def entry_for(hub: FakeHub, data: bytes, **changes: object) -> Source:
    url = f"{hub.url}/maker/tiny-GGUF/resolve/main/tiny.gguf"
    command = "make model NAME=maker/tiny-GGUF/tiny.gguf"
    pinned = Source(url, hub.url, "tiny.gguf", command, SETTING, CHECKSUM, len(data), command)
    return replace(pinned, **changes)  # type: ignore[arg-type]


def test_a_fresh_fetch_ends_in_a_whole_file_and_its_record(hub: FakeHub, fetch: Fetch, folder: Path) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE)
    path = fetch()
    assert path == folder / "tiny.gguf"
    assert path.read_bytes() == WHOLE
    assert sorted(entry.name for entry in folder.iterdir()) == ["tiny.gguf", "tiny.gguf.sha256"]
    record = (folder / "tiny.gguf.sha256").read_text()
    assert record.endswith(f"{CHECKSUM}  tiny.gguf\n")
    assert "/maker/tiny-GGUF/resolve/main/tiny.gguf" in record


def test_it_goes_on_where_the_connection_broke(hub: FakeHub, fetch: Fetch, told: io.StringIO) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE, cuts=[1_000_000, 500_000])
    assert fetch().read_bytes() == WHOLE
    assert hub.starts() == [0, 1_000_000, 1_500_000]
    assert "It broke off after 1 MB" in told.getvalue()


def test_a_storage_that_fails_for_a_while_is_asked_again(hub: FakeHub, fetch: Fetch) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE, statuses=[503, 403, 500])
    assert fetch().read_bytes() == WHOLE


def test_without_ranges_it_begins_anew(hub: FakeHub, fetch: Fetch) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE, cuts=[1_000_000], ranges=False)
    assert fetch().read_bytes() == WHOLE
    assert hub.starts() == [0, 1_000_000]


def test_what_breaks_off_for_good_is_kept_out_of_the_way(hub: FakeHub, fetch: Fetch, folder: Path) -> None:
    file = hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE, cuts=[2_000_000, 0, 0, 0, 0, 0, 0])
    message = fails(fetch, CannotConnect)
    assert "broke off after 2 MB of 3 MB" in message
    assert "run the same command again" in message
    assert models(folder) == []
    assert [path.stat().st_size for path in parts(folder)] == [2_000_000]
    file.cuts.clear()
    assert fetch().read_bytes() == WHOLE
    assert hub.starts()[-1] == 2_000_000
    assert parts(folder) == []


def test_a_part_of_other_content_is_not_gone_on_with(hub: FakeHub, fetch: Fetch) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE, cuts=[1_000_000, 0, 0, 0, 0, 0, 0])
    fails(fetch, CannotConnect)
    other = model(3_000_000, general__name="another")
    hub.put("maker/tiny-GGUF", "tiny.gguf", other)
    assert fetch().read_bytes() == other
    assert hub.starts()[-1] == 0


def test_wrong_bytes_are_set_aside(hub: FakeHub, fetch: Fetch, folder: Path) -> None:
    wrong = WHOLE[:-1] + b"\x00"
    file = hub.put("maker/tiny-GGUF", "tiny.gguf", wrong, sha256=CHECKSUM)
    message = fails(fetch, CheckpointBroken)
    assert f"its sha256 is {hashlib.sha256(wrong).hexdigest()} and should be {CHECKSUM}" in message
    assert models(folder) == []
    assert (folder / "tiny.gguf.damaged").read_bytes() == wrong
    assert parts(folder) == []
    file.data = WHOLE
    assert fetch().read_bytes() == WHOLE


def test_bytes_damaged_on_the_disk_before_a_resume_are_noticed(hub: FakeHub, fetch: Fetch, folder: Path) -> None:
    file = hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE, cuts=[2_000_000, 0, 0, 0, 0, 0, 0])
    fails(fetch, CannotConnect)
    file.cuts.clear()
    kept = parts(folder)[0]
    kept.write_bytes(bytes(kept.stat().st_size))
    assert "should be" in fails(fetch, CheckpointBroken)
    assert models(folder) == []


def test_more_bytes_than_announced_are_refused(hub: FakeHub, fetch: Fetch, folder: Path) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE, surplus=b"more")
    assert "more than the" in fails(fetch, CheckpointBroken)
    assert models(folder) == []


def test_a_storage_with_fewer_bytes_than_the_hub_says(hub: FakeHub, fetch: Fetch, folder: Path) -> None:
    source = entry_for(hub, WHOLE)
    file = hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE)
    ask = Hub.ask

    def shorten(self: Hub, source: Source) -> object:
        told = ask(self, source)
        file.data = WHOLE[:-100]
        return told

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Hub, "ask", shorten)
        assert "answered 416" in fails(fetch, CannotConnect, source)
    assert models(folder) == []


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"<html>" + bytes(9_999), "it is a web page", id="a page"),
        pytest.param(model(general__architecture="clip"), "no model that writes", id="a projector"),
        pytest.param(WHOLE[: len(WHOLE) // 2], "was cut short", id="cut at its source"),
        pytest.param(model(split__count=3), "one of 3 files", id="one of many"),
    ],
)
def test_what_is_no_model_is_not_let_in(hub: FakeHub, fetch: Fetch, folder: Path, data: bytes, says: str) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", data)
    assert says in fails(fetch, CheckpointBroken)
    assert models(folder) == []


def test_a_gated_model_says_how_to_get_in(hub: FakeHub, fetch: Fetch) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE, gated=True)
    for token in ("", TOKEN):
        message = fails(fetch, PermissionDenied, token=token)
        assert f"{hub.url}/maker/tiny-GGUF is gated" in message
        assert f"HF_TOKEN=... make model NAME={NAME}" in message
    hub.accepted.add("hf_accepted")
    assert fetch(token="hf_accepted").read_bytes() == WHOLE


def test_the_token_goes_to_the_hub_and_never_to_the_storage(hub: FakeHub, fetch: Fetch) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE)
    fetch(token=TOKEN)
    assert {seen.authorization for seen in hub.seen if seen.where == "hub"} == {f"Bearer {TOKEN}"}
    assert {seen.authorization for seen in hub.seen if seen.where == "storage"} == {""}
    hub.seen.clear()
    hub.put("maker/other-GGUF", "other.gguf", WHOLE)
    fetch(hub.sign("maker/other-GGUF/other.gguf").replace("/blob?", "/other.gguf?"), TOKEN)
    assert {seen.authorization for seen in hub.seen} == {""}


def test_a_token_that_is_refused(hub: FakeHub, fetch: Fetch) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE)
    assert "does not accept HF_TOKEN" in fails(fetch, Unauthenticated, token="hf_stale")


def test_what_is_not_there(hub: FakeHub, fetch: Fetch) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE)
    assert "There is no such file" in fails(fetch, CheckpointNotFound, "maker/tiny-GGUF/absent.gguf")
    assert "There is no such repository, or it is private" in fails(fetch, CheckpointNotFound, "no/body/x.gguf")


def test_a_repository_that_moved_is_followed(hub: FakeHub, fetch: Fetch) -> None:
    hub.put("new/tiny-GGUF", "tiny.gguf", WHOLE)
    hub.moved["maker/tiny-GGUF"] = "new/tiny-GGUF"
    assert fetch(token=TOKEN).read_bytes() == WHOLE
    hub.moved["new/tiny-GGUF"] = "maker/tiny-GGUF"
    assert "leads from one address to the next" in fails(fetch, CheckpointNotFound)


def test_without_a_network_it_says_how_to_do_it_by_hand(folder: Path, told: io.StringIO) -> None:
    with closing(Hub("http://127.0.0.1:9")) as client, pytest.raises(CannotConnect) as caught:
        Fetcher(client, folder, Meter(told), judge).fetch(source_of(NAME, "http://127.0.0.1:9"))
    assert "127.0.0.1 cannot be reached" in caught.value.message
    assert "fetch http://127.0.0.1:9/maker/tiny-GGUF/resolve/main/tiny.gguf on another machine" in caught.value.message
    assert not folder.exists()


def test_a_server_that_tells_no_checksum(hub: FakeHub, fetch: Fetch, folder: Path) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE, tells=False, cuts=[1_000_000])
    assert fetch().read_bytes() == WHOLE
    assert hub.starts() == [0, 1_000_000]
    assert CHECKSUM in (folder / "tiny.gguf.sha256").read_text()


def test_the_catalogue_is_held_against_the_hub(hub: FakeHub, fetch: Fetch, folder: Path) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE)
    for changes in ({"size": 5}, {"sha256": "0" * 64}):
        message = fails(fetch, CheckpointBroken, entry_for(hub, WHOLE, **changes))
        assert "not the one that the catalogue means" in message
        assert "make model NAME=maker/tiny-GGUF/tiny.gguf" in message
    assert not folder.exists()
    assert fetch(entry_for(hub, WHOLE)).read_bytes() == WHOLE


def test_a_mirror_that_tells_no_checksum_is_held_against_the_catalogue(hub: FakeHub, fetch: Fetch) -> None:
    wrong = WHOLE[:-1] + b"\x00"
    hub.put("maker/tiny-GGUF", "tiny.gguf", wrong, tells=False)
    assert f"should be {CHECKSUM}" in fails(fetch, CheckpointBroken, entry_for(hub, wrong))


def test_two_at_once(hub: FakeHub, fetch: Fetch, folder: Path) -> None:
    file = hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE, pace=1_000_000)
    first = threading.Thread(target=fetch)
    first.start()
    deadline = time.monotonic() + 20
    while not any(path.stat().st_size for path in parts(folder)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "Another process is fetching this file" in fails(fetch, CheckpointNotFound)
    file.pace = 0
    first.join()
    assert (folder / "tiny.gguf").read_bytes() == WHOLE


def test_one_that_comes_late_finds_it_done(hub: FakeHub, fetch: Fetch, folder: Path) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE)
    fetch()
    hub.seen.clear()
    assert fetch() == folder / "tiny.gguf"
    assert hub.starts() == []
    assert parts(folder) == []


def test_a_disk_without_room_is_told_before_a_byte_comes(
    hub: FakeHub, fetch: Fetch, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE)
    monkeypatch.setattr(part_module, "MARGIN", 1 << 60)
    message = fails(fetch, CheckpointNotFound)
    assert "are free there. Make room, or set TROUPE_TEXT_MODELS_DIR" in message
    assert hub.starts() == []
    assert models(folder) == []


@pytest.mark.parametrize("step", ["os.fsync", "troupe.weights.fetch.sha256_of", "troupe.weights.fetch.record"])
@pytest.mark.parametrize("accident", [KeyboardInterrupt, OSError])
def test_an_accident_at_any_step_leaves_nothing_in_use(
    hub: FakeHub,
    fetch: Fetch,
    folder: Path,
    step: str,
    accident: type[BaseException],
) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE)

    def happens(*_: object) -> None:
        raise accident

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step, happens)
        with pytest.raises((accident, CheckpointNotFound)):
            fetch()
    assert models(folder) == []
    assert [path.stat().st_size for path in parts(folder)] == [len(WHOLE)]
    hub.seen.clear()
    assert fetch().read_bytes() == WHOLE
    assert hub.starts() == []  # all of it was here
