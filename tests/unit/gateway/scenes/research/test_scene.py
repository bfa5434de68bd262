from __future__ import annotations

import pytest

from gateway.scenes.research.scene import _joined


@pytest.mark.parametrize(
    ("sentences", "text"),
    [
        ([], ""),
        (["One.", "Two."], "One. Two."),
        (["云栖山。", "「很好」。", "Tea.", "好。"], "云栖山。「很好」。 Tea. 好。"),
        (["안녕하세요.", "좋아요."], "안녕하세요. 좋아요."),
    ],
)
def test_sentences_become_a_text(sentences, text) -> None:
    assert _joined(sentences) == text
