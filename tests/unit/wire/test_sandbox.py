from __future__ import annotations

import subprocess
import sys

import pytest

from troupe.wire import sandbox
from troupe.wire.sandbox import Limits

CONFINED = """
import resource, sys
from troupe.wire import sandbox, seccomp
{before}
print(sandbox.enter(sandbox.Limits(512 << 20, 5)))
for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE):
    {look}
"""


def confined(before: str = "", look: str = "pass") -> str:
    script = CONFINED.format(before=before, look=look)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_child_is_told_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIMAX_API_KEY", "sk-secret")
    assert "sk-secret" not in sandbox.environment().values()
    assert "PATH" in sandbox.environment()


def test_what_the_system_lacks_is_told_and_the_rest_holds() -> None:
    no_filters = "seccomp.install = lambda machine='': 'Invalid argument'"
    said = confined(no_filters, "print(resource.getrlimit(kind))")
    assert said.splitlines() == ["('seccomp: Invalid argument',)", f"({512 << 20}, {512 << 20})", "(5, 5)", "(0, 0)"]


def test_limits_that_are_lower_already_stay() -> None:
    lower = "resource.setrlimit(resource.RLIMIT_CPU, (3, 3)); seccomp.install = lambda machine='': ''"
    assert confined(lower, "print(resource.getrlimit(kind))").splitlines()[2] == "(3, 3)"


OUTER = """
code = [seccomp.Instruction(0x20, 0), seccomp.Instruction(0x15, 101, if_false=1)]
code += [seccomp.Instruction(0x06, 0x50001), seccomp.Instruction(0x06, 0x7FFF0000)]
data = b"".join(step.packed() for step in code)
kept = ctypes.create_string_buffer(data, len(data))
lacking = seccomp.forbid_new_privileges()
lacking = lacking or seccomp._prctl(22, 2, ctypes.byref(seccomp._Program(4, ctypes.cast(kept, ctypes.c_void_p))))
"""


def test_it_works_inside_a_container_runtimes_filter() -> None:
    """A restricted pod has no_new_privs and a filter already (RuntimeDefault): ours is put upon it."""
    said = confined("import ctypes" + OUTER + "print(repr(lacking))").splitlines()
    if said[0] != "''":
        pytest.skip(f"this system has no seccomp filters: {said[0]}")
    assert said[1] == "()"


def test_on_this_system_all_of_it_is_there() -> None:
    assert confined().splitlines()[0] in {"()", "('seccomp: Invalid argument',)"}


def test_limits_are_values() -> None:
    assert Limits(1, 2) == Limits(1, 2)


def test_the_last_reason_is_told_and_what_is_lacking_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    said = b'{"lacking": "seccomp: none here"}\n[mov] a line of a library\n3\n{"why": "no sound in it"}\n'
    assert sandbox.complaint(said) == "no sound in it"
    assert sandbox.complaint(b"Segmentation fault") == "the decoder broke"
    assert "weaker sandbox: seccomp: none here" in caplog.text
