"""Rungs that really answer, and break where a test says: after so many messages of an attempt."""

from __future__ import annotations

import pytest

from troupe.wire.errors import StreamBroken, TroupeError


class BreakingStream:
    def __init__(self, answer, inputs, after) -> None:
        self._inputs = inputs
        self._answer = answer(inputs)
        self._left = after
        self.closed = False

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self._left == 0:
            raise StreamBroken("the connection broke", lost="connection")
        if self._left is not None:
            self._left -= 1
        return await anext(self._answer)

    def abort(self, error) -> None:
        self._answer = raising(error)

    async def aclose(self) -> None:
        self.closed = True
        await self._answer.aclose()
        await self._inputs.aclose()


async def raising(error: TroupeError):
    raise error
    yield


@pytest.fixture
def breaking(rung):
    """`breaking(name, answer, breaks=[3, 1])`: the first attempt breaks after 3 messages, the second after 1."""

    class BreakingRung(rung):
        def __init__(self, name, answer, *, breaks=(), **more) -> None:
            super().__init__(name, (), **more)
            self.answer, self.breaks = answer, list(breaks)

        def open(self, call, address, timeout_s):
            self.asked.append(address)
            after = self.breaks.pop(0) if self.breaks else None
            self.streams.append(BreakingStream(self.answer, call.inputs(self), after))
            return self.streams[-1]

    return BreakingRung
