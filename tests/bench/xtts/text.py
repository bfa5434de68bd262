"""Section: the text of XTTS beside coqui-tts's, on the corpus and on made-up texts, and how long each line takes.

`python tests/bench/xtts/text.py PYTHON` records what the coqui-tts of that Python makes of the corpus anew, in
tests/unit/svc_tts/engines/xtts/text/reference/. It wants pypinyin, cutlet and unidic-lite beside coqui-tts.
"""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from svc_tts.engines.xtts.text.cleaning import clean
from svc_tts.engines.xtts.text.tokenizer import Tokenizer

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
VOCABULARY = ROOT / "tests/fakes/xtts_vocab.json"
REFERENCES = ROOT / "tests/unit/svc_tts/engines/xtts/text/reference"
REFERENCE_S = 300.0  # it imports torch and transformers
MADE_UP = 4_000
SEED = 20
Case = tuple[str, str]  # language, text

_CHINESE = (
    "年 月 日 号 个 只 张 块 角 毛 分 钟 元 百 千 万 亿 % ％ 多 余 几 我 的 书 在 人 本 了 "
    "。 ， ！ ？ （ ） “ … - . , £ ° b2b"
)
_OTHERS = (
    "dr. mr. st. co. p. m. b. г-н д-р word Straße İĞÜÖ l'été año ون ر 번째 번 차 de ste e o a er st nd th inci adik ik "
    ". , : / - $ € £ ° º ª % & @ # ! ? ; ' \" ( ) नमस्ते 안녕하세요 물엿 привет -й -ое مرحبا"
)


def reference(python: Path, cases: Sequence[Case], vocabulary: Path = VOCABULARY) -> list[dict]:
    """What coqui-tts makes of each case."""
    command = [python, HERE / "reference_text.py", vocabulary]
    done = subprocess.run(
        command, input=json.dumps(cases), capture_output=True, text=True, timeout=REFERENCE_S, check=False
    )
    if done.returncode:
        raise SystemExit(f"{python} could not read the texts with coqui-tts:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def corpus() -> list[Case]:
    files = sorted(REFERENCES.glob("*.json"))
    return [(file.stem, line["text"]) for file in files for line in json.loads(file.read_text())]


def made_up(count: int = MADE_UP, seed: int = SEED) -> list[Case]:
    """Numbers, signs and endings in a row, in every language whose numbers are read by rules."""
    dice = random.Random(seed)
    languages = [file.stem for file in sorted(REFERENCES.glob("*.json")) if file.stem != "ja"]
    return [(language, _made_up(dice, language)) for language in dice.choices(languages, k=count)]


def _made_up(dice: random.Random, language: str) -> str:
    words = (_CHINESE if language == "zh" else _OTHERS).split() + [" "] * 8
    return "".join(_number(dice) if dice.random() < 0.45 else dice.choice(words) for _ in range(dice.randint(1, 8)))


def _number(dice: random.Random) -> str:
    whole = dice.randrange(10 ** dice.randint(1, 8))
    return dice.choice([f"{whole}", f"{whole:,}", f"{whole % 100}", f"{whole % 1000}.{dice.randrange(1000)}"])


def measure(_: object) -> dict[str, float | bool | None]:
    """The section of `make bench-xtts`; nothing where there is no coqui-tts."""
    from tests.bench.xtts.laboratory import python

    interpreter = python()
    if interpreter is None:
        print("coqui-tts is not installed here: tests/bench/xtts/install.sh .venv/bin/uv")
        return {"text_lines": None, "text_read_otherwise": None}
    measured = figures(interpreter)
    for name, value in measured.items():
        print(f"{name:32}  {value:8.0f}")
    return dict(measured)


def figures(python: Path) -> dict[str, float]:
    """How many texts are read otherwise than coqui-tts reads them, of how many that it can read."""
    tokenizer = Tokenizer(VOCABULARY)
    cases = [*corpus(), *made_up()]
    theirs = [answer["tokens"] for answer in reference(python, cases)]
    began = time.perf_counter()
    ours = [tokenizer.encode(text, language) for language, text in cases]
    spent_s = time.perf_counter() - began
    readable = [(mine, their) for mine, their in zip(ours, theirs, strict=True) if their]
    return {
        "text_lines": len(readable),
        "text_read_otherwise": sum(mine != their for mine, their in readable),
        "text_lines_upstream_fails_at": len(cases) - len(readable),
        "text_us_per_line": round(spent_s / len(cases) * 1e6),
    }


def record(python: Path) -> None:
    """Write what coqui-tts makes of the corpus beside its texts."""
    cases = corpus()
    answers = iter(zip(cases, reference(python, cases), strict=True))
    for file in sorted(REFERENCES.glob("*.json")):
        rows = []
        for (language, text), read in itertools.islice(answers, len(json.loads(file.read_text()))):
            line = {"text": text, "cleaned": read["cleaned"], "tokens": read["tokens"]}
            rows.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
            if read["cleaned"] not in {None, clean(text, language)}:
                print(f"{language}: {text!r} is {read['cleaned']!r} there, {clean(text, language)!r} here")
        file.write_text("[\n" + ",\n".join(rows) + "\n]\n")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
