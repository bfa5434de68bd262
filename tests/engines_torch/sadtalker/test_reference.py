"""A reference film, from its bytes to the frames of a film that follows it: decoded and measured for real."""

from __future__ import annotations

import functools
import io
import itertools
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from tests.engines_torch.sadtalker.drawing import AVATAR, film

from svc_video.engines.sadtalker.options import FOLLOWED
from svc_video.portraits.avatars import shipped
from troupe.wire.errors import NoFace, UnsupportedMedia

NODS = 4  # frames
DEGREES = 12.0


@functools.cache
def nodding(face: bool = True) -> bytes:
    """The avatar's picture, turned to one side and the other."""
    picture = cv2.resize(shipped()[AVATAR].picture(), (384, 384))
    written = io.BytesIO()
    with av.open(written, "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 384, 384, "yuv420p"
        for number in range(NODS):
            turn = cv2.getRotationMatrix2D((192, 192), DEGREES * np.sin(number), 1)
            turned = cv2.warpAffine(picture, turn, (384, 384)) if face else np.full_like(picture, 90)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(turned, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return written.getvalue()


def test_a_film_follows_another(engine) -> None:
    alone = film(engine, 2)
    followed = {follow: film(engine, 2, reference=nodding(), reference_for=follow) for follow in FOLLOWED}
    assert {frames.shape for frames in followed.values()} == {alone.shape}
    different = [alone, *followed.values()]
    assert all((one != other).any() for one, other in itertools.combinations(different, 2))


def test_one_without_a_face_is_told(engine) -> None:
    with pytest.raises(NoFace, match="film"):
        film(engine, 1, reference=nodding(face=False))


def test_what_is_no_film_ends_this_film_alone(engine) -> None:
    with pytest.raises(UnsupportedMedia, match=r"The reference film cannot be read .* Send MP4"):
        film(engine, 1, reference=b"#EXTM3U\n#EXTINF:10,\nfile:///etc/hostname\n")
    assert len(film(engine, 1)) == 1
