from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from svc_tts.frontend.aligned import AlignedText
from svc_tts.frontend.readings import _tokenizer, kana, runs, warm_up
from troupe.wire.errors import EngineMissing

IDEOGRAPH = re.compile(r"[\u4e00-\u9fff]")


def said(text: str, language: str) -> list[tuple[str, str]]:
    return [(run.language, " ".join(run.text.text.split())) for run in runs(text, language)]


def test_chinese_is_pinyin() -> None:
    assert said("你好，世界！", "zh-CN") == [("zh-CN", "ni3 hao3 , shi4 jie4 !")]


def test_chinese_readings_depend_on_the_word() -> None:
    assert said("银行行长", "zh-CN") == [("zh-CN", "yin2 hang2 hang2 zhang3")]


def test_the_neutral_tone_and_u_umlaut_are_spelled_as_espeak_wants_them() -> None:
    assert said("女人吗", "zh-CN") == [("zh-CN", "nv3 ren2 ma5")]


def test_the_callers_own_pinyin_is_kept() -> None:
    assert said("(chu3)(li3)", "zh-CN") == [("zh-CN", "chu3 li3")]


def test_latin_words_in_chinese_are_read_in_english() -> None:
    assert [language for language, _ in said("我用AI技术", "zh-CN")] == ["zh-CN", "en-US", "zh-CN"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("今日は東京へ", "キョーワ トーキョーエ"),
        ("先生を思う", "センセーオ オモウ"),
        ("2026年。2026年", "2026 ネン. 2026 ネン"),
        ("僕は躑躅が好きだ", "ボクワ ツツジガ スキダ"),
    ],
)
def test_japanese_is_kana_as_pronounced(written: str, read: str) -> None:
    assert said(written, "ja-JP") == [("ja-JP", read)]


def test_no_ideograph_is_left_for_espeak() -> None:
    text = "龘靐齉爩 髙﨑 𠮷野家 魑魅魍魎 々"
    for language in ("zh-CN", "ja-JP", "en-US"):
        assert not [run for run in runs(text, language) if IDEOGRAPH.search(run.text.text)]


def test_a_foreign_script_is_read_by_who_knows_it() -> None:
    assert said("I like 北京 and Москва", "en-US") == [
        ("en-US", "I like"),
        ("zh-CN", "bei3 jing1"),
        ("en-US", "and"),
        ("ru-RU", "Москва"),
    ]


def test_readings_know_what_they_stand_for() -> None:
    text = "我在北京。"
    (run,) = runs(text, "zh-CN")
    at = run.text.text.index("bei3")
    assert run.text.source(at, at + 4) == (2, 3)


def test_japanese_is_read_by_several_threads_at_once() -> None:
    text = AlignedText.of("東京へ行きましょう。今日はいい天気ですね。" * 40)
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(kana, [text] * 24))
    assert {each.text for each in read} == {kana(text).text}


def test_an_installation_without_japanese_says_so_and_reads_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    _tokenizer.cache_clear()
    monkeypatch.setitem(sys.modules, "sudachipy", None)
    warm_up()
    assert runs("你好", "zh-CN")
    with pytest.raises(EngineMissing, match="sudachidict-small"):
        kana(AlignedText.of("日本"))
