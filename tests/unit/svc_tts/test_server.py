from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from svc_tts.audio.decode import MAX_FILE_BYTES
from svc_tts.server import _whole
from troupe.wire.errors import BodyTooLarge


async def test_a_file_that_is_too_large_is_refused_as_soon_as_it_is() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1 << 20
            yield bytes(1 << 20)

    with pytest.raises(BodyTooLarge, match="20 MiB"):
        await _whole(endless())
    assert sent == MAX_FILE_BYTES + (1 << 20)
