from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tools" / "images"))
from closure import needed, pins, roots, select  # noqa: E402

LOCK = """\
# made by hand
app==1.0 \\
    --hash=sha256:00
    # via
    #   -c requirements.txt
    #   troupe-svc (svc/pyproject.toml)
big-dictionary==2.0 ; python_version < '3.14' \\
    --hash=sha256:01 \\
    --hash=sha256:02
    # via reader
reader==3.0 \\
    --hash=sha256:03
    # via
    #   -c requirements.txt
    #   app
shared==4.0 \\
    --hash=sha256:04
    # via
    #   reader
    #   other
other==5.0 \\
    --hash=sha256:05
    # via troupe-svc (svc/pyproject.toml)
"""


def test_pins_are_read_with_markers_hashes_and_who_asked() -> None:
    found = pins(LOCK)
    assert list(found) == ["app", "big-dictionary", "reader", "shared", "other"]
    assert found["big-dictionary"].lines[-1].strip() == "--hash=sha256:02"
    assert found["shared"].via == {"reader", "other"}


def test_what_only_the_left_out_had_asked_for_goes_too() -> None:
    lock = pins(LOCK)
    assert set(needed(lock, ["app", "other"])) == set(lock)
    assert set(needed(lock, ["app", "other"], ["reader"])) == {"app", "shared", "other"}
    assert set(needed(lock, ["app"], ["reader"])) == {"app"}


def test_a_name_the_lock_does_not_hold_is_refused() -> None:
    with pytest.raises(LookupError, match="nobody"):
        needed(pins(LOCK), ["app"], ["nobody"])


@pytest.mark.parametrize("part", ["gateway", "svc-text", "svc-tts", "svc-video"])
def test_every_root_of_every_part_is_locked(part: str) -> None:
    chosen = pins(select(part))
    assert set(roots(part)) <= set(chosen)
    assert all("--hash=" in "".join(pin.lines) for pin in chosen.values())


def test_extras_come_when_asked_for_and_torch_never() -> None:
    plain, xtts = pins(select("svc-tts")), pins(select("svc-tts", ["xtts"]))
    assert {"tokenizers", "unidic-lite"} <= set(xtts) - set(plain)
    assert not {"torch", "tokenizers", "huggingface-hub"} & set(plain)
    assert "torch" not in xtts


def test_what_is_chosen_can_run(tmp_path: Path) -> None:
    """Everything that a part's own code imports at its start is there: the names it asks for are closed under `via`."""
    chosen = pins(select("gateway"))
    whole = pins((ROOT / "gateway/requirements.txt").read_text())
    assert set(chosen) == {name for name in whole if name in chosen}
    for name, pin in whole.items():
        assert name in chosen or not pin.via & set(chosen), name


def test_the_command_says_what_is_wrong() -> None:
    command = [sys.executable, str(ROOT / "tools/images/closure.py"), "gateway", "--without", "nobody"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nobody" in done.stderr
