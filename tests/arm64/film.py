"""`python -m tests.arm64.film FILE`: is this a film that plays, judged on this machine's own processor."""

from __future__ import annotations

import sys
from pathlib import Path

import av

LEAST_S = 2.0  # of the script of tools/arm64.sh
RATE = 25  # frames per second


def judge(path: Path) -> str:
    """What is in it, in one line; raises `ValueError` where it is no film with picture and sound."""
    with av.open(str(path)) as film:
        frames = sum(1 for _ in film.decode(video=0))
    with av.open(str(path)) as film:
        sound_s = sum(frame.samples / frame.sample_rate for frame in film.decode(audio=0))
        width, height = film.streams.video[0].width, film.streams.video[0].height
    if frames < LEAST_S * RATE or abs(frames / RATE - sound_s) > 1:
        raise ValueError(f"{path} has {frames} frames and {sound_s:.1f} s of sound.")
    return f"{path}: {frames} frames of {width} x {height}, {sound_s:.1f} s of sound, {path.stat().st_size >> 10} KiB"


if __name__ == "__main__":
    sys.stdout.write(f"{judge(Path(sys.argv[1]))}\n")
