"""Whatever a route of the page can answer, the page has a sentence for it."""

from __future__ import annotations

import re

from gateway.dialects.studio import FOLDER
from troupe.wire.errors import BY_CODE

NOT_MET = {
    "unknown_engine": "the page names no engine",
    "unknown_provider": "nor a provider",
    "port_taken": "said at the start of a process only",
}
ITS_OWN = {"unreachable", "empty_idea", "empty_site", "bad_site"}
ITS_OWN |= {"unsupported_sound", "sound_too_large", "no_recording", "no_speaker", "not_agreed"}
ITS_OWN |= {"microphone_refused", "microphone_missing"}
SOURCE = (FOLDER / "js" / "errors.js").read_text()
ROW = re.compile(r'^  (\w+): \["(.+?)", "(.+?)", "(\w*)"\],$', re.MULTILINE)
SENTENCES = {code: (title, step, action) for code, title, step, action in ROW.findall(SOURCE)}
ACTIONS = set(re.findall(r"(\w+): ", SOURCE[SOURCE.index("const ACTIONS") :].splitlines()[0]))


def test_every_code_that_can_be_met_has_a_sentence() -> None:
    assert set(SENTENCES) == BY_CODE.keys() - NOT_MET.keys() | ITS_OWN


def test_sentences_are_sentences_and_buttons_are_there() -> None:
    for code, (title, step, action) in SENTENCES.items():
        assert title.endswith("."), code
        assert step.endswith("."), code
        assert action in ACTIONS | {""}, code
        assert not any(mark in title + step for mark in ("{", "_", "Error", "null")), code
