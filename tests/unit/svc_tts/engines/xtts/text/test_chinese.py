from __future__ import annotations

import pytest

from svc_tts.engines.xtts.text.chinese import cardinal, read_chinese, spelled


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("0", "零"),
        ("2", "二"),
        ("10", "十"),
        ("12", "十二"),
        ("20", "二十"),
        ("102", "一百零二"),
        ("200", "两百"),
        ("2222", "两千两百二十二"),
        ("10200", "一万零二百"),
        ("22000", "两万两千"),
        ("220000", "二十二万"),
        ("100000001", "一亿零一"),
        ("0.5", "零点五"),
        ("00.5", "零点五"),
        ("12.50", "十二点五零"),
        ("000", ""),
    ],
)
def test_numbers_are_counted(number: str, said: str) -> None:
    assert cardinal(number) == said


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2024年3月5日", "二零二四年三月五日"),
        ("98年12月2号", "九八年十二月二号"),
        ("3块5", "三块五"),
        ("10000元", "一万元"),
        ("打13800138000吧", "打一三八零零一三八零零零吧"),
        ("010-12345678", "零一零一二三四五六七八"),
        ("3/4", "四分之三"),
        ("12.5％", "百分之十二点五"),
        ("2个200只2024", "二个两百只二零二四"),
        ("302", "三百零二"),
        ("B2B", "B2B"),
        ("“好”，(真的)？！", ",好,,,真的,,,"),
        ("2024有24个", "二零二四有二十四个"),  # coqui-tts: 20二十四有24个
    ],
)
def test_numbers_are_read_by_what_they_are(text: str, read: str) -> None:
    assert read_chinese(text) == read


def test_digits_are_spelled() -> None:
    assert spelled("2009") == "二零零九"
