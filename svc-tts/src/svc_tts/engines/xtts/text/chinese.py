"""Chinese numbers, dates, amounts and telephone numbers as they are read, and punctuation as commas.

The rules, in their order, are those of chn_text_norm as coqui-tts uses it (xtts/zh_num2words.py): the model was
trained on texts read so. One thing is done otherwise: a number is replaced where it stands, not where the same digits
come first ("2024有24个" is no "20二十四有24个").
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable

_DIGITS = "零一二三四五六七八九"
_UNITS = tuple(zip((1, 2, 3, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44), "十百千万亿兆京垓秭穰沟涧正载", strict=True))
"""(power of ten, its character), the smallest first."""
_TWO, _LIANG, _TEN = "二两十"

_MONEY_UNIT = "(?:亿|千万|百万|万|千|百|元|块|角|毛|分)"
_MEASURES = (
    "匹张座回场尾条个首阙阵网炮顶丘棵只支袭辆挑担颗壳窠曲墙群腔砣客贯扎捆刀令打手罗坡山岭江溪钟队单双对出口头脚板跳枝件贴针线管名位"
    "身堂课本页家户层丝毫厘分钱两斤铢石钧锱忽寸尺丈里寻常铺程撮勺合升斗盘碗碟叠桶笼盆盒杯斛锅簋篮罐瓶壶卮盏箩箱煲啖袋钵年月日季刻时周天"
    "秒旬纪岁世更夜春夏秋冬代伏辈丸泡粒幢堆根道面片块"
)
_MEASURE = f"(?:[{_MEASURES}]|[千毫微]克|[千分厘毫微]米)"

_COMMAS = str.maketrans(
    dict.fromkeys(
        [
            *string.punctuation,
            *map(chr, range(0xFF01, 0xFF0E)),  # full width, but not its full stop and digits
            *map(chr, (0xFF0F, *range(0xFF1A, 0xFF21), *range(0xFF3B, 0xFF41), *range(0xFF5B, 0xFF65))),
            *map(chr, (*range(0x3001, 0x3004), *range(0x3008, 0x3012), *range(0x3014, 0x3020))),
            *"〰〾〿–—‘’‛“”„‟…‧﹏·",
        ],
        ",",
    )
)


def read_chinese(text: str) -> str:
    """`text` with its numbers in characters, and a comma in place of every mark of punctuation."""
    text = f"^{text}$"  # so that a number at an end has something beside it, too
    for pattern, read in _RULES:
        text = pattern.sub(read, text)
    return text.lstrip("^").rstrip("$").translate(_COMMAS)


def cardinal(number: str) -> str:
    """A number, "2012" or "1.5", as it is counted: 两千零一十二."""
    whole, point, fraction = number.partition(".")
    said = _liang(_counted(whole) if len(whole) > 1 else spelled(whole)) + ("点" if point else "") + spelled(fraction)
    if said.startswith("点"):
        return "零" + said
    return said[1:] if said.startswith("一十") else said


def spelled(digits: str) -> str:
    """Digits one by one, as in a year or a telephone number."""
    return "".join(_DIGITS[int(digit)] for digit in digits)


def _counted(digits: str) -> str:
    stripped = digits.lstrip("0")
    if not stripped:
        return ""
    if len(stripped) == 1:
        return ("零" if len(digits) > 1 else "") + spelled(stripped)
    power, unit = max(pair for pair in _UNITS if pair[0] < len(stripped))
    return _counted(digits[:-power]) + unit + _counted(stripped[-power:])


def _liang(said: str) -> str:
    """二 before hundreds and more is 两, unless it belongs to a longer number of its unit (二十二万)."""
    units = {unit for _, unit in _UNITS}
    before = ["", *said]
    after = [*said[1:], ""]
    return "".join(
        _LIANG if here == _TWO and b in units | {""} and b != _TEN and a in units and a != _TEN else here
        for b, here, a in zip(before, said, after, strict=False)
    )


def _date(match: re.Match[str]) -> str:
    before = match.group()[: match.start(1) - match.start()]
    year, month, day = match.group("year"), match.group("month"), match.group("day")
    said = f"{spelled(year)}年" if year else ""
    said += f"{cardinal(month)}月" if month else ""
    return before + said + (f"{cardinal(day)}{match.group('kind')}" if day else "")


def _counting(group: str) -> Callable[[re.Match[str]], str]:
    return _within(group, lambda said: re.sub(r"\d+(?:\.\d+)?", lambda number: cardinal(number.group()), said))


def _spelling(group: str) -> Callable[[re.Match[str]], str]:
    return _within(group, lambda said: spelled(re.sub(r"\D", "", said)))


def _within(group: str, read: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
    """What reads one group of a match and leaves what is beside it."""

    def replace(match: re.Match[str]) -> str:
        start, end = (at - match.start() for at in match.span(group))
        return match.group()[:start] + read(match.group(group)) + match.group()[end:]

    return replace


def _fraction(match: re.Match[str]) -> str:
    return f"{cardinal(match.group(2))}分之{cardinal(match.group(1))}"


_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (
        re.compile(
            r"\D+((?:(?P<year>[089]\d|(?:19|20)\d{2})年)?(?:(?P<month>\d{1,2})月(?:(?P<day>\d{1,2})(?P<kind>[日号]))?)?)"
        ),
        _date,
    ),
    (re.compile(rf"\D+(?P<n>\d+(?:\.\d+)?[多余几]?{_MONEY_UNIT}(?:\d{_MONEY_UNIT}?)?)"), _counting("n")),
    (re.compile(r"\D(?P<n>(?:\+?86 ?)?1(?:[38]\d|5[0-35-9]|7[678]|9[89])\d{8})\D"), _spelling("n")),
    (re.compile(r"\D(?P<n>(?:0(?:10|2[1-3]|[3-9]\d{2})-?)?[1-9]\d{6,7})\D"), _spelling("n")),
    (re.compile(r"(\d+)/(\d+)"), _fraction),
    (re.compile(r"(\d+(?:\.\d+)?)[%％]"), lambda match: f"百分之{cardinal(match.group(1))}"),
    (re.compile(rf"(?P<n>\d+(?:\.\d+)?)[多余几]?{_MEASURE}"), _counting("n")),
    (re.compile(r"\d{4,32}"), lambda match: spelled(match.group())),
    (re.compile(r"\d+(?:\.\d+)?"), lambda match: cardinal(match.group())),
    (re.compile(r"([a-zA-Z]+)二([a-zA-Z]+)"), lambda match: f"{match[1]}2{match[2]}"),  # B2B
)
"""What is looked for, and how it is read: dates, money, mobile and fixed telephones, fractions, ..."""
