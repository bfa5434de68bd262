"""Microsoft's neural voices: the ten of the first release and 312 more, streamed, with the time of every word.

It is the endpoint of the Edge browser's read-aloud, made for that browser: no contract, no promise, and the text leaves
the house. So this engine expects it to fail: each way of failing is told apart, and its health is learned from what
callers ask. Nothing is sent to Microsoft before somebody speaks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from importlib.metadata import version

from svc_tts.engine import EdgeOptions, EngineContext, EngineFacts, EngineVoice, Piece, Utterance
from svc_tts.engines.edge.boundaries import Boundary, WordTrack
from svc_tts.engines.edge.conversation import Asked, Conversation, Patience
from svc_tts.engines.edge.endpoint import point_at
from svc_tts.engines.edge.health import Health
from svc_tts.engines.edge.sound import Sound
from svc_tts.engines.edge.voices import VoiceList, bundled
from troupe.wire.errors import EngineMissing, InvalidArgument, TroupeError, UnsupportedLanguage

_RATE = 24_000  # Hz
_BITRATE = 48_000  # bits per second: the endpoint has this one format
_WAITING_PER_TURN = 8  # answers that may wait for each utterance asked at once


class EdgeEngine:
    """The endpoint, asked by a bounded number of utterances at once."""

    def __init__(self, context: EngineContext, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._commercial_only = context.commercial_only
        self._place = context.edge
        self._turns = asyncio.Semaphore(self._place.most_at_once)
        self._health = Health(first_rest_s=self._patience.rest_s)
        self._list = VoiceList(self._place.voices_file, self._place.proxy)
        self.facts = EngineFacts(
            name="edge",
            sample_rate=_RATE,
            languages=tuple(dict.fromkeys(voice.language for voice in bundled())),
            licence="Microsoft's terms; an unofficial consumer endpoint",
            licence_note="no licence is given for use outside the Edge browser; the text goes to Microsoft",
            commercial_use=False,
            model="edge-tts",
            version=version("edge-tts"),
            device="cloud",
            cloud=True,
            features=("timings", "speed"),
            max_streams=self._place.most_at_once * _WAITING_PER_TURN,
            probed=False,
            mp3_bitrate=_BITRATE,
        )

    def voices(self) -> tuple[EngineVoice, ...]:
        """As they are known now; those that Microsoft retired are marked."""
        return self._list.voices

    async def start(self, report: Callable[[float], None]) -> None:
        """Read the list of voices that was kept; nothing is asked of the network."""
        if self._commercial_only:
            raise EngineMissing(
                "Microsoft gives no licence for commercial use of edge, and TROUPE_COMMERCIAL_ONLY=1 keeps it out",
                remedy="choose engines without it: TROUPE_SPEECH_ENGINES=piper,flite,espeak",
            )
        point_at(self._place.endpoint)
        await asyncio.to_thread(self._list.load)
        report(1.0)

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        """Speak; pieces come as they come from Microsoft, empty ones while it is waited for."""
        _refuse_style(utterance)
        asked = Asked(utterance.text, utterance.voice, utterance.speed, self._place.proxy)
        sound, track = Sound(as_it_is=utterance.mp3_wanted), WordTrack(utterance.text)
        try:
            async with aclosing(Conversation(asked, self._turns, self._patience).news()) as news:
                async for item in news:
                    yield _piece(item, sound, track)
        except TroupeError as error:
            silent = isinstance(error, UnsupportedLanguage)
            self._health.failed(error, silent_voice=asked.voice.voice_id if silent else "")
            raise
        yield Piece(words=track.end())
        self._health.worked()
        self._list.refresh_when_due()

    async def check(self) -> None:
        """What the last utterances showed; raises `EngineFailed` after several failures, for a while."""
        self._health.check()

    async def stop(self) -> None:
        """Ask nothing more."""
        await self._list.close()


def _piece(item: bytes | Boundary | None, sound: Sound, track: WordTrack) -> Piece:
    if item is None:
        return Piece()
    return sound.feed(item) if isinstance(item, bytes) else Piece(words=track.place(item))


def _refuse_style(utterance: Utterance) -> None:
    if isinstance(utterance.options, EdgeOptions) and utterance.options.style:
        raise InvalidArgument(
            f'edge has no style "{utterance.options.style}": this endpoint takes no styles. Leave edge.style empty.',
            field="edge.style",
        )
