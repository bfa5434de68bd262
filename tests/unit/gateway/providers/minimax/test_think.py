import itertools
import random

import pytest

from gateway.providers.minimax.think import ThinkSplitter


def split(*pieces) -> tuple[str, str]:
    splitter = ThinkSplitter()
    parts = [splitter.feed(piece) for piece in pieces] + [splitter.flush()]
    return "".join(part[0] for part in parts), "".join(part[1] for part in parts)


@pytest.mark.parametrize(
    ("text", "content", "thought"),
    [
        ("plain", "plain", ""),
        ("<think>\nhm\n</think>\n\nyes", "yes", "hm\n"),
        (" \n<think>hm</think>yes", "yes", "hm"),
        ("<think>never closed", "", "never closed"),
        ("say <think>x</think>", "say <think>x</think>", ""),
        ("<think>a</think>b<think>c</think>", "b<think>c</think>", "a"),
        ("<thin", "<thin", ""),
        ("<table>", "<table>", ""),
        ("<think></think>", "", ""),
        ("<think>a < b</think>c", "c", "a < b"),
    ],
)
def test_whatever_the_pieces(text, content, thought):
    chance = random.Random(1)
    assert split(text) == (content, thought)
    assert split(*text) == (content, thought)
    for _ in range(20):
        cuts = sorted(chance.sample(range(len(text) + 1), min(3, len(text))))
        edges = [0, *cuts, len(text)]
        assert split(*(text[a:b] for a, b in itertools.pairwise(edges))) == (content, thought)
