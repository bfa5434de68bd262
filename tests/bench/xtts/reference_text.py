"""What coqui-tts makes of texts: `python reference_text.py VOCABULARY < CASES`, run by the reference's own Python.

CASES is a JSON list of [language, text]; printed is a JSON list of {"cleaned", "tokens"}, both null where it fails, and
then "error". It needs coqui-tts with pypinyin, cutlet and unidic-lite beside it, and nothing of this project.
"""

from __future__ import annotations

import json
import sys


def main() -> None:
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer

    tokenizer = VoiceBpeTokenizer(sys.argv[1])
    json.dump([read(tokenizer, *case) for case in json.load(sys.stdin)], sys.stdout, ensure_ascii=False)


def read(tokenizer, language, text) -> dict:
    try:
        return {
            "cleaned": tokenizer.preprocess_text(text, language),
            "tokens": tokenizer.encode(text, language),
        }
    except Exception as error:  # noqa: BLE001  # whatever it fails with is what is to be known
        return {"cleaned": None, "tokens": None, "error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
