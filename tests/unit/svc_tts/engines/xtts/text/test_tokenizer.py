from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.fakes.xtts_vocab import FIXED, SIZE, make_vocab

from svc_tts.engines.xtts.text.languages import LANGUAGES
from svc_tts.engines.xtts.text.tokenizer import Tokenizer
from troupe.wire.errors import EmptyText, EngineMissing, UnsupportedLanguage

REFERENCES = Path(__file__).parent / "reference"


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return Tokenizer(make_vocab(tmp_path_factory.mktemp("model") / "vocab.json"))


def reference(language: str) -> list[dict]:
    return json.loads((REFERENCES / f"{language}.json").read_text())


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_are_those_of_coqui_tts(tokenizer: Tokenizer, language: str) -> None:
    lines = [line for line in reference(language) if line["tokens"] is not None]
    assert len(lines) >= (50 if language == "hi" else 60)  # coqui-tts fails at Hindi numbers
    wrong = [line["text"] for line in lines if tokenizer.encode(line["text"], language) != line["tokens"]]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_is_cut_with_nothing_unknown(tokenizer: Tokenizer, language: str) -> None:
    for line in reference(language):
        try:
            pieces = tokenizer.cut(line["text"], language)
        except EmptyText:
            assert not any(character.isalnum() for character in line["text"])
            continue
        assert all(1 not in piece.tokens for piece in pieces), line["text"]
        assert pieces[0].start == 0
        assert pieces[-1].end == len(line["text"])


def test_the_language_stands_first_and_spaces_are_tokens(tokenizer: Tokenizer) -> None:
    tokens = tokenizer.encode("a b", "en-GB")
    assert tokens[0] == FIXED["[en]"]
    assert FIXED["[SPACE]"] in tokens
    assert tokenizer.encode("你好", "zh-CN")[0] == tokenizer.encode("你好", "zh_TW")[0] == SIZE - 5
    assert tokenizer.size == SIZE


def test_cut_drops_what_the_vocabulary_lacks(tokenizer: Tokenizer) -> None:
    assert 1 in tokenizer.encode("a ☃ b", "en")
    assert tokenizer.cut("a ☃ b", "en")[0].tokens == tuple(tokenizer.encode("a b", "en"))
    assert 1 in tokenizer.encode("12,5 Sekunden", "de")  # num2words says "Komma", with a capital
    assert 1 not in tokenizer.cut("12,5 Sekunden", "de")[0].tokens


def test_special_tokens_cannot_be_written(tokenizer: Tokenizer) -> None:
    tokens = tokenizer.cut("say [de] [STOP] [SPACE] [START] now", "en")[0].tokens
    assert not set(tokens) & {FIXED["[de]"], FIXED["[STOP]"], FIXED["[START]"]}


@pytest.mark.parametrize("text", ["", "   ", "…!?", "😀", "ไทย", "[ ]", "\x00\u202e"])
def test_text_with_nothing_to_say_is_refused(tokenizer: Tokenizer, text: str) -> None:
    with pytest.raises(EmptyText, match="nothing that XTTS can say in en"):
        tokenizer.cut(text, "en")


def test_languages_that_it_does_not_read_are_refused(tokenizer: Tokenizer, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedLanguage, match=r'does not read "sv-SE"\. It reads en, de'):
        tokenizer.encode("hej", "sv-SE")
    old = json.loads(make_vocab(tmp_path / "vocab.json").read_text())
    old["added_tokens"] = [token for token in old["added_tokens"] if token["content"] != "[hi]"]
    old["model"]["vocab"]["hindi"] = old["model"]["vocab"].pop("[hi]")
    (tmp_path / "old.json").write_text(json.dumps(old))
    without_hindi = Tokenizer(tmp_path / "old.json")
    assert "hi" not in without_hindi.languages
    with pytest.raises(UnsupportedLanguage, match='This model does not speak "hi"'):
        without_hindi.cut("नमस्ते", "hi")


def test_a_text_of_too_many_tokens_is_cut_and_not_refused(tmp_path: Path) -> None:
    tokenizer = Tokenizer(make_vocab(tmp_path / "vocab.json"), max_text_tokens=40)
    text = "It cost 987,654,321 dollars and 123,456,789 cents, they say. " * 3
    pieces = tokenizer.cut(text, "en")
    assert all(1 < len(piece.tokens) < 40 for piece in pieces)
    assert [piece.end for piece in pieces] == [piece.start for piece in pieces[1:]] + [len(text)]


def test_a_file_that_is_no_vocabulary_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(EngineMissing, match="is not there"):
        Tokenizer(tmp_path / "vocab.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(EngineMissing, match="cannot be read as a vocabulary"):
        Tokenizer(tmp_path / "broken.json")
    other = json.loads(make_vocab(tmp_path / "vocab.json").read_text()) | {"added_tokens": []}
    other["model"] |= {"vocab": {"[UNK]": 0, "a": 1}, "merges": []}
    (tmp_path / "other.json").write_text(json.dumps(other))
    with pytest.raises(EngineMissing, match="no vocabulary of XTTS"):
        Tokenizer(tmp_path / "other.json")
