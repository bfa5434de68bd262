"""`make bench-lipsync`: do the lips move with the words? Judged from finished films and their texts, nothing else.

    python -m tests.bench.lipsync          films twelve sentences with three faces, then judges the files
    VIDEO=film.mp4 TEXT="..." python -m tests.bench.lipsync         judges that film, whoever made it
    VIDEO=folder python -m tests.bench.lipsync    judges FACE/*.mp4 or *.mp4 with the text of each beside it (.txt)

A film is an MP4, WebM, MOV or MKV of any size and rate that shows a face and lets it be heard.

Each frame is decoded and the mouth found anew on it; which phone is heard when comes from forced alignment of the
decoded sound (pocketsphinx, English). QUICK=1: three sentences and two faces; ROUNDS=n: each sentence n times, with
other seeds. Films and pictures of the best and the worst one stay in var/lipsync. The last line is one JSON object.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.bench.lipsync import laboratory
from tests.bench.lipsync.alignment import CannotAlign
from tests.bench.lipsync.clips import SENTENCES, make
from tests.bench.lipsync.footage import CannotJudge
from tests.bench.lipsync.pictures import save
from tests.bench.lipsync.table import show
from tests.bench.lipsync.verdict import Judged, judge
from tests.bench.report import machine, rounds

from troupe.wire.errors import TroupeError

QUICK = os.environ.get("QUICK") == "1"
FILMS = (".mp4", ".webm", ".mov", ".mkv")
OURS = laboratory.HOME / "films"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # a process per core judges


def main() -> None:
    """Make the films, or take those given; judge them; tell."""
    with footage() as folder:
        paths = sorted(path for path in [*folder.glob("*"), *folder.glob("*/*")] if path.suffix.lower() in FILMS)
        if not paths:
            raise SystemExit(f"There is no film ({', '.join(FILMS)}) in {folder}.")
        films = judged(paths)
        opinions = laboratory.second_opinions(films)
        print(f"\nlips of {len(films)} films, {sum(film.seconds for film in films):.0f} s\n{machine()}")
        if not opinions:
            print("The second judge (dlib's 68 points) is not installed here: its figures are null.")
        pictures = save(films, laboratory.HOME)
    print(f"To be looked at: {', '.join(map(str, pictures))}")
    show(films, opinions)


@contextmanager
def footage() -> Iterator[Path]:
    """The folder of films: those that VIDEO names, or our own."""
    given = os.environ.get("VIDEO", "")
    if not given:
        yield own()
    elif Path(given).is_dir():
        yield Path(given)
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield one(Path(given), os.environ.get("TEXT", ""), Path(folder) / "given")


def own() -> Path:
    """Films made here and now."""
    photo = laboratory.photo()
    if photo is None:
        print("No photo is installed here: only drawn faces are judged.", file=sys.stderr)
    make(OURS, photo, sentences=3 if QUICK else len(SENTENCES), rounds=rounds(1), faces=2 if QUICK else 3)
    return OURS


def one(film: Path, text: str, folder: Path) -> Path:
    """A folder with the one film and its text."""
    if not film.is_file():
        raise SystemExit(
            f"VIDEO={film} is neither a film nor a folder. Give the path of an MP4, WebM or MOV, and its TEXT."
        )
    if not text and not film.with_suffix(".txt").is_file():
        raise SystemExit('TEXT is missing: what is said in the film, in English. TEXT="Good morning." VIDEO=film.mp4')
    folder.mkdir()
    shutil.copy(film, folder / f"film{film.suffix if film.suffix.lower() in FILMS else '.mp4'}")
    (folder / "film.txt").write_text(text or film.with_suffix(".txt").read_text())
    return folder


def judged(paths: list[Path]) -> list[Judged]:
    """All films, a process per core."""
    os.environ.update(ONE_THREAD)
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(len(paths), os.cpu_count() or 1), mp_context=fresh) as pool:
        try:
            return list(pool.map(judge, paths))
        except (CannotAlign, CannotJudge, TroupeError) as error:
            pool.shutdown(cancel_futures=True)
            raise SystemExit(f"A film cannot be judged. {error}") from error


if __name__ == "__main__":
    main()
