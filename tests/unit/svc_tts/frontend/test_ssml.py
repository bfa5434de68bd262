from __future__ import annotations

import pytest

from svc_tts.frontend.pauses import Pause
from svc_tts.frontend.script import Sentence, Stretch
from svc_tts.frontend.ssml import SsmlScribe
from svc_tts.frontend.style import Style
from troupe.wire.errors import InvalidArgument


def read(*pieces: str, language: str = "en-US") -> list[Sentence]:
    scribe = SsmlScribe(language)
    return [sentence for piece in pieces for sentence in scribe.feed(piece)] + scribe.close()


def parts(text: str, language: str = "en-US") -> list[Stretch | Pause]:
    return [part for sentence in read(text, language=language) for part in sentence.parts]


def said(text: str, language: str = "en-US") -> str:
    return "".join(part.text.text for part in parts(text, language) if isinstance(part, Stretch))


DOCUMENT = (
    '<speak version="1.1">One 😀 &amp; <prosody rate="slow">two three.</prosody> <break time="250ms"/>'
    '<p>Four<mark name="m"/>teen</p><sub alias="World Wide Web">WWW</sub> é&#233;. </speak>'
)


def test_every_character_knows_where_it_is_written() -> None:
    written = "".join(
        DOCUMENT[slice(*span)]
        for part in parts(DOCUMENT)
        if isinstance(part, Stretch)
        for character, span in zip(part.text.text, part.text.spans, strict=True)
        if span[1] - span[0] == 1 and DOCUMENT[slice(*span)] == character
    )
    assert written == "One 😀  two three. Fourteen é. "
    amp = next(
        span for p in parts(DOCUMENT) if isinstance(p, Stretch) for c, span in zip(*_of(p), strict=True) if c == "&"
    )
    assert DOCUMENT[slice(*amp)] == "&amp;"


def _of(stretch: Stretch) -> tuple[str, tuple[tuple[int, int], ...]]:
    return stretch.text.text, stretch.text.spans


def test_however_it_is_cut_it_reads_the_same() -> None:
    def all_of(sentences: list[Sentence]) -> list[object]:
        return [part for sentence in sentences for part in sentence.parts]

    whole = read(DOCUMENT)
    assert [s.consumed for s in whole] == sorted(s.consumed for s in whole)
    assert whole[-1].consumed == len(DOCUMENT)
    letters = read(*DOCUMENT)
    assert [p.seconds for p in all_of(letters) if isinstance(p, Pause)] == [0.25]
    joined = "".join(p.text.text for p in all_of(letters) if isinstance(p, Stretch))
    assert joined == said(DOCUMENT)


def test_a_sentence_is_whole_before_the_document_is() -> None:
    scribe = SsmlScribe("en")
    told = scribe.feed("<speak><prosody rate='fast'>One two. Three")
    assert [part.text.text for s in told for part in s.parts if isinstance(part, Stretch)] == ["One two. "]
    assert told[0].parts[0] == Stretch(told[0].parts[0].text, Style(speed=1.33))  # type: ignore[union-attr]


def test_a_paragraph_is_a_sentence_of_its_own() -> None:
    texts = [
        "".join(p.text.text for p in s.parts if isinstance(p, Stretch)) for s in read("<speak><p>a</p><p>b</p></speak>")
    ]
    assert [text for text in texts if text] == ["a", "b"]


@pytest.mark.parametrize(
    ("tag", "seconds"),
    [
        ("<break/>", 0.5),
        ('<break time="2s"/>', 2.0),
        ('<break time="40ms"/>', 0.04),
        ('<break strength="x-strong"/>', 1.2),
        ('<break strength="none"/>', None),
    ],
)
def test_breaks(tag: str, seconds: float | None) -> None:
    found = [part.seconds for part in parts(f"<speak>a{tag}b</speak>") if isinstance(part, Pause)]
    assert found == ([] if seconds is None else [pytest.approx(seconds)])
    assert said(f"<speak>a{tag}b</speak>") == ("ab" if seconds is None else "a b")


@pytest.mark.parametrize(
    ("attributes", "style"),
    [
        ('rate="50%"', Style(speed=0.5)),
        ('rate="+20%"', Style(speed=1.2)),
        ('rate="1.5"', Style(speed=1.5)),
        ('pitch="+2st"', Style(pitch=2.0)),
        ('pitch="-50%"', Style(pitch=-12.0)),
        ('pitch="high"', Style(pitch=3.0)),
        ('volume="+20dB"', Style(volume=10.0)),
        ('volume="silent"', Style(volume=0.0)),
    ],
)
def test_prosody(attributes: str, style: Style) -> None:
    (part,) = parts(f"<speak><prosody {attributes}>a</prosody></speak>")
    assert isinstance(part, Stretch)
    assert (part.style.speed, part.style.pitch, part.style.volume) == pytest.approx(
        (style.speed, style.pitch, style.volume)
    )


def test_what_is_inside_each_other_adds_up() -> None:
    text = '<speak><prosody rate="50%">a <emphasis>b</emphasis></prosody> <lang xml:lang="fr-FR">c</lang></speak>'
    stretches = [part for part in parts(text) if isinstance(part, Stretch)]
    assert [(s.text.text, round(s.style.speed, 3), s.style.language) for s in stretches] == [
        ("a ", 0.5, ""),
        ("b", 0.465, ""),
        (" ", 1.0, ""),
        ("c", 1.0, "fr-FR"),
    ]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ('<sub alias="Doctor">Dr.</sub> Who', "Doctor Who"),
        ('<sub alias="Doctor"></sub>Who', "Who"),  # what is left after a break of the answer
        ('<say-as interpret-as="digits">42</say-as>', "4 2"),
        ('<say-as interpret-as="cardinal">1,042</say-as>', "one thousand and forty-two"),
        ('<say-as interpret-as="ordinal">3</say-as>', "third"),
        ('<say-as interpret-as="characters">ab1</say-as>', "a, b, 1"),
        ('<say-as interpret-as="telephone">+44 (20) 79</say-as>', "4 4, 2 0, 7 9"),
        ('<say-as interpret-as="time">9:05</say-as>', "nine oh five"),
        ('<say-as interpret-as="currency">$2.50</say-as>', "two dollars fifty"),
        ('<say-as interpret-as="colour">red</say-as>', "red"),
        ('<phoneme alphabet="ipa" ph="təˈmɑːtəʊ">tomato</phoneme>', "tomato"),
        ('<phoneme alphabet="x-pinyin" ph="chong2 qing4">重庆</phoneme>', "(chong2)(qing4)"),
        ("<blink>a<b>b</b></blink>", "ab"),
        ("a<desc>not said</desc>b", "ab"),
        ("<![CDATA[a < b & c]]>", "a < b & c"),
        ("a<!-- not said -->b", "ab"),
    ],
)
def test_readings(markup: str, text: str) -> None:
    assert said(f"<speak>{markup}</speak>") == text


def test_numbers_are_read_in_the_language_they_stand_in() -> None:
    number = '<say-as interpret-as="cardinal">21</say-as>'
    assert said(f'<speak>{number} <lang xml:lang="fr">{number}</lang></speak>', "de-DE") == "einundzwanzig vingt et un"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<speak>a", "no element found"),
        ("<speak><p>a</speak>", "mismatched tag"),
        ("<speak>a & b</speak>", "not well-formed"),
        ("<speak>&nbsp;</speak>", "undefined entity"),
        ("<p>a</p>", "begins with <speak>"),
        ('<!DOCTYPE s [<!ENTITY a "aa">]><speak>&a;</speak>', "DOCTYPE"),
        ("<speak>" + "<p>" * 40, "inside each other"),
        ('<speak><prosody rate="-">a</prosody></speak>', "prosody rate"),
        ('<speak><prosody pitch="+20Hz">a</prosody></speak>', "prosody pitch"),
        ('<speak><break time="100s"/></speak>', 'break of "100s"'),
        ('<speak><break strength="mighty"/></speak>', "break strength"),
        ("just text", "not well-formed at character 0"),
    ],
)
def test_what_cannot_be_is_said(text: str, why: str) -> None:
    with pytest.raises(InvalidArgument, match=why.replace("(", "\\(")):
        read(text)
