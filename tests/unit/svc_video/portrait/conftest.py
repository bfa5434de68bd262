"""Prepared avatars and their renderers, made once."""

import cv2
import numpy as np
import pytest

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
