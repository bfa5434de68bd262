from __future__ import annotations

from svc_tts.engines.xtts.text.romanization import pinyin, romaja, romaji


def test_chinese_is_pinyin() -> None:
    assert pinyin("你好吗, ok") == "ni3hao3ma5, ok"
    assert pinyin("你好", tones=False) == "ni hao"


def test_japanese_is_hepburn() -> None:
    assert romaji("カツカレーを食べた。") == "cutlet curry wo tabeta."
    assert romaji("") == ""
    assert romaji("か\u3097な") == romaji("かな")  # no letter; cutlet fails at it
    assert romaji("\u3097") == ""


def test_korean_is_academic() -> None:
    assert romaja("물엿 abc") == "mul-yeos abc"
    assert romaja("닭을 읽고") == "dalg-eul ilggo"
