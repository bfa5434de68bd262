"""`make bench-lipsync VIDEO=film`: any film can be judged, and one that cannot is told why."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from tests.bench.lipsync.face import track, without_gaps
from tests.bench.lipsync.footage import RATE, CannotJudge, frame_rate, shots, sound
from tests.bench.lipsync.table import verdict

from svc_video.faces.finder import FaceFinder

ROOT = Path(__file__).parents[4]
ADA = ROOT / "gateway/src/gateway/avatars/ada.webp"
FPS = 25
CODECS = {".mp4": ("libx264", "aac"), ".webm": ("libvpx-vp9", "libopus"), ".mov": ("libx264", "aac")}


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


def ada(width: int, height: int) -> np.ndarray:
    """Ada in the middle of a frame that need not be square, as SadTalker's pictures are not."""
    rgb = cv2.cvtColor(cv2.imread(str(ADA)), cv2.COLOR_BGR2RGB)
    side = min(width, height)
    frame = np.full((height, width, 3), 90, np.uint8)
    top, left = (height - side) // 2, (width - side) // 2
    frame[top : top + side, left : left + side] = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA)
    return frame


def written(path: Path, frames: list[np.ndarray], samples: np.ndarray | None, fps: Fraction = Fraction(FPS)) -> Path:
    video, audio = CODECS[path.suffix]
    with av.open(str(path), "w") as container:
        picture = container.add_stream(video, rate=fps)
        picture.height, picture.width = frames[0].shape[:2]
        picture.pix_fmt = "yuv420p"
        heard = container.add_stream(audio, rate=48_000, layout="mono") if samples is not None else None
        for rgb in frames:
            container.mux(picture.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(picture.encode(None))
        if heard is not None:
            frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
            frame.sample_rate = RATE
            container.mux(heard.encode(frame))
            container.mux(heard.encode(None))
    return path


def hum(seconds: float) -> np.ndarray:
    return (3_000 * np.sin(np.arange(round(RATE * seconds)) * 0.1)).astype(np.int16)


@pytest.mark.parametrize(
    ("name", "size", "fps"),
    [("a.mp4", (256, 256), Fraction(25)), ("b.webm", (256, 340), Fraction(30_000, 1001)), ("c.mov", (640, 360), 12)],
)
def test_a_face_is_found_in_a_film_of_any_shape_rate_and_container(tmp_path, finder, name, size, fps) -> None:
    path = written(tmp_path / name, [ada(*size)] * 6, hum(0.3), Fraction(fps))
    seen = track(path, finder)
    assert len(seen.times_s) == len(seen.openings) == 6
    assert frame_rate(path) == pytest.approx(float(fps), rel=0.01)
    middle = seen.points[0, :, :2].mean(axis=0) / size
    assert middle == pytest.approx([0.5, 0.5], abs=0.15)
    assert abs(sound(path)).max() > 1_000


def test_a_film_without_a_face_is_told_so(tmp_path, finder) -> None:
    grey = np.full((96, 128, 3), 90, np.uint8)
    path = written(tmp_path / "wall.mp4", [grey] * 5, hum(0.2))
    with pytest.raises(CannotJudge, match=r"No face was found in wall\.mp4"):
        track(path, finder)


def test_a_face_that_is_away_for_a_moment_is_forgiven_and_for_long_is_not() -> None:
    points = [np.full((478, 3), number, np.float32) for number in range(20)]
    times = [number / FPS for number in range(20)]
    whole = without_gaps("x.mp4", times, [None, *points[1:9], None, *points[10:]])
    assert [int(each[0, 0]) for each in whole[:2]] == [1, 1]
    assert int(whole[9][0, 0]) == 8
    with pytest.raises(CannotJudge, match=r"in 85% of the frames of x\.mp4 \(not at 0\.0 s"):
        without_gaps("x.mp4", times, [None] * 3 + points[3:])


@pytest.mark.parametrize(("samples", "says"), [(None, "has no sound"), (np.zeros(RATE, np.int16), "is silence")])
def test_a_film_that_says_nothing_is_told_so(tmp_path, samples, says) -> None:
    path = written(tmp_path / "mute.mp4", [ada(64, 64)] * 3, samples)
    with pytest.raises(CannotJudge, match=says):
        sound(path)


def test_what_is_no_film_is_told_so(tmp_path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"a film, honestly")
    with pytest.raises(CannotJudge, match=r"film\.mp4 cannot be read"):
        next(shots(path))


def test_a_goal_is_met_missed_or_not_measured() -> None:
    assert [verdict(value, 0.8, 1.0) for value in (0.8, 0.79, None)] == ["met", "missed", "not measured"]


def bench(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.bench.lipsync"]
    told = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | env
    return subprocess.run(command, cwd=folder, env=told, capture_output=True, text=True, timeout=50, check=False)


@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
def test_a_film_of_a_still_face_is_judged_to_follow_nothing(tmp_path) -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx has no wheel for this machine")
    text = "My mother bought a big map."
    subprocess.run(["flite", "-voice", "slt", "-t", text, "-o", "said.wav"], cwd=tmp_path, check=True)
    with av.open(str(tmp_path / "said.wav")) as said:
        frames = [frame.to_ndarray() for frame in said.decode(audio=0)]
    film = written(tmp_path / "film.mp4", [ada(256, 340)] * 52, np.concatenate(frames, axis=1)[0])
    done = bench(tmp_path, VIDEO=str(film), TEXT=text)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])["lipsync"]
    assert told["clips"] == 1
    assert abs(told["r_phonemes"]) < 0.5
    assert "missed" in done.stdout
    assert (tmp_path / "var/lipsync/worst-frames.png").is_file()


def test_the_bench_ends_with_a_sentence_where_it_cannot_judge(tmp_path) -> None:
    film = written(tmp_path / "mute.mp4", [ada(64, 64)] * 3, None)
    done = bench(tmp_path, VIDEO=str(film), TEXT="Hello.")
    assert done.returncode == 1
    assert done.stderr.strip().endswith("has no sound; a film to be judged needs speech. Mux the sound into it.")
    assert "TEXT is missing" in bench(tmp_path, VIDEO=str(film)).stderr
