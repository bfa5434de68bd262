from __future__ import annotations

from fractions import Fraction

import pytest

from svc_video.conversion import chunks, expression_notes, to_cues, to_order, to_words
from svc_video.film import Segment
from svc_video.framing import Background
from svc_video.speech import Cue, Word
from troupe.v1 import engine_pb2, media_pb2, video_pb2
from troupe.wire.errors import InvalidArgument, MediaTooLarge, UnsupportedFormat
from troupe.wire.framing import MAX_BACKGROUND_BYTES
from troupe.wire.media import PIECE_BYTES

BOTH = ("mp4", "webm")


def order(containers=BOTH, **settings):
    return to_order(video_pb2.AnimateSettings(**settings), "portrait", containers, 60_000)


def test_what_is_not_said_is_the_usual() -> None:
    film = order().film
    assert (film.container, film.width, film.height, film.rate) == ("mp4", 512, 512, Fraction(25))
    assert (film.first_sequence, film.start_frame, film.resumed) == (1, 0, False)


def test_everything_said_is_taken() -> None:
    made = order(
        principal=engine_pb2.Principal(key_id="k"),
        portrait_id="ada",
        width=640,
        height=360,
        fps=30,
        seed=7,
        expression="happy",
        start_ms=2000,
        first_sequence=6,
        has_cues=True,
        content_id="c",
        portrait=video_pb2.PortraitSettings(head_motion=0.0, blink_rate=0.5),
    )
    assert (made.owner, made.portrait_id, made.seed, made.expression, made.has_cues) == ("k", "ada", 7, "happy", True)
    assert (made.film.width, made.film.height, made.film.start_frame, made.film.resumed) == (640, 360, 60, True)
    assert made.film.mark.content_id == "c"
    assert made.options == {"head_motion": 0.0, "blink_rate": 0.5}


def test_one_side_alone_makes_a_square() -> None:
    assert (order(width=256).film.width, order(width=256).film.height) == (256, 256)


@pytest.mark.parametrize(
    ("containers", "asked", "codec", "made"),
    [
        (BOTH, 0, "", "mp4"),
        (BOTH, media_pb2.CONTAINER_WEBM, "", "webm"),
        (BOTH, 0, "vp9", "webm"),
        (("webm",), 0, "", "webm"),
    ],
)
def test_the_container_follows_what_was_asked(containers, asked, codec, made) -> None:
    settings = {"container": asked, "portrait": video_pb2.PortraitSettings(codec=codec)}
    assert order(containers, **settings).film.container == made


@pytest.mark.parametrize(
    ("containers", "asked", "codec"),
    [
        (BOTH, media_pb2.CONTAINER_MP4, "vp9"),
        (BOTH, media_pb2.CONTAINER_WEBM, "h264"),
        (("webm",), media_pb2.CONTAINER_MP4, ""),
        (("webm",), 0, "h264"),
    ],
)
def test_what_does_not_go_together_is_refused(containers, asked, codec) -> None:
    settings = {"container": asked, "portrait": video_pb2.PortraitSettings(codec=codec)}
    with pytest.raises(UnsupportedFormat):
        order(containers, **settings)


@pytest.mark.parametrize("rate", [23.976, 29.97, 59.94])
def test_broadcast_rates_stay_near_what_they_are(rate) -> None:
    assert float(order(fps=rate).film.rate) == pytest.approx(rate, abs=1e-3)


def test_cues_are_plain_and_in_order_of_time() -> None:
    cue = media_pb2.MouthCue(ipa="a", start_ms=10, end_ms=90, stressed=True)
    assert to_cues(video_pb2.Speech24k(cues=[cue])) == (Cue("a", 10, 90, stressed=True),)
    with pytest.raises(InvalidArgument, match="before it starts"):
        to_cues(video_pb2.Speech24k(cues=[media_pb2.MouthCue(ipa="a", start_ms=10, end_ms=9)]))
    with pytest.raises(InvalidArgument, match="33 characters"):
        to_cues(video_pb2.Speech24k(cues=[media_pb2.MouthCue(ipa="a" * 33)]))


def test_a_large_segment_travels_in_pieces() -> None:
    data = bytes(PIECE_BYTES * 2 + 5)
    sent = list(chunks(Segment(data, sequence=3, start_ms=600, end_ms=1000)))
    assert [len(chunk.data) for chunk in sent] == [PIECE_BYTES, PIECE_BYTES, 5]
    assert [chunk.last_piece for chunk in sent] == [False, False, True]
    assert {(chunk.kind, chunk.sequence, chunk.start_ms, chunk.end_ms) for chunk in sent} == {
        (media_pb2.MEDIA_KIND_FRAGMENT, 3, 600, 1000)
    }


def test_the_init_segment_says_so() -> None:
    (chunk,) = chunks(Segment(b"init", sequence=0))
    assert chunk.kind == media_pb2.MEDIA_KIND_INIT


def test_an_expression_that_is_unknown_is_said() -> None:
    known = ("neutral", "happy", "sad")
    assert expression_notes("", known) == expression_notes(" Happy ", known) == ()
    (note,) = expression_notes("hapy", known)
    assert 'no expression "hapy"' in note
    assert "neutral, happy, sad" in note
    assert 'Did you mean "happy"?' in note
    assert "Did you mean" not in expression_notes("zzz", known)[0]
    assert "not worn" in expression_notes("happy", ())[0]


def framed(**told):
    return order(framing=video_pb2.Framing(**told))


def test_the_framing_is_taken() -> None:
    made = framed(aspect="portrait", background="#102030", captions=True)
    assert made.size == (512, 912)
    assert (made.framing.aspect, made.framing.background) == ("portrait", Background("colour", (0x10, 0x20, 0x30)))
    assert made.captions


def test_the_size_of_an_original_is_open_until_the_picture_is_seen() -> None:
    assert framed(aspect="original").size == (0, 0)
    assert order(width=300, framing=video_pb2.Framing(aspect="original")).size == (300, 0)
    with pytest.raises(InvalidArgument, match="even"):
        order(width=301, framing=video_pb2.Framing(aspect="original"))


def test_two_sides_win_and_say_how_the_head_stands() -> None:
    made = order(width=720, height=1280)
    assert (made.size, made.framing.aspect) == ((720, 1280), "portrait")


def test_a_picture_or_a_portrait_may_stand_behind_and_not_both() -> None:
    assert framed(background_image=b"x").framing.background.kind == "image"
    assert framed(background_id="p_1", background="image").background_id == "p_1"
    with pytest.raises(InvalidArgument, match="not both"):
        framed(background_image=b"x", background_id="p_1")
    with pytest.raises(MediaTooLarge, match="3,500,000"):
        framed(background_image=bytes(MAX_BACKGROUND_BYTES + 1))


def test_words_are_plain_and_empty_ones_left_out() -> None:
    words = [
        media_pb2.WordTiming(word=" a\nb ", text_start=1, text_end=4, start_ms=10, end_ms=5),
        media_pb2.WordTiming(word=" "),
    ]
    assert to_words(video_pb2.Speech24k(words=words)) == (Word("a b", 1, 4, 10, 10),)
    with pytest.raises(InvalidArgument, match="201 characters"):
        to_words(video_pb2.Speech24k(words=[media_pb2.WordTiming(word="a" * 201)]))


def test_what_was_heard_before_a_resumed_film() -> None:
    resumed = video_pb2.AnimateSettings(start_ms=3_000, first_sequence=9, lead_ms=2_200)
    assert to_order(resumed, "sadtalker", ("mp4",), 60_000).lead_ms == 2_200
    for wrong in (3_001, 10_001):
        resumed.lead_ms = wrong
        with pytest.raises(InvalidArgument, match="lead_ms"):
            to_order(resumed, "sadtalker", ("mp4",), 60_000)


def test_sadtalkers_options_are_checked_and_plain() -> None:
    asked = video_pb2.AnimateSettings()
    asked.sadtalker.CopyFrom(video_pb2.SadtalkerSettings(preprocess="Full", pose_scale=0.0, yaw=[0.0, 20.0], size=512))
    options = to_order(asked, "sadtalker", ("mp4",), 60_000).options
    assert options == {"preprocess": "full", "pose_scale": 0.0, "yaw": (0.0, 20.0), "size": 512}
    asked.sadtalker.pose_style = 46
    with pytest.raises(InvalidArgument, match="0 to 45"):
        to_order(asked, "sadtalker", ("mp4",), 60_000)
