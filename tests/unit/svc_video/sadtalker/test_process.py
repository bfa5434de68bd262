from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psutil
import pytest
from tests.unit.svc_video.sadtalker.films import LOAD, STANDIN, command, picture

from svc_video.engines.sadtalker.process import Process
from troupe.wire.errors import EngineFailed, EngineMissing, NoFace

ORDER = {"width": 64, "height": 96, "mode": "crop", "size": 256}


@pytest.fixture
def process() -> Iterator[Process]:
    process = Process.start(LOAD, lambda _: None, command())
    yield process
    process.end()


def test_it_tells_how_far_it_is_and_what_it_has() -> None:
    heard: list[float] = []
    process = Process.start(LOAD, heard.append, command())
    assert heard == [0.2, 0.6, 1.0]
    assert process.hello["batch"] == 4
    process.end()
    assert not process.alive


def test_what_it_lacks_is_told_with_its_kind() -> None:
    with pytest.raises(EngineMissing, match=r"8\.0 GiB"):
        Process.start(LOAD, lambda _: None, command("missing"))


def test_one_that_dies_while_it_loads_says_why() -> None:
    with pytest.raises(EngineFailed, match="no driver"):
        Process.start(LOAD, lambda _: None, command("dies"))


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(EngineFailed, match="cannot be started"):
        Process.start(LOAD, lambda _: None, ("/nowhere/python",))


def test_what_says_nonsense_is_ended() -> None:
    with pytest.raises(EngineFailed, match="no message"):
        Process.start(LOAD, lambda _: None, (sys.executable, "-c", "print('x' * 100, flush=True); input()"))


def test_one_that_loads_for_ever_is_ended(monkeypatch) -> None:
    monkeypatch.setattr("svc_video.engines.sadtalker.process.LOADING_S", 0.3)
    with pytest.raises(EngineFailed, match="said nothing"):
        Process.start(LOAD, lambda _: None, (sys.executable, "-c", "import time; time.sleep(60)"))


def test_answers_come_to_who_asked(process) -> None:
    answers: dict[int, int] = {}

    def ask(name: int) -> None:
        with process.ask("prepare", picture((name, 9, 9)).tobytes(), **ORDER) as line:
            answers[name] = line.done().data[0]

    threads = [threading.Thread(target=ask, args=(name,)) for name in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == {name: name for name in range(1, 9)}
    with process.ask("prepare", picture((0, 0, 0)).tobytes(), **ORDER) as line, pytest.raises(NoFace):
        line.done()


def test_it_outlives_the_thread_that_started_it() -> None:
    """The kernel's signal of a parent's death is sent when a thread ends, not only when a process does."""
    made: list[Process] = []
    starter = threading.Thread(target=lambda: made.append(Process.start(LOAD, lambda _: None, command())))
    starter.start()
    starter.join(20)
    time.sleep(0.3)
    assert made[0].alive
    made[0].end()


def test_it_dies_with_the_service() -> None:
    code = (
        "import sys, os; from svc_video.engines.sadtalker.process import Process;"
        "from svc_video.engines.sadtalker.orders import Load;"
        f"command = (sys.executable, {str(STANDIN)!r}, 'w');"
        "p = Process.start(Load('x', 'auto', 'fp32', 0, 'auto'), lambda _: None, command);"
        "print(p.pid, flush=True); os._exit(1)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    pid = int(done.stdout)
    limit = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_a_question_to_one_that_is_gone_fails_at_once(process) -> None:
    os.kill(process.pid, 9)
    limit = time.monotonic() + 10
    while process.alive:
        assert time.monotonic() < limit
        time.sleep(0.01)
    with pytest.raises(EngineFailed, match="signal 9"), process.ask("ping"):
        pass
    assert process.asked == 0


def test_nothing_of_the_parents_side_needs_torch() -> None:
    heavy = "[name for name in ('torch', 'safetensors') if name in sys.modules]"
    code = f"import sys, svc_video.process, svc_video.engines.sadtalker.engine; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
