from __future__ import annotations

import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from troupe.wire import seccomp
from troupe.wire.seccomp import AARCH64, MACHINES, X86_64, program

HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),  # aarch64 has the generic numbers
}
ALLOWED, DENIED = 0x7FFF0000, 0x00050001
X32_BIT = 0x40000000


def verdict(machine: str, number: int, *arguments: int, architecture: int = 0) -> int:
    """What the kernel would say: the filter, run by hand."""
    expected, allowed = MACHINES[machine]
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number, architecture or expected, 0, *padded)
    code, at, accumulator = program(expected, allowed), 0, 0
    while True:
        step = code[at]
        at += 1
        match step.code:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, step.value)
            case 0x15:
                at += step.if_true if accumulator == step.value else step.if_false
            case 0x45:
                at += step.if_true if accumulator & step.value else step.if_false
            case 0x06:
                return step.value


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_allowed_is_and_nothing_else(machine: str) -> None:
    _, allowed = MACHINES[machine]
    said = {number for number in range(500) if verdict(machine, number) == ALLOWED}
    assert said == set(allowed.values())
    assert all(verdict(machine, number | X32_BIT) == DENIED for number in range(500))


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("call", ["mmap", "mprotect"])
def test_memory_is_never_executable(machine: str, call: str) -> None:
    number = MACHINES[machine][1][call]
    assert verdict(machine, number, 0, 4096, 1 | 2) == ALLOWED
    assert verdict(machine, number, 0, 4096, 1 | 4) == DENIED


def test_another_architecture_is_denied() -> None:
    assert verdict("x86_64", X86_64["read"], architecture=MACHINES["aarch64"][0]) == DENIED


def test_both_machines_allow_the_same() -> None:
    only_there = {"poll"}  # aarch64 has ppoll alone
    assert set(X86_64) - set(AARCH64) == only_there
    assert set(AARCH64) <= set(X86_64)


@pytest.mark.parametrize("machine", HEADERS)
def test_the_numbers_are_the_kernels(machine: str) -> None:
    if not HEADERS[machine].exists():
        pytest.skip(f"no {HEADERS[machine]}: sudo apt-get install -y linux-libc-dev")
    text = HEADERS[machine].read_text()
    numbers = {name: int(value) for name, value in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\b", text)}
    # The generic header calls them by the names of 32 bits.
    numbers |= {"newfstatat": numbers.get("newfstatat", numbers.get("fstatat", -1))}
    assert {name: numbers[name] for name in MACHINES[machine][1]} == dict(MACHINES[machine][1])


FORBIDDEN = {
    "open for reading": "open('/etc/passwd')",
    "open for writing": "open('/tmp/x', 'w')",
    "a socket": "socket.socket()",
    "a process": "os.fork()",
    "another program": "os.execv('/bin/true', ['true'])",
    "a signal": "os.kill(os.getppid(), 0)",
    "a thread": "threading.Thread(target=print).start()",
    "its parent's memory": "os.open(f'/proc/{os.getppid()}/mem', os.O_RDONLY)",
    "ptrace": "raise_errno(libc.ptrace(16, os.getppid(), 0, 0))",
    "higher limits": "resource.setrlimit(resource.RLIMIT_CPU, (100, 100))",
    "executable memory": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
    "a file's removal": "os.unlink('/tmp/x')",
}
HEAD = """
import ctypes, mmap, os, resource, socket, sys, threading
from troupe.wire import seccomp
libc = ctypes.CDLL(None, use_errno=True)
def raise_errno(status):
    if status == -1: raise OSError(ctypes.get_errno(), "refused")
lacking = seccomp.forbid_new_privileges() or seccomp.install()
if lacking:
    print("lacking", lacking); sys.exit()
"""
TRY = """
try:
    {code}
    print({what!r}, "WORKED")
except (OSError, RuntimeError, ValueError):
    print({what!r}, "refused")
"""


def test_under_the_filter_nothing_but_computing_works() -> None:
    script = HEAD + "".join(TRY.format(what=what, code=code) for what, code in FORBIDDEN.items())
    script += "print(sum(range(10)), len(bytearray(50_000_000)))\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    if done.stdout.startswith("lacking"):
        pytest.skip(f"this system has no seccomp filters: {done.stdout.strip()}")
    assert done.stdout.splitlines() == [*(f"{what} refused" for what in FORBIDDEN), "45 50000000"]
    assert done.returncode == 0


def test_a_machine_without_a_filter_is_told() -> None:
    assert "riscv64" in seccomp.install("riscv64")
