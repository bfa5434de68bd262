"""A small vocabulary of the shape of XTTS v2's: the numbers of its special tokens, byte pairs learned from the corpus.

`make_vocab(path)` writes the one that the token ids of the corpus were recorded with. It is trained anew by
`python tests/fakes/xtts_vocab.py`, after which the references must be recorded anew (tests/bench/xtts/text.py).
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
COMMITTED = HERE / "xtts_vocab.json"
REFERENCES = HERE.parent / "unit/svc_tts/engines/xtts/text/reference"
SIZE = 1500
START, STOP = 261, 0
FIXED = {
    "[STOP]": STOP,
    "[UNK]": 1,
    "[SPACE]": 2,
    "[en]": 259,
    "[de]": 260,
    "[START]": START,
    "[fr]": 262,
    "[ru]": 267,
    "[es]": 284,
    "[it]": 285,
    "[pt]": 286,
    "[cs]": 293,
    "[pl]": 294,
    "[tr]": 295,
    "[nl]": 297,
}
"""As in the release (coqui-ai/TTS, tests/inputs/xtts_vocab.json); the languages it added later have larger numbers."""
KNOWN = " !'(),-./12345:;?\u0301\u0307" + "".join(map(chr, (*range(0x64B, 0x653), *range(0x900, 0x980))))
"""What it holds besides small letters, much as in the release: no capitals, of the digits the tones of pinyin."""
LATER = ("[ar]", "[zh-cn]", "[ja]", "[hu]", "[ko]", "[hi]")


def make_vocab(path: Path) -> Path:
    """Write the vocabulary to `path`, a file; its `SIZE` numbers have no holes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(COMMITTED, path))


def train(texts: list[str]) -> dict:
    """A vocabulary of `SIZE` from cleaned texts, in the format of `tokenizers`."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE(unk_token="[UNK]"))
    bpe.pre_tokenizer = pre_tokenizers.Whitespace()
    specials = [*FIXED, *LATER]
    trainer = trainers.BpeTrainer(vocab_size=SIZE, special_tokens=specials, show_progress=False)
    bpe.train_from_iterator(texts, trainer)
    learned = json.loads(bpe.to_str())["model"]
    numbers = _renumbered([token for token in learned["vocab"] if token not in specials])
    return _as_released(numbers, [" ".join(pair) for pair in learned["merges"]])


def _renumbered(tokens: list[str]) -> dict[str, int]:
    numbers = FIXED | {token: SIZE - len(LATER) + place for place, token in enumerate(LATER)}
    free = (number for number in range(SIZE) if number not in set(numbers.values()))
    return dict(sorted((numbers | dict(zip(tokens, free, strict=False))).items(), key=lambda item: item[1]))


def _as_released(numbers: dict[str, int], merges: list[str]) -> dict:
    flags = {"special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": numbers[token], "content": token, **flags} for token in [*FIXED, *LATER]],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "[UNK]",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "vocab": numbers,
            "merges": merges,
        },
    }


def main() -> None:
    from svc_tts.engines.xtts.text.cleaning import clean

    def known(text: str) -> str:
        return "".join(character for character in text.lower() if character.isalpha() or character in KNOWN)

    lines = [(file.stem, line) for file in sorted(REFERENCES.glob("*.json")) for line in json.loads(file.read_text())]
    vocabulary = train([known(clean(line["text"], language)) for language, line in lines])
    COMMITTED.write_text(json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":")) + "\n")
    sys.stdout.write(f"{COMMITTED.name}: {len(vocabulary['model']['vocab'])} entries\n")


if __name__ == "__main__":
    main()
