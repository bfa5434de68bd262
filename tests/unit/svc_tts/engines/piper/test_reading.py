from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.fakes.piper_voice import write

from svc_tts.engines.child import ChildPool
from svc_tts.engines.espeak import find_espeak
from svc_tts.engines.piper.phonemes import stretches
from svc_tts.engines.piper.reading import Reader, Reading
from svc_tts.engines.piper.voice import PiperVoice, read_voice


@asynccontextmanager
async def reading() -> AsyncIterator[Reader]:
    library = find_espeak()
    pool = ChildPool(("svc_tts.engines.espeak_child", library.path, library.data), 1, 2.0)
    try:
        yield Reader(pool)
    finally:
        await pool.close()


def voice(folder: Path, name: str = "en_US-toy-medium", **changes: object) -> PiperVoice:
    return read_voice(write(folder, name, **changes))


def written(read: Reading) -> str:
    return "".join(symbol.text for clause in read.clauses for symbol in clause.symbols)


def words(read: Reading, text: str) -> list[str]:
    return [text[slice(*token.span)] for token in read.tokens]


async def test_clauses_keep_their_punctuation(tmp_path: Path) -> None:
    text = "Hello, world; is it so: yes! (well) he said... and"
    async with reading() as reader:
        read = await reader.read(text, voice(tmp_path))
    assert written(read) == "həlˈoʊ, wˈɜːld; ɪz ɪt sˈoʊ: jˈɛs! wˈɛl hiː sˈɛd. ænd "
    assert [clause.end for clause in read.clauses] == [1, 2, 5, 6, 9, 10]


async def test_an_abbreviation_makes_no_pause(tmp_path: Path) -> None:
    async with reading() as reader:
        read = await reader.read("Dr. Smith met Mrs. Jones.", voice(tmp_path))
    assert written(read).count(".") == 1
    assert written(read).startswith("dˈɑːktɚ smˈɪθ")


async def test_words_know_their_place_and_their_phones(tmp_path: Path) -> None:
    text = "“End of the day”, 25 apples."
    async with reading() as reader:
        read = await reader.read(text, voice(tmp_path))
        again = await reader.read(text, voice(tmp_path))
    assert words(read, text) == ["End", "of", "the", "day", "25", "apples"]
    assert read.tokens[0].phones == ("ɛ", "n", "d")
    assert "".join(read.tokens[4].phones) == "twɛntifaɪv"
    assert again == read


async def test_foreign_words_are_marked_by_nothing(tmp_path: Path) -> None:
    async with reading() as reader:
        read = await reader.read("Bonjour, this is l'été.", voice(tmp_path, "fr_FR-toy-low"))
    assert "(" not in written(read)
    assert "ðɪs" in written(read)


async def test_chinese_is_read_by_its_pinyin(tmp_path: Path) -> None:
    text = "你好，世界。"
    async with reading() as reader:
        read = await reader.read(text, voice(tmp_path, "zh_CN-toy-medium", espeak={"voice": "cmn"}))
    assert "tʃˈaɪniːz" not in written(read)
    assert words(read, text) == list("你好世界")
    assert written(read).count(",") == 1


async def test_a_voice_of_letters_needs_no_espeak(tmp_path: Path) -> None:
    text = "Да, Ok."
    ids = {symbol: [index] for index, symbol in enumerate("_^$ ,.даok")}
    letters = voice(tmp_path, "uk_UA-toy-x_low", phoneme_type="text", phoneme_id_map=ids)
    read = await Reader(ChildPool(("nothing",), 1, 1.0)).read(text, letters)
    assert written(read) == "Да, Ok. "
    assert words(read, text) == ["Да", "Ok"]
    assert [clause.end for clause in read.clauses] == [1, 2]


async def test_a_voice_of_pinyin(tmp_path: Path) -> None:
    text = "你好，世界！"
    read = await Reader(ChildPool(("nothing",), 1, 1.0)).read(
        text, voice(tmp_path, "zh_CN-toy-medium", phoneme_type="pinyin")
    )
    assert [[symbol.text for symbol in clause.symbols] for clause in read.clauses] == [
        ["n", "i", "3", "h", "ao", "3", "，"],
        ["sh", "i", "4", "j", "ie", "4", "！"],
    ]
    assert words(read, text) == list("你好世界")
    assert read.tokens[1].phones == ("h", "ao")


async def test_a_dead_reader_is_replaced(tmp_path: Path) -> None:
    async with reading() as reader:
        toy = voice(tmp_path)
        before = await reader.read("one two", toy)
        (child,) = reader._pool.children
        await child.kill()
        assert await reader.read("one two", toy) == before


@pytest.mark.parametrize("text", ["a" * 3_000, "word " * 2_000, "one, two; " * 500, "\0", "…", "💥 (en) [[x]]"])
async def test_any_text_is_read_in_bearable_stretches(tmp_path: Path, text: str) -> None:
    async with reading() as reader:
        read = await reader.read(text, voice(tmp_path))
    cut = stretches(read.clauses)
    assert max((len(each.symbols) for each in cut), default=0) <= 600
    assert not cut or cut[-1].end == len(read.tokens)
