from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import pytest

from svc_video.boxes import boxes, find
from svc_video.film import Film, Segment, to_i420, to_rgb
from svc_video.mux import SOUND_LEAD_MS, Muxer
from svc_video.provenance import Mark
from svc_video.speech import frame_span

SIDE = 96
SECONDS = 2
TONE = (9000 * np.sin(2 * np.pi * 300 * np.arange(24_000 * SECONDS) / 24_000)).astype(np.int16)


def film(container="mp4", rate=Fraction(25), start_frame=0, first_sequence=1) -> Film:
    return Film(container, SIDE, SIDE, rate, Mark("still", "c1"), start_frame, first_sequence)


def picture(index: int) -> np.ndarray:
    return np.full((SIDE, SIDE, 3), (index * 5) % 256, np.uint8)


def made(film: Film, frames: int = 0) -> list[Segment]:
    muxer = Muxer(film)
    last = frames or int(SECONDS * film.rate)
    end = frame_span(last - 1, film.rate)[1]
    segments = []
    for index in range(film.start_frame, last):
        ahead = min(frame_span(index, film.rate)[1] + SOUND_LEAD_MS * 24, end)
        segments += muxer.add(picture(index), TONE[muxer.sound_from : ahead])
    segments += muxer.finish(TONE[muxer.sound_from : end])
    return segments


def joined(segments: list[Segment]) -> bytes:
    return b"".join(segment.data for segment in segments)


def times(data: bytes) -> list[float]:
    with av.open(io.BytesIO(data), "r") as container:
        return [float(frame.time) for frame in container.decode(video=0)]


def test_the_boxes_stand_in_their_order() -> None:
    segments = made(film())
    assert [box.kind for box in boxes(segments[0].data)] == [b"ftyp", b"moov", b"uuid"]
    for segment in segments[1:]:
        assert [box.kind for box in boxes(segment.data)] == [b"moof", b"mdat"]


def test_every_fragment_holds_picture_and_sound() -> None:
    for segment in made(film())[1:]:
        assert len(list(find(segment.data, b"moof", b"traf"))) == 2


@pytest.mark.parametrize("container", ["mp4", "webm"])
@pytest.mark.parametrize("rate", [Fraction(5), Fraction(25), Fraction(2997, 100), Fraction(60)])
def test_all_frames_come_out_at_their_times(container, rate) -> None:
    segments = made(film(container, rate))
    seen = times(joined(segments))
    assert len(seen) == int(SECONDS * rate)
    assert np.allclose(seen, [float(index / rate) for index in range(len(seen))], atol=0.002)
    assert segments[-1].end_ms == pytest.approx(float(len(seen) / rate) * 1000, abs=1)


@pytest.mark.parametrize("container", ["mp4", "webm"])
def test_the_first_fragment_is_short_and_the_others_longer(container) -> None:
    segments = made(film(container))[1:]
    assert [(s.sequence, s.start_ms, s.end_ms) for s in segments] == [
        (1, 0, 200),
        (2, 200, 600),
        (3, 600, 1000),
        (4, 1000, 1400),
        (5, 1400, 1800),
        (6, 1800, 2000),
    ]


@pytest.mark.parametrize("container", ["mp4", "webm"])
def test_a_fragment_is_whole_one_frame_after_its_last(container) -> None:
    muxer = Muxer(film(container))
    silence = np.zeros(24_000, np.int16)
    when = []
    for index in range(20):
        ahead = (index + 1) * 960 + SOUND_LEAD_MS * 24
        if [s for s in muxer.add(picture(index), silence[: ahead - muxer.sound_from]) if s.sequence]:
            when.append(index)
    muxer.close()
    assert when == [5, 15]


@pytest.mark.parametrize("container", ["mp4", "webm"])
def test_a_resumed_film_goes_on(container) -> None:
    whole = made(film(container))
    cut = whole[3]
    rest = made(film(container, start_frame=cut.end_ms // 40, first_sequence=cut.sequence + 1))
    assert [segment.sequence for segment in rest][:2] == [4, 5]
    assert rest[0].start_ms == cut.end_ms
    assert rest[-1].end_ms == 2000
    seen = times(joined(whole[:4] + rest))
    assert np.allclose(np.diff(seen), 0.04, atol=0.002)
    assert len(seen) == 50


def test_resumed_sound_joins_without_a_gap_or_an_overlap() -> None:
    whole = made(film())
    for cut in whole[1:-1]:
        rest = made(film(start_frame=cut.end_ms // 40, first_sequence=cut.sequence + 1))
        with av.open(io.BytesIO(joined(whole[: cut.sequence + 1] + rest)), "r") as container:
            frames = list(container.decode(audio=0))
        starts = [round(float(frame.time) * 24_000) for frame in frames]
        assert np.all(np.diff(starts) == 1024)
        assert starts[0] == 0


def test_sound_is_where_it_was_put() -> None:
    with av.open(io.BytesIO(joined(made(film()))), "r") as container:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    best = max(range(-60, 61), key=lambda lag: float(np.dot(heard[2000 + lag : 22_000 + lag], TONE[2000:22_000])))
    assert abs(best) <= 1  # samples


def test_the_mime_type_is_that_of_the_stream() -> None:
    muxer = Muxer(film())
    muxer.close()
    segments = made(film())
    with av.open(io.BytesIO(joined(segments)), "r") as container:
        context = container.streams.video[0].codec_context
        extradata = context.extradata
        assert context.profile == "High"
    # avcC: version, then the three bytes of the codecs parameter
    assert f'codecs="avc1.{extradata[1:4].hex()},mp4a.40.2"' in muxer.mime_type


def test_frames_may_be_rgb_or_planes() -> None:
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[:, :, 0] = 200
    planes = to_i420(rgb)
    assert planes.shape == (96, 64)
    assert to_i420(planes) is planes
    assert np.allclose(to_rgb(planes), rgb, atol=4)
    assert to_rgb(rgb) is rgb


def test_a_film_may_be_left_unfinished() -> None:
    muxer = Muxer(film())
    muxer.add(picture(0), TONE[:960])
    muxer.close()
    muxer.close()


def test_sound_keeps_its_own_rate() -> None:
    """Upstream brings all sound down to 16 kHz; a tone above its 8 kHz must still be there."""
    high = (9000 * np.sin(2 * np.pi * 10_000 * np.arange(24_000) / 24_000)).astype(np.int16)
    muxer = Muxer(film())
    segments = muxer.add(picture(0), high) + muxer.finish(high[:0])
    with av.open(io.BytesIO(joined(segments)), "r") as container:
        assert container.streams.audio[0].codec_context.sample_rate == 24_000
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    spectrum = np.abs(np.fft.rfft(heard[2048:18_432]))
    loudest = np.argmax(spectrum) * 24_000 / 16_384
    assert loudest == pytest.approx(10_000, abs=20)
