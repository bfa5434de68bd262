"""`troupe demo`, as `make demo` runs it: a film that says what it was told to say, and nothing left behind."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from gateway.cli.demo import GREETINGS

TROUPE = str(Path(sys.executable).with_name("troupe"))
WORST_WER = 0.15


def demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("TROUPE_", "PROVIDER_"))}
    command = [TROUPE, "demo", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=100, check=False)


def command_lines(but: set[int]) -> list[str]:
    """Of the processes that run now, without those that are ending."""
    running = psutil.process_iter(["cmdline"])  # asked for here, a process that is gone gives None
    return [" ".join(process.info["cmdline"] or ()) for process in running if process.pid not in but]


def sound_16k(film: bytes) -> bytes:
    """The film's sound as the recogniser takes it: PCM s16le mono 16 kHz."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
    with av.open(io.BytesIO(film)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).tobytes()


def word_error_rate(wanted: list[str], heard: list[str]) -> float:
    """Levenshtein distance in words over the words wanted."""
    row = list(range(len(heard) + 1))
    for i, want in enumerate(wanted, 1):
        before, row = row, [i]
        for j, got in enumerate(heard, 1):
            row.append(min(row[-1] + 1, before[j] + 1, before[j - 1] + (want != got)))
    return row[-1] / len(wanted)


def words(text: str) -> list[str]:
    return "".join(c if c.isalpha() or c == "'" else " " for c in text.lower()).split()


def test_the_error_rate_counts_words() -> None:
    assert word_error_rate(["a", "b", "c", "d"], ["a", "x", "c"]) == 0.5


def test_the_demo_makes_a_film_and_leaves_no_process(tmp_path: Path) -> None:
    before = {process.pid for process in psutil.process_iter()}
    done = demo(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "out/demo.mp4" in done.stdout
    for stage in ("first sound", "first fragment", "film done", "x real time", "drained and stopped"):
        assert stage in done.stdout
    ours = [line for line in command_lines(before) if line.startswith(sys.executable)]  # not those of another checkout
    assert [line for line in ours if "svc_" in line or "gateway" in line] == []
    assert "Traceback" not in (tmp_path / "var/demo.log").read_text()

    film = (tmp_path / "out/demo.mp4").read_bytes()
    with av.open(io.BytesIO(film)) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert len(frames) > 100
    moved = [float(np.abs(a.astype(int) - b).mean()) for a, b in pairwise(frames)]
    assert np.mean(np.array(moved) > 0.01) > 0.9


@pytest.mark.skipif(shutil.which("flite") is None, reason="espeak alone is not intelligible to the recogniser")
def test_its_english_is_understood_by_an_offline_recogniser(tmp_path: Path) -> None:
    sphinx = pytest.importorskip("pocketsphinx", reason="pocketsphinx has no wheel for this Python")
    assert demo(tmp_path).returncode == 0
    decoder = sphinx.Decoder(samprate=16_000, loglevel="FATAL")
    decoder.start_utt()
    decoder.process_raw(sound_16k((tmp_path / "out/demo.mp4").read_bytes()), full_utt=True)
    decoder.end_utt()
    heard = words(decoder.hyp().hypstr)
    assert word_error_rate(words(GREETINGS["en"]), heard) <= WORST_WER, heard


def test_the_users_own_script_face_and_language(tmp_path: Path) -> None:
    from PIL import Image

    avatars = Path(__file__).parents[2] / "svc-video/src/svc_video/data/avatars"
    Image.open(avatars / "maya.webp").convert("RGB").save(tmp_path / "photo.jpg")
    mine = ("--script", "Hola, soy yo.", "--lang", "es", "--portrait", "photo.jpg", "--out", "mine.mp4")
    done = demo(tmp_path, *mine)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "mine.mp4").stat().st_size > 10_000


def test_a_wrong_voice_is_one_sentence_with_the_nearest(tmp_path: Path) -> None:
    done = demo(tmp_path, "--voice", "en-GB-RyanNeutral")
    assert done.returncode == 1
    assert "en-GB-RyanNeural" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_missing_portrait_is_said_before_anything_starts(tmp_path: Path) -> None:
    done = demo(tmp_path, "--portrait", "nobody.jpg")
    assert done.returncode == 1
    assert "There is no picture at nobody.jpg" in done.stderr
    assert not (tmp_path / "var").exists()
