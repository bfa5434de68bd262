from __future__ import annotations

import json

from svc_tts.engines.xtts.orders import Line, Sample


def test_a_line_comes_out_as_it_went_in() -> None:
    for line in (Line("Hi", "en", "Ana", speed=1.5, top_k=3), Line("Hi", "en", sample=Sample("k", "w", "f"))):
        assert Line.of(json.loads(json.dumps(line.message()))) == line
