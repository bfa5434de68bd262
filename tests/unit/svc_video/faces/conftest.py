"""The face networks and the shipped avatars, loaded once."""

import json

import cv2
import numpy as np
import pytest

from svc_video.faces.finder import DATA, FaceFinder
from svc_video.faces.picture import decode

AVATARS = [row["id"] for row in json.loads((DATA / "avatars" / "avatars.json").read_text())]


@pytest.fixture(scope="session")
def finder():
    cv2.setNumThreads(1)
    return FaceFinder()


@pytest.fixture(scope="session")
def avatars():
    return {name: np.array(decode((DATA / "avatars" / f"{name}.webp").read_bytes())) for name in AVATARS}
