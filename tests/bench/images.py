"""`make bench-images`: how large each image is without its base, and how long its container takes until it is ready.

Ready is what the image's own health check asks: an engine made its first real word, token or frame.
The time is from `docker run` to the first yes, asked again and again from inside; nothing is warm but the page cache.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

from report import rounds

READY_S = 120.0
OWN_QUESTION = {"gateway": "http://127.0.0.1:8000/health"}
"""Instead of readiness: a gateway alone has nobody behind it."""


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


def question(image: str) -> str:
    name = image.partition("/")[2].partition(":")[0]
    return OWN_QUESTION.get(name) or json.loads(docker("inspect", image))[0]["Config"]["Healthcheck"]["Test"][-1]


def ready_s(image: str) -> float:
    """Seconds from `docker run` to ready, in a container as compose confines it."""
    url = question(image)
    started = time.monotonic()
    confined = ("--read-only", "--cap-drop=ALL", "--tmpfs=/tmp", "--network=none", "--env=TROUPE_OPEN=1")
    container = docker("run", "--detach", "--rm", *confined, image)
    ask = ["docker", "exec", container, "python", "-m", "troupe.wire.probe", url]
    try:
        while time.monotonic() - started < READY_S:
            if subprocess.run(ask, check=False, capture_output=True).returncode == 0:
                return time.monotonic() - started
        raise TimeoutError(f"{image} is not ready after {READY_S:.0f} s: {docker('logs', container)[-800:]}")
    finally:
        docker("kill", container)


def main() -> None:
    sizes: dict[str, int] = json.loads(
        subprocess.run(["tools/images.sh", "sizes"], check=True, capture_output=True).stdout
    )
    print(f"{'image':32} {'MB':>6} {'ready after':>12}")
    for name, megabytes in sizes.items():
        seconds = statistics.median(ready_s(f"troupe/{name}:0.1.0") for _ in range(rounds()))
        print(f"troupe/{name:25} {megabytes:6} {seconds:10.1f} s", flush=True)
    print(json.dumps(sizes))


if __name__ == "__main__":
    sys.exit(main())
