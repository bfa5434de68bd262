from __future__ import annotations

from svc_text.engines.extractive.words import TOKEN, spoken, terms


def test_terms_leave_common_words_out_and_join_forms() -> None:
    assert terms("The pumps and the pumping of water", "en") >= {"water"}
    assert terms("Kreiselpumpe", "de") == terms("Kreiselpumpen", "de")
    assert "the" not in terms("the pump", "en")


def test_ideographs_are_counted_in_pairs() -> None:
    assert terms("农业机器", "zh") == {"农业", "业机", "机器"}


def test_tokens_joined_are_the_text() -> None:
    text = "One two, 三四。 five\n"
    assert "".join(TOKEN.findall(text)) + "\n" == text
    assert len(TOKEN.findall("三四五")) == 3


def test_how_long_it_takes_to_say() -> None:
    assert spoken("Three short words") == 3
    assert spoken("九个汉字说得很快吧") == 5
