from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fakes.hub import FakeHub

from svc_tts.engine import Gender
from svc_tts.settings import Settings
from svc_tts.weights import piper_voices, voice_command
from svc_tts.weights.order import Order
from svc_tts.weights.piper_catalogue import CATALOGUE, CC0, REPOSITORY, Entry, Pin
from svc_tts.weights.voice_command import fetch_voice
from troupe.weights.meter import Meter

NOWHERE = "http://127.0.0.1:9"
NAME = "en_US-tiny-low"
MODEL = b"\x08\x08" + bytes(1_000_000)
CONFIG = json.dumps({"audio": {"sample_rate": 16000}, "phoneme_id_map": {"_": [0]}}).encode()
CARD = b"# Model card for tiny (low)\n\n## Dataset\n\n* URL: https://x.example\n* License: CC BY 4.0\n"
FOLDER = "en/en_US/tiny/low"
FILES = [f"{NAME}.MODEL_CARD", f"{NAME}.onnx", f"{NAME}.onnx.json"]


@pytest.fixture
def served(hub: FakeHub) -> FakeHub:
    hub.put(REPOSITORY, f"{FOLDER}/{NAME}.onnx", MODEL)
    hub.put(REPOSITORY, f"{FOLDER}/{NAME}.onnx.json", CONFIG, tells=False)
    hub.put(REPOSITORY, f"{FOLDER}/MODEL_CARD", CARD, tells=False)
    return hub


@pytest.fixture
def pinned(monkeypatch: pytest.MonkeyPatch) -> Entry:
    """The tiny voice as an entry of the catalogue."""
    pins = [Pin(len(data), hashlib.sha256(data).hexdigest()) for data in (MODEL, CONFIG)]
    entry = Entry(NAME, Gender.FEMALE, CC0, *pins, from_lessac=True)
    for module in (piper_voices, voice_command):
        monkeypatch.setattr(module, "find", lambda name: entry if name == NAME else None)
    return entry


def ask(
    folder: Path, name: str = "", hub: str = NOWHERE, *, verify: bool = False, commercial: bool = False
) -> tuple[int, str]:
    out = io.StringIO()
    status = fetch_voice(Order(name, verify, folder, hub, commercial_only=commercial), Meter(out))
    return status, out.getvalue()


def in_use(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".sha256"))


def test_without_a_name_it_lists_the_catalogue(folder: Path) -> None:
    folder.mkdir()
    for name in ("de_DE-thorsten-medium", "mine"):
        (folder / f"{name}.onnx").write_bytes(MODEL)
    (folder / "half.onnx.0123456789ab.part").write_bytes(MODEL)
    status, told = ask(folder)
    lines = told.splitlines()
    assert status == 0
    assert lines[0].split() == ["NAME", "SIZE", "GENDER", "SPEAKERS", "LICENCE", "COMMERCIAL", "USE"]
    assert [line.split()[0] for line in lines[1 : len(CATALOGUE) + 1]] == [entry.name for entry in CATALOGUE]
    rows = {line.split()[0]: line for line in lines[1 : len(CATALOGUE) + 1]}
    assert rows["de_DE-thorsten-medium"].endswith("yes, see 1 (it is here)")
    assert rows["en_US-lessac-medium"].endswith("no")
    assert rows["en_US-kristin-medium"].endswith("yes")
    assert rows["ar_JO-kareem-medium"].endswith("unknown")
    assert "\n1: The weights go on from those of en_US-lessac" in told
    assert f"Also here: {folder / 'mine.onnx'}\nNot in use: {folder / 'half.onnx.0123456789ab.part'}, 1 MB\n" in told


def test_it_fetches_a_voice_of_the_catalogue(served: FakeHub, folder: Path, pinned: Entry) -> None:
    status, told = ask(folder, NAME, served.url)
    assert status == 0, told
    assert in_use(folder) == FILES
    assert (folder / f"{NAME}.onnx").read_bytes() == MODEL
    assert told.index("Licence: CC0, commercial use allowed.") < told.index("Fetching")
    assert "Mind: The weights go on from those of en_US-lessac" in told
    assert told.index("Its MODEL_CARD tells the licence: CC BY 4.0") < told.index(f"Fetching {NAME}.onnx ")
    assert "here already" in ask(folder, NAME)[1]
    assert ask(folder, NAME, verify=True)[0] == 0


def test_the_model_comes_last_so_that_half_a_voice_is_never_in_use(
    served: FakeHub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("troupe.weights.fetch.FAILURES", 0)
    served.files[f"{REPOSITORY}/{FOLDER}/{NAME}.onnx"].cuts = [400_000]
    status, told = ask(folder, NAME, served.url)
    assert (status, "broke off" in told) == (1, True)
    assert not list(folder.glob("*.onnx"))
    status, told = ask(folder, NAME, served.url)
    assert status == 0, told
    assert served.starts()[-1] == 400_000
    assert in_use(folder) == FILES


def test_any_other_voice_of_the_repository(served: FakeHub, folder: Path) -> None:
    status, told = ask(folder, NAME, served.url)
    assert status == 0, told
    assert f"{NAME} is not in the catalogue; its licence is what its MODEL_CARD tells." in told
    assert "Its MODEL_CARD tells the licence: CC BY 4.0" in told
    assert in_use(folder) == FILES
    assert (folder / f"{NAME}.onnx.sha256").read_text().split()[-2] == hashlib.sha256(MODEL).hexdigest()


def test_a_card_without_a_licence_is_told(served: FakeHub, folder: Path) -> None:
    served.put(REPOSITORY, f"{FOLDER}/MODEL_CARD", b"# tiny\n", tells=False)
    assert "Its MODEL_CARD tells no licence\n" in ask(folder, NAME, served.url)[1]


@pytest.mark.parametrize(
    ("file", "data"), [(f"{NAME}.onnx", b"<html>Sign in</html>"), (f"{NAME}.onnx.json", b'{"voice": 1}')]
)
def test_what_is_no_voice_is_set_aside(served: FakeHub, folder: Path, file: str, data: bytes) -> None:
    served.put(REPOSITORY, f"{FOLDER}/{file}", data)
    status, told = ask(folder, NAME, served.url)
    assert (status, "set aside" in told) == (1, True)
    assert not list(folder.glob("*.onnx"))


def test_wrong_bytes_of_a_pinned_voice(served: FakeHub, folder: Path, pinned: Entry) -> None:
    config = served.files[f"{REPOSITORY}/{FOLDER}/{NAME}.onnx.json"]
    config.data = CONFIG.replace(b"16000", b"22050")
    status, told = ask(folder, NAME, served.url)
    assert status == 1
    assert f"should be {pinned.config.sha256}" in told
    assert not list(folder.glob("*.onnx"))


def test_where_only_commercial_use_is_wanted_the_catalogue_refuses(served: FakeHub, folder: Path) -> None:
    for name, licence in (("en_US-lessac-medium", "Blizzard 2013"), ("ar_JO-kareem-medium", "not known")):
        status, told = ask(folder, name, served.url, commercial=True)
        assert status == 1
        assert f"and {name} is not (licence: {licence}). Allowed by the catalogue are " in told
        assert "en_US-kristin-medium" in told
    assert served.seen == []


@pytest.mark.parametrize(
    ("card", "status"), [(CARD, 0), (CARD.replace(b"BY", b"BY-NC"), 1), (CARD.replace(b"CC BY 4.0", b""), 1)]
)
def test_where_only_commercial_use_is_wanted_the_card_decides(
    served: FakeHub, folder: Path, card: bytes, status: int
) -> None:
    served.put(REPOSITORY, f"{FOLDER}/MODEL_CARD", card, tells=False)
    done, told = ask(folder, NAME, served.url, commercial=True)
    assert (done, len(list(folder.glob("*.onnx")))) == (status, 1 - status), told


def test_a_voice_that_does_not_exist(served: FakeHub, folder: Path) -> None:
    status, told = ask(folder, "en_US-nobody-low", served.url)
    assert status == 1
    assert "make voice: There is no such file: " in told
    status, told = ask(folder, "joe")
    assert (status, "is no name of a voice" in told) == (1, True)


def test_without_a_network_it_says_how_to_go_on(folder: Path) -> None:
    status, told = ask(folder, "en_US-joe-medium")
    assert status == 1
    assert "cannot be reached" in told
    assert "into the folder of TROUPE_SPEECH_PIPER_DIR" in told


def test_verify_judges_all_of_the_folder(served: FakeHub, folder: Path) -> None:
    assert "There is no voice of Piper in " in ask(folder, verify=True)[1]
    assert ask(folder, NAME, served.url)[0] == 0
    (folder / "mine.onnx").write_bytes(MODEL)
    (folder / "de_DE-thorsten-medium.onnx").write_bytes(MODEL)
    status, told = ask(folder, verify=True)
    assert status == 1
    assert f"{folder / NAME}.onnx is whole" in told
    assert "Nobody wrote down its checksum" in told
    assert f"{folder / 'mine.onnx.json'} is not there" in told
    assert "should be 7e64762d8e5118bb" in told


def test_verify_notices_one_changed_bit(served: FakeHub, folder: Path) -> None:
    assert ask(folder, NAME, served.url)[0] == 0
    (folder / f"{NAME}.onnx").write_bytes(MODEL[:-1] + b"\x01")
    status, told = ask(folder, NAME, verify=True)
    assert (status, "has changed" in told) == (1, True)


def test_a_folder_that_cannot_be_used(tmp_path: Path, served: FakeHub) -> None:
    (tmp_path / "file").touch()
    status, told = ask(tmp_path / "file" / "piper", NAME, served.url)
    assert (status, "cannot be used" in told) == (1, True)


def test_a_process_of_its_own(served: FakeHub, folder: Path) -> None:
    ours = ("TROUPE_", "PROVIDER_", "HF_", "COQUI_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {"HF_ENDPOINT": served.url, "TROUPE_SPEECH_PIPER_DIR": str(folder)}
    told = subprocess.run(
        [sys.executable, "-m", "svc_tts", "voice", "--", NAME],
        env=environment,
        cwd=folder.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (told.returncode, told.stderr) == (0, ""), told.stdout
    assert in_use(folder) == FILES


def test_the_order_reads_the_settings(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("TROUPE_SPEECH_PIPER_DIR", str(folder))
    monkeypatch.setenv("TROUPE_COMMERCIAL_ONLY", "1")
    order = Order.voice(f" {NAME} ", Settings(), {"HF_ENDPOINT": ""})
    assert order == Order(NAME, verify=False, folder=folder, commercial_only=True)
