from __future__ import annotations

from svc_tts.engine import Phone, SpokenWord
from svc_tts.engines.espeak_events import Transcript
from svc_tts.frontend.aligned import AlignedText
from svc_tts.frontend.readings import Run

RATE = 1_000  # samples are milliseconds here
WORD, PHONE = 1, 7


def transcript(text: str = "ab 25") -> Transcript:
    return Transcript(text, [Run("en-US", AlignedText.of(text))], RATE)


def test_words_end_where_their_last_phone_ends() -> None:
    heard = transcript()
    piece = heard.hear(
        [
            [WORD, 0, 0, 2, "", 0],
            [PHONE, 10, 0, 0, "ˈaɪ", 0],
            [PHONE, 60, 0, 0, "", 0],
            [WORD, 100, 3, 2, "", 0],
            [PHONE, 100, 3, 0, "t", 0],
        ],
        b"xx",
    )
    assert piece.words == (SpokenWord(0, 2, 0.0, 0.06),)
    assert piece.phones == (Phone("", 0.0, 0.01), Phone("aɪ", 0.01, 0.06, stressed=True), Phone("", 0.06, 0.1))
    last = heard.end(150)
    assert last.words == (SpokenWord(3, 5, 0.1, 0.15),)
    assert last.phones == (Phone("t", 0.1, 0.15),)


def test_words_that_are_told_as_one_belong_together() -> None:
    heard = transcript("Bonjour tout le monde, allez-vous ?")
    heard.hear([[WORD, 0, 0, 7, "", 0], [PHONE, 0, 0, 0, "b", 0], [WORD, 50, 8, 4, "", 0]], b"")
    piece = heard.hear([[PHONE, 50, 8, 0, "t", 0], [WORD, 90, 23, 5, "", 0], [PHONE, 90, 23, 0, "a", 0]], b"")
    assert [(word.start, word.end) for word in piece.words] == [(8, 21)]
    assert [(word.start, word.end) for word in heard.end(120).words] == [(23, 33)]


def test_a_number_heard_as_several_words_is_one() -> None:
    heard = transcript()
    heard.hear(
        [[WORD, 0, 3, 2, "", 0], [PHONE, 0, 3, 0, "t", 0], [WORD, 50, 4, 2, "", 0], [PHONE, 50, 4, 0, "f", 0]], b""
    )
    assert heard.end(90).words == (SpokenWord(3, 5, 0.0, 0.09),)


def test_a_switch_of_language_is_not_a_sound() -> None:
    heard = transcript()
    heard.hear(
        [[PHONE, 0, 0, 0, "a", 0], [PHONE, 20, 0, 0, "(en)", 0], [PHONE, 30, 0, 0, "", 0], [PHONE, 40, 0, 0, "", 0]],
        b"",
    )
    assert heard.end(50).phones == (Phone("", 0.03, 0.05),)


def test_mandarin_is_put_into_ipa() -> None:
    heard = transcript()
    names = ["ts.h", "i.", "o-", "tɕh", "ˌa"]
    piece = heard.hear([[PHONE, 10 * at, 0, 0, name, 0] for at, name in enumerate(names)], b"")
    phones = [*piece.phones, *heard.end(60).phones]
    assert [phone.ipa for phone in phones] == ["ʈʂʰ", "ɨ", "ɤ", "tɕʰ", "a"]
    assert [phone.stressed for phone in phones] == [False, False, False, False, True]


def test_time_never_goes_back() -> None:
    heard = transcript()
    piece = heard.hear([[PHONE, 50, 0, 0, "a", 0], [PHONE, 30, 0, 0, "b", 0]], b"")
    phones = [*piece.phones, *heard.end(60).phones]
    assert phones == [Phone("", 0.0, 0.05), Phone("b", 0.05, 0.06)]
