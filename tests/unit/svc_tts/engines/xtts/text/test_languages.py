from __future__ import annotations

import pytest

from svc_tts.engines.xtts.text.languages import LANGUAGES, language_of, token_of
from troupe.wire.errors import UnsupportedLanguage


def test_there_are_seventeen() -> None:
    assert len(LANGUAGES) == 17
    assert token_of("zh") == "[zh-cn]"
    assert token_of("en") == "[en]"


@pytest.mark.parametrize(("tag", "language"), [("en", "en"), ("pt-BR", "pt"), ("zh_CN", "zh"), ("ZH-Hant-TW", "zh")])
def test_regions_do_not_matter(tag: str, language: str) -> None:
    assert language_of(tag) == language


@pytest.mark.parametrize("tag", ["sv", "", "english"])
def test_others_are_refused(tag: str) -> None:
    with pytest.raises(UnsupportedLanguage, match="It reads en, de, fr"):
        language_of(tag)
