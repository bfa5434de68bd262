import platform
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys, threading, numpy as np
from svc_video.memory import share_one_heap
if sys.argv[1] == "shared":
    assert share_one_heap()
held = []
def work():
    small = [np.ones(8000, np.uint8) for _ in range(2000)]  # below mmap's threshold: from the thread's heap
    held.append(small[-1])
for _ in range(8):
    threads = [threading.Thread(target=work) for _ in range(8)]
    [t.start() for t in threads]; [t.join() for t in threads]
libc = ctypes.CDLL(None)
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fopen.restype = ctypes.c_void_p
libc.fclose.argtypes = [ctypes.c_void_p]
file = libc.fopen(b"/dev/stdout", b"w"); libc.malloc_info(0, file); libc.fclose(file)
"""


def heaps(mode):
    done = subprocess.run([sys.executable, "-c", PROGRAM, mode], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.count("<heap nr=")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the heaps of threads are glibc's")
def test_all_threads_share_one_heap():
    assert heaps("shared") == 1
    assert heaps("as it comes") > 1
