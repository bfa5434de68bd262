from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from troupe.wire.pulse import Pulse, processor_time, waits_for_a_processor


def test_a_process_that_works_beats_and_one_that_sleeps_does_not() -> None:
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    idle = subprocess.Popen(
        [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"], stdout=subprocess.PIPE
    )
    try:
        assert idle.stdout is not None
        with idle.stdout as ready:
            ready.readline()
        time.sleep(0.3)
        pulses = [Pulse(busy.pid), Pulse(idle.pid)]
        assert pulses[0].beats()
        pulses[1].beats()
        time.sleep(0.5)
        assert [pulse.beats() for pulse in pulses] == [True, False]
    finally:
        for process in (busy, idle):
            process.kill()
            process.wait()


def test_a_process_that_is_gone_has_none() -> None:
    assert processor_time(2**22 + 1) == 0
    assert processor_time(os.getpid()) > 0


def test_who_waits_for_a_processor_is_told_from_who_is_stopped() -> None:
    busy = subprocess.Popen([sys.executable, "-c", "print(flush=True)\nwhile True: pass"], stdout=subprocess.PIPE)
    try:
        assert busy.stdout is not None
        with busy.stdout as ready:
            ready.readline()
        assert waits_for_a_processor(busy.pid)
        busy.send_signal(signal.SIGSTOP)
        os.waitpid(busy.pid, os.WUNTRACED)
        assert not waits_for_a_processor(busy.pid)
        pulse = Pulse(busy.pid)
        pulse.beats()
        assert not pulse.beats()
    finally:
        busy.kill()
        busy.wait()
    assert not waits_for_a_processor(busy.pid)
