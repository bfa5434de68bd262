"""The figures as a person reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.lipsync.figures import Figures, faces, figures
from tests.bench.lipsync.laboratory import SecondOpinion
from tests.bench.lipsync.losses import losses
from tests.bench.lipsync.verdict import Judged

GOALS = {  # figure -> least and most
    "r_phonemes": (0.80, 1.0),
    "lag_ms": (-20.0, 20.0),
    "bilabial_closure": (0.95, 1.0),
    "control_r": (0.0, 0.25),
    "blinks_per_min": (10.0, 20.0),
    "upper_ssim": (0.93, 1.0),
}
NOTES = (
    "r = correlation of the lips' gap with the openness of the phones heard, at zero lag. The lag is where it is",
    "greatest, > 0 = the mouth is late; a frame counts at the middle of its time on the screen. control = |r| with",
    "other sound. Frames with shut eyes do not count for upper_ssim. A blink: the lids' gap falls below 0.6.",
)
WORST, COSTLIEST = 5, 12  # films and phones that are named
TOLD = 80  # characters of a text


def show(films: Sequence[Judged], opinions: Mapping[Path, SecondOpinion]) -> None:
    """Faces, single films, phones; the last line is one JSON object."""
    by_face = {face: figures([film for film in films if film.face == face], opinions) for face in faces(films)}
    overall = figures(films, opinions)
    show_faces(by_face, overall)
    show_films(films)
    show_phones(films)
    print(json.dumps({"lipsync": overall | {"faces": by_face}}))


def show_faces(by_face: Mapping[str, Figures], overall: Figures) -> None:
    """One column a face, then all of them."""
    columns = [*by_face.items(), ("all", overall)]
    print("\n" + " " * 24 + "".join(f"{name:>14}" for name, _ in columns))
    for name, value in overall.items():
        if isinstance(value, dict):
            for axis in value:
                row(f"{name} {axis}", [each[name][axis] for _, each in columns])  # type: ignore[index]
        else:
            row(name, [each[name] for _, each in columns])
    print("\n".join(NOTES))
    print("\ngoals" + " " * 19 + "".join(f"{words:>14}" for words in ("from", "to", "here")))
    for name, (least, most) in GOALS.items():
        print(f"{name:24}{least:14g}{most:14g}{verdict(overall[name], least, most):>14}")


def verdict(value: object, least: float, most: float) -> str:
    """Whether a figure meets its goal."""
    if not isinstance(value, int | float):
        return "not measured"
    return "met" if least <= value <= most else "missed"


def row(name: str, values: Sequence[object]) -> None:
    """One figure of every face."""
    print(f"{name:24}" + "".join(f"{'-' if value is None else value!s:>14}" for value in values))


def show_films(films: Sequence[Judged]) -> None:
    """The worst films."""
    print(f"\n{'worst films':32} {'r':>6} {'lag ms':>7} {'r there':>8} {'closed':>7} {'volume':>7}")
    for film in sorted(films, key=lambda each: each.r)[:WORST]:
        shut = sum(each.closed for each in film.closures)
        print(
            f"{film.face + '/' + film.path.stem:32} {film.r:6.3f} {film.lag_s * 1000:7.1f} {film.r_at_lag:8.3f} "
            f"{f'{shut}/{len(film.closures)}':>7} {film.r_volume:7.3f}  {film.text[:TOLD]}"
        )
    missed = [(film, each) for film in films for each in film.closures if not each.closed]
    for film, each in sorted(missed, key=lambda pair: -pair[1].opening)[:WORST]:
        name = f'{each.phone.name} of "{each.phone.word}" at {each.phone.start_s:.2f} s'
        print(f"lips apart: {film.face}/{film.path.stem}, {name}: {each.opening:.2f} of a vowel")


def show_phones(films: Sequence[Judged]) -> None:
    """The phones that cost most."""
    print(f"\n{'costliest phones':18} {'count':>6} {'share':>7} {'offset':>7}  (standard deviations; > 0 = too open)")
    for loss in losses(films)[:COSTLIEST]:
        print(f"{loss.phone:18} {loss.count:6} {loss.share:7.3f} {loss.offset:7.2f}")
