"""Prepared avatars and their renderers, made once."""

import cv2
import numpy as np
import pytest

from svc_video.engines.portrait import blendshapes
from svc_video.engines.portrait.mouth import Mouth
from svc_video.engines.portrait.params import FaceParams
from svc_video.engines.portrait.renderer import Renderer
from svc_video.faces.finder import DATA, FaceFinder
from svc_video.faces.picture import decode
from svc_video.faces.portrait import prepare

AVATARS = ("ada", "kenji", "leo", "maya")


@pytest.fixture(scope="session")
def finder():
    cv2.setNumThreads(1)
    return FaceFinder()


@pytest.fixture(scope="session")
def prepared(finder):
    pictures = {name: np.array(decode((DATA / "avatars" / f"{name}.webp").read_bytes())) for name in AVATARS}
    return {name: prepare(finder, picture) for name, picture in pictures.items()}


@pytest.fixture(scope="session")
def renderers(prepared):
    return {name: Renderer(face) for name, face in prepared.items()}


@pytest.fixture(scope="session")
def shapes(prepared):
    return {name: blendshapes.solve(face.points, face.triangles) for name, face in prepared.items()}


@pytest.fixture(scope="session")
def laughing(finder, renderers):
    """A picture that shows its teeth."""
    return prepare(finder, renderers["ada"].render(FaceParams(jaw=0.3, upper=0.5, smile=0.6)))


@pytest.fixture(scope="session")
def mouths(prepared, shapes, laughing):
    """Mouths by name, each with its picture and shapes."""
    faces = {name: (prepared[name].picture, shapes[name]) for name in ("ada", "maya")}
    faces["laughing"] = laughing.picture, blendshapes.solve(laughing.points, laughing.triangles)
    return {name: (Mouth(picture, face), picture, face) for name, (picture, face) in faces.items()}
