"""The limits of the process that reads: what goes over them ends that page only."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

from svc_text.extraction.framing import ANSWER, REQUEST

RIGGED = """
import sys, os, time
from svc_text.extraction import child
real = child.read
def read(source):
    if source.url == "memory": return real(source) if not bytearray(3 << 30) else None
    if source.url == "cpu":
        while True: pass
    if source.url == "file": open("{folder}/written", "w").write("x")
    if source.url == "crash": os.kill(os.getpid(), 11)
    if source.url == "defect": raise KeyError("x")
    return real(source)
child.read = read
child.CPU_S = 1
sys.exit(child.main())
"""


def ask(process: subprocess.Popen[bytes], url: str) -> dict[str, object]:
    assert process.stdin is not None
    assert process.stdout is not None
    about, page = json.dumps({"url": url, "content_type": ""}).encode(), b"<p>Acme builds pumps for all.</p>"
    process.stdin.write(REQUEST.pack(len(about), len(page)) + about + page)
    process.stdin.flush()
    return answer(process)


def answer(process: subprocess.Popen[bytes]) -> dict[str, object]:
    assert process.stdout is not None
    (size,) = ANSWER.unpack(process.stdout.read(ANSWER.size))
    return json.loads(process.stdout.read(size))


def test_each_page_has_limits_of_its_own(tmp_path) -> None:
    program = textwrap.dedent(RIGGED).format(folder=tmp_path)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
    ) as process:
        assert answer(process) == {"hello": True}
        told = {url: ask(process, url) for url in ("memory", "cpu", "crash", "defect", "file", "")}
        process.stdin.close()
        assert process.wait(10) == 0
    assert "too much memory" in told["memory"]["message"]
    assert "1 s of work" in told["cpu"]["message"]
    assert told["crash"]["code"] == "unsupported_media"
    assert told["defect"]["code"] == "internal"
    assert not (tmp_path / "written").stat().st_size
    assert told[""]["page"]["text"] == "Acme builds pumps for all."
