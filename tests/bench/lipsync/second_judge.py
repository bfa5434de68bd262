"""The second judge's landmarks: dlib's 68 points (for the lab only: never shipped).

Runs in an environment of its own (var/lipsync, see install.sh) and imports nothing of this project:

    var/lipsync/bin/python tests/bench/lipsync/second_judge.py FILM.mp4 ...

prints one JSON object: {path: [the gap between the lips in eye distances, or null where no face was found, a frame]}.
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import av
import dlib
import numpy as np

MODEL = "models/shape_predictor_68_face_landmarks.dat"
LOOK_EVERY = 12  # frames; between them a face stays where it is well enough
UPPER, LOWER = [61, 62, 63], [67, 66, 65]
EYES = ([36, 39], [42, 45])


def predictor():
    """The 68-point model out of the installed package, which need not be imported for it."""
    folder = find_spec("face_recognition_models").submodule_search_locations[0]
    return dlib.shape_predictor(str(Path(folder) / MODEL))


def openings(path, detector, shape):
    """One number or None a frame."""
    found, box = [], None
    with av.open(path) as container:
        for number, frame in enumerate(container.decode(video=0)):
            rgb = np.ascontiguousarray(frame.to_ndarray(format="rgb24"))
            if box is None or number % LOOK_EVERY == 0:
                boxes = detector(rgb, 0)
                box = max(boxes, key=lambda each: each.area(), default=box)
            found.append(None if box is None else opening(shape(rgb, box)))
    return found


def opening(points):
    """The mean gap of the inner lips' three middle columns over the distance of the eyes."""
    at = np.array([(each.x, each.y) for each in points.parts()], float)
    eyes = [at[corners].mean(axis=0) for corners in EYES]
    gaps = np.linalg.norm(at[LOWER] - at[UPPER], axis=1)
    return round(float(gaps.mean() / np.linalg.norm(eyes[1] - eyes[0])), 5)


if __name__ == "__main__":
    finder, model = dlib.get_frontal_face_detector(), predictor()
    json.dump({path: openings(path, finder, model) for path in sys.argv[1:]}, sys.stdout)
