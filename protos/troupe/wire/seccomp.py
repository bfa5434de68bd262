"""A seccomp filter for a process that only computes: it may use the pipes it has, memory and the clock, nothing else.

An allow-list: every other system call (open, socket, clone, execve, ptrace, kill, prlimit, ...) fails with EPERM, which
Python turns into an exception. Executable memory cannot be made. seccomp(2), linux/audit.h, asm/unistd_64.h and
asm-generic/unistd.h are where the numbers come from; a test compares them with the headers.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Mapping
from dataclasses import dataclass

X86_64: Mapping[str, int] = {
    "read": 0,
    "write": 1,
    "close": 3,
    "fstat": 5,
    "poll": 7,
    "lseek": 8,
    "mmap": 9,
    "mprotect": 10,
    "munmap": 11,
    "brk": 12,
    "rt_sigaction": 13,
    "rt_sigprocmask": 14,
    "rt_sigreturn": 15,
    "readv": 19,
    "writev": 20,
    "sched_yield": 24,
    "mremap": 25,
    "madvise": 28,
    "nanosleep": 35,
    "getpid": 39,
    "exit": 60,
    "gettimeofday": 96,
    "getrusage": 98,
    "sysinfo": 99,
    "sigaltstack": 131,
    "gettid": 186,
    "futex": 202,
    "sched_getaffinity": 204,
    "restart_syscall": 219,
    "clock_gettime": 228,
    "clock_getres": 229,
    "clock_nanosleep": 230,
    "exit_group": 231,
    "newfstatat": 262,
    "ppoll": 271,
    "getrandom": 318,
}
AARCH64: Mapping[str, int] = {
    "close": 57,
    "lseek": 62,
    "read": 63,
    "write": 64,
    "readv": 65,
    "writev": 66,
    "ppoll": 73,
    "newfstatat": 79,
    "fstat": 80,
    "exit": 93,
    "exit_group": 94,
    "futex": 98,
    "nanosleep": 101,
    "clock_gettime": 113,
    "clock_getres": 114,
    "clock_nanosleep": 115,
    "sched_getaffinity": 123,
    "sched_yield": 124,
    "restart_syscall": 128,
    "sigaltstack": 132,
    "rt_sigaction": 134,
    "rt_sigprocmask": 135,
    "rt_sigreturn": 139,
    "getrusage": 165,
    "gettimeofday": 169,
    "getpid": 172,
    "gettid": 178,
    "sysinfo": 179,
    "brk": 214,
    "munmap": 215,
    "mremap": 216,
    "mmap": 222,
    "mprotect": 226,
    "madvise": 233,
    "getrandom": 278,
}
MACHINES: Mapping[str, tuple[int, Mapping[str, int]]] = {
    "x86_64": (0xC000003E, X86_64),
    "aarch64": (0xC00000B7, AARCH64),
}
"""platform.machine() -> its AUDIT_ARCH, and the calls that are allowed there."""

_MAPPING_CALLS = ("mmap", "mprotect")  # allowed without PROT_EXEC
_PROT_EXEC = 4

# struct seccomp_data: nr at 0, arch at 4, instruction pointer at 8, six arguments of 8 bytes from 16 on.
_NR, _ARCH, _LOW_HALF_OF_THIRD_ARGUMENT = 0, 4, 16 + 2 * 8
_LOAD, _IF_EQUAL, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # BPF_LD|W|ABS, JMP|JEQ|K, JMP|JSET|K, RET|K
_ALLOW = 0x7FFF0000
_DENY = 0x00050000 | errno.EPERM  # SECCOMP_RET_ERRNO

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2


@dataclass(frozen=True, slots=True)
class Instruction:
    """One of classic BPF: `if_true` and `if_false` are how many instructions a jump leaves out."""

    code: int
    value: int
    if_true: int = 0
    if_false: int = 0

    def packed(self) -> bytes:
        """As struct sock_filter."""
        return struct.pack("=HBBI", self.code, self.if_true, self.if_false, self.value)


def program(architecture: int, allowed: Mapping[str, int]) -> list[Instruction]:
    """The filter: of another architecture (or x32) nothing is allowed, of this one what is in `allowed`."""
    plain = [number for name, number in allowed.items() if name not in _MAPPING_CALLS]
    mapping = [allowed[name] for name in _MAPPING_CALLS if name in allowed]
    numbers = [*plain, *mapping]
    head = [
        Instruction(_LOAD, _ARCH),
        Instruction(_IF_EQUAL, architecture, if_true=1),
        Instruction(_RETURN, _DENY),
        Instruction(_LOAD, _NR),
    ]
    # After the comparisons: deny, look at the protection, deny or allow.
    tail = [
        Instruction(_RETURN, _DENY),
        Instruction(_LOAD, _LOW_HALF_OF_THIRD_ARGUMENT),
        Instruction(_IF_ANY_BIT, _PROT_EXEC, if_false=1),
        Instruction(_RETURN, _DENY),
        Instruction(_RETURN, _ALLOW),
    ]
    to_allow, to_protection = len(tail) - 1, 1
    comparisons = [
        Instruction(_IF_EQUAL, number, if_true=len(numbers) - at - 1 + (to_allow if at < len(plain) else to_protection))
        for at, number in enumerate(numbers)
    ]
    return [*head, *comparisons, *tail]


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def forbid_new_privileges() -> str:
    """Neither this process nor what it starts gains rights by execve; gives why not, or nothing."""
    return _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def install(machine: str = "") -> str:
    """Put this thread under the filter for good, after `forbid_new_privileges`; gives why not, or nothing."""
    machine = machine or platform.machine()
    if machine not in MACHINES:
        return f"no filter for {machine}"
    code = b"".join(instruction.packed() for instruction in program(*MACHINES[machine]))
    buffer = ctypes.create_string_buffer(code, len(code))
    told = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    return _prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(told))


def _prctl(*arguments: object) -> str:
    libc = ctypes.CDLL(None, use_errno=True)
    words = [argument if not isinstance(argument, int) else ctypes.c_ulong(argument) for argument in arguments]
    words += [ctypes.c_ulong(0)] * (5 - len(words))
    return os.strerror(ctypes.get_errno()) if libc.prctl(*words) else ""
