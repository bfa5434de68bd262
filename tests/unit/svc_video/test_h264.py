from __future__ import annotations

import io
import logging
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from svc_video import h264
from svc_video.film import Film, Segment
from svc_video.h264 import NVENC, X264, VideoCodec, candidates, encodes, profile_of
from svc_video.mux import Muxer
from svc_video.provenance import Mark

SIDE = 96
CARD = VideoCodec(
    "libx264", X264.options + ":profile=baseline"
)  # stands in for NVENC: it opens, and has a profile of its own
REFUSED = VideoCodec("libx264", "preset=unheard-of")  # as a card that has no session left
FILM = Film("mp4", SIDE, SIDE, Fraction(25), Mark("still", "c1"), encoder="nvenc")


def codec_in_place_of_nvenc(monkeypatch, codec: VideoCodec) -> None:
    monkeypatch.setattr(h264, "NVENC", codec)


def made(film: Film, frames: int = 25) -> tuple[str, list[Segment]]:
    muxer = Muxer(film)
    silence = np.zeros(24_000 * 2, np.int16)
    segments = []
    for index in range(film.start_frame, frames):
        # A level per frame: what is decoded tells which frame it is. Most stands still, as in a portrait.
        picture = np.full((SIDE, SIDE, 3), 90, np.uint8)
        picture[:16] = 40 + 6 * index
        segments += muxer.add(picture, silence[muxer.sound_from : (index + 1) * 960 + 3120])
    segments += muxer.finish(silence[:0])
    mime_type = muxer.mime_type
    muxer.close()
    return mime_type, segments


def levels(segments: list[Segment]) -> list[float]:
    with av.open(io.BytesIO(b"".join(segment.data for segment in segments)), "r") as container:
        return [float(frame.to_ndarray(format="rgb24")[:16].mean()) for frame in container.decode(video=0)]


def test_an_encoder_is_asked_whether_it_encodes() -> None:
    assert encodes(X264)
    assert not encodes(REFUSED)
    assert not encodes(VideoCodec("h264_nobody", "preset=p4"))


def test_a_card_is_asked_once_in_a_process(monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(VideoCodec, "set_up", lambda codec, *_: asked.append(codec) or pytest.fail("opened twice"))
    once = VideoCodec("libx264", "preset=fast")
    encodes.cache_clear()
    with pytest.raises(pytest.fail.Exception):
        encodes(once)
    assert asked == [once]
    monkeypatch.undo()
    assert encodes(once)
    monkeypatch.setattr(VideoCodec, "set_up", lambda *_: pytest.fail("asked again"))
    assert encodes(once)


@pytest.mark.parametrize(
    ("encoder", "card", "expected"),
    [
        ("x264", True, ["libx264"]),
        ("auto", True, ["h264_nvenc", "libx264"]),
        ("auto", False, ["libx264"]),
        ("nvenc", False, ["h264_nvenc", "libx264"]),
    ],
)
def test_who_is_asked_to_encode(monkeypatch, encoder, card, expected) -> None:
    monkeypatch.setattr(h264, "encodes", lambda codec: card and codec is NVENC)
    assert [codec.name for codec in candidates(encoder)] == expected


def test_a_card_without_a_session_left_gives_the_film_to_x264(monkeypatch, caplog) -> None:
    codec_in_place_of_nvenc(monkeypatch, REFUSED)
    with caplog.at_level(logging.WARNING):
        mime_type, segments = made(FILM)
    assert 'codecs="avc1.6400' in mime_type
    assert len(levels(segments)) == 25
    assert "cannot take this film, libx264 does" in caplog.text


def test_a_build_without_nvenc_gives_the_film_to_x264(monkeypatch, caplog) -> None:
    codec_in_place_of_nvenc(monkeypatch, VideoCodec("h264_nobody", "preset=p4"))
    muxer = Muxer(FILM)
    muxer.close()
    assert muxer.encoder == "libx264"
    assert "h264_nobody" in caplog.text


def test_the_mime_type_is_that_of_the_encoder_that_took_it(monkeypatch) -> None:
    codec_in_place_of_nvenc(monkeypatch, CARD)
    mime_type, segments = made(FILM)
    with av.open(io.BytesIO(b"".join(segment.data for segment in segments)), "r") as container:
        told = container.streams.video[0].codec_context.extradata[1:4].hex()
    assert f'codecs="avc1.{told},mp4a.40.2"' in mime_type
    assert told.startswith("42")  # baseline


@pytest.mark.parametrize("codec", [X264, CARD])
def test_key_frames_open_fragments_and_no_frame_waits_for_a_later_one(monkeypatch, codec) -> None:
    codec_in_place_of_nvenc(monkeypatch, codec)
    segments = made(FILM)[1]
    assert [segment.start_ms for segment in segments[1:]] == [0, 200, 600]
    for fragment in segments[1:]:
        with av.open(io.BytesIO(segments[0].data + fragment.data), "r") as container:
            packets = [packet for packet in container.demux(video=0) if packet.size]
        assert [packet.is_keyframe for packet in packets] == [True] + [False] * (len(packets) - 1)
        assert all(packet.dts == packet.pts for packet in packets)
        assert bytes(packets[0])[4] & 0x1F in {5, 6, 7}  # IDR, perhaps after a message or its parameter sets


@pytest.mark.parametrize(("first", "then"), [(CARD, X264), (X264, CARD)])
def test_a_film_may_be_gone_on_with_by_another_encoder(monkeypatch, first, then) -> None:
    codec_in_place_of_nvenc(monkeypatch, first)
    begun = made(FILM)[1]
    codec_in_place_of_nvenc(monkeypatch, then)
    rest = made(replace(FILM, start_frame=begun[2].end_ms // 40, first_sequence=begun[2].sequence + 1))[1]
    assert np.abs(np.subtract(levels(begun[:3] + rest), 40 + 6 * np.arange(25))).max() < 4


def test_the_profile_is_read_from_both_forms_of_the_parameter_sets() -> None:
    assert profile_of(bytes.fromhex("00000001 67640028 ac00000001 68ee")) == "640028"
    assert profile_of(bytes.fromhex("000001 0910 000001 27 42c01e")) == "42c01e"
    assert profile_of(bytes.fromhex("01 64001f ffe1")) == "64001f"


def test_nvencs_options_forbid_what_breaks_fragments() -> None:
    options = dict(option.split("=") for option in NVENC.options.split(":"))
    assert (options["bf"], options["delay"], options["zerolatency"]) == ("0", "0", "1")
    assert (options["forced-idr"], options["no-scenecut"]) == ("1", "1")
