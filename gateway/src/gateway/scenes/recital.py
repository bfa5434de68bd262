"""Speech that goes on elsewhere: what of the text the caller has heard, and how another rung's sound follows on.

The rule: the next rung speaks the text from the first word that was not heard. For raw sound (pcm, wav) that is exact:
what has come of a word that is not whole yet, and words and cues of sound that has not come, are held back, so that a
break never falls into a word. Encoded sound (mp3, aac) does not tell its time: what was told of it counts as heard, and
the encoder's last frames (under 0.1 s) may be lost. An engine that tells no words is asked from the end of its last
whole sentence on: then the beginning of the broken one is heard twice, rather than its end not at all. flac and opus
have one head for the whole and cannot be joined.
"""

from __future__ import annotations

import math
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gateway.routing.replay import Replay
from gateway.routing.rung import Rung
from gateway.scenes.handover import Handover
from gateway.scenes.script import text_pieces
from troupe.v1.media_pb2 import (
    AUDIO_CODEC_AAC,
    AUDIO_CODEC_MP3,
    AUDIO_CODEC_PCM,
    AUDIO_CODEC_UNSPECIFIED,
    AUDIO_CODEC_WAV,
    AudioFormat,
    MouthCue,
    WordTiming,
)
from troupe.v1.speech_pb2 import SpeechChunk, SpeechHeader, SpeechInput
from troupe.wire.errors import TroupeError
from troupe.wire.media import SAMPLE_BYTES, SAMPLE_RATE

CODEC_NAMES: Mapping[int, str] = {
    0: "pcm", 1: "pcm", 2: "wav", 3: "mp3", 4: "flac", 5: "opus", 6: "aac", 7: "pcmu_raw", 8: "pcmu_wav",
}  # fmt: skip
RAW = frozenset({AUDIO_CODEC_UNSPECIFIED, AUDIO_CODEC_PCM, AUDIO_CODEC_WAV})
JOINABLE = RAW | {AUDIO_CODEC_MP3, AUDIO_CODEC_AAC}
SLACK_MS = 1.0
"""Times are whole milliseconds, sound is not: a word that begins so late in what has come was not heard."""
PAUSE = re.compile(r"<#([0-9.]+)#>")
LEADING_PAUSE = re.compile(r"\s*" + PAUSE.pattern)


class Script(Protocol):
    """The text of a speech, all there or still coming."""

    def total(self) -> int | None:
        """Its length in code points; None while more may come."""
        ...

    def after(self, place: int) -> str:
        """What is known of it beyond that place."""
        ...

    def keeps(self, place: int) -> bool:
        """Whether it can be sent again from there."""
        ...

    def lead(self, place: int) -> int:
        """Code points that are no part of it and are sent before it, from that place on."""
        ...

    def heard(self, place: int) -> None:
        """It will not be asked for from before that place."""
        ...

    def messages(self, place: int) -> AsyncGenerator[SpeechInput]:
        """It, from that place on, as the rungs take it."""
        ...


@dataclass(frozen=True, slots=True)
class Written:
    """A text that is all there."""

    text: str

    def total(self) -> int | None:
        """Its length."""
        return len(self.text)

    def after(self, place: int) -> str:
        """The rest."""
        return self.text[place:]

    def keeps(self, place: int) -> bool:  # noqa: ARG002  # Script's
        """Always."""
        return True

    def lead(self, place: int) -> int:  # noqa: ARG002  # Script's
        """None."""
        return 0

    def heard(self, place: int) -> None:
        """It is kept whole anyway."""

    async def messages(self, place: int) -> AsyncGenerator[SpeechInput]:
        """In pieces."""
        for piece in text_pieces(self.text[place:]):
            yield SpeechInput(text=piece)


@dataclass(frozen=True, slots=True)
class Piped:
    """A text that still comes; what was spoken of it is forgotten."""

    replay: Replay[SpeechInput]

    def total(self) -> int | None:
        """Known once all has come."""
        return self.replay.taken if self.replay.ended else None

    def after(self, place: int) -> str:
        """What has come of the rest."""
        return "".join(item.text[max(0, place - start) :] for start, item in self.replay.after(place))

    def keeps(self, place: int) -> bool:
        """Not when more has come since than is kept."""
        return self.replay.keeps(place)

    def lead(self, place: int) -> int:  # noqa: ARG002  # Script's
        """None."""
        return 0

    def heard(self, place: int) -> None:
        """Forget it."""
        self.replay.let_go(place)

    async def messages(self, place: int) -> AsyncGenerator[SpeechInput]:
        """As they came."""
        async for start, item in self.replay.reader_from(place):
            yield SpeechInput(text=item.text[place - start :]) if start < place else item


@dataclass(slots=True)
class Recital:
    """routing's `Continuation` of one speech; places are code points of the whole text, times from its first sample."""

    script: Script
    codec: int
    handover: Handover
    on_header: Callable[[SpeechHeader], None] = lambda _header: None  # of a rung that goes on
    same_rung: bool = False
    features: frozenset[str] = frozenset()
    header: SpeechHeader | None = None
    _place: int = 0  # where the text of the present attempt begins
    _shift: int = 0  # of places told by the present attempt
    _from_ms: int = 0  # when its sound begins
    _consumed: int = 0  # by whole sentences
    _spoken: int = 0  # end of the last word given out
    _given_bytes: int = 0  # of raw sound
    _told_ms: int = 0  # end of the last thing told
    _quiet_ms: int = 0  # end of the last word or sentence given out: only silence can have come since
    _words: list[WordTiming] = field(default_factory=list)  # held back, as the next two
    _cues: list[MouthCue] = field(default_factory=list)
    _sound: bytes = b""

    @property
    def place(self) -> int:
        """From where a rung that is asked now must speak."""
        return self._place

    def asked(self, rung: Rung) -> None:
        """This rung is asked for it, or for the rest."""
        self.handover.asked(rung)

    def fit(self, message: SpeechChunk) -> SpeechChunk | None:
        """The chunk as the caller must see it."""
        chunk = SpeechChunk()
        chunk.CopyFrom(message)
        if chunk.audio:
            self.handover.came()
        self._head(chunk)
        self._move(chunk)
        self._hold_back(chunk)
        self._note(chunk)
        return chunk if chunk.ListFields() else None

    def whole(self) -> bool:
        """Everything was spoken, or what is left holds nothing to say."""
        total = self.script.total()
        return total is not None and (self._consumed >= total or not _speakable(self.script.after(self._next())))

    def resume(self, error: TroupeError) -> str | None:
        """Why the rest cannot be spoken by another rung, if so."""
        if self.codec not in JOINABLE:
            return f"{CODEC_NAMES.get(self.codec, 'This format')} of two providers cannot be joined; mp3, wav, aac can."
        place = self._next()
        if not self.script.keeps(place):
            return "The text was not kept for another provider."
        self._place, self._from_ms = place, self._heard_ms()
        self._shift = place - self.script.lead(place)
        self._words.clear()
        self._cues.clear()
        self._sound = b""
        self.handover.broke(error)
        return None

    def rest(self) -> SpeechChunk | None:
        """What was held back when the answer had its end."""
        chunk = SpeechChunk(audio=self._sound, words=self._words, cues=self._cues)
        self._words, self._cues, self._sound = [], [], b""
        return chunk if chunk.ListFields() else None

    def _next(self) -> int:
        """From where another rung would have to speak."""
        if self._words:
            return self._words[0].text_start
        place, silence_ms = max(self._consumed, self._spoken), self._heard_ms() - self._quiet_ms + SLACK_MS
        while (pause := LEADING_PAUSE.match(self.script.after(place))) is not None:
            silence_ms -= _seconds(pause.group(1)) * 1000
            if silence_ms < 0:
                break
            place += pause.end()  # it was heard
        return place

    def _heard_ms(self) -> int:
        return round(self._given_bytes / self._bytes_per_ms()) if self.codec in RAW else self._told_ms

    def _bytes_per_ms(self) -> float:
        made = self.header.format if self.header is not None else AudioFormat()
        return (made.sample_rate or SAMPLE_RATE) * (made.channels or 1) * SAMPLE_BYTES / 1000

    def _head(self, chunk: SpeechChunk) -> None:
        """One header for the whole, and one head of a wav."""
        if chunk.HasField("header"):
            if self.header is None:
                self.header = SpeechHeader()
                self.header.CopyFrom(chunk.header)
            else:
                self.on_header(chunk.header)
                chunk.ClearField("header")
        if self.codec == AUDIO_CODEC_WAV and self.handover.happened and chunk.audio.startswith(b"RIFF"):
            chunk.audio = chunk.audio[_wav_head(chunk.audio) :]

    def _move(self, chunk: SpeechChunk) -> None:
        """From the times and places of the present attempt to those of the whole."""
        for word in chunk.words:
            word.text_start += self._shift
            word.text_end += self._shift
        timed: list[WordTiming | MouthCue] = [*chunk.words, *chunk.cues]
        for each in timed:
            each.start_ms += self._from_ms
            each.end_ms += self._from_ms
        if chunk.HasField("sentence_end"):
            told = chunk.sentence_end.text_consumed + self._shift
            chunk.sentence_end.text_consumed = max(self._place, told)
            chunk.sentence_end.audio_ms += self._from_ms

    def _hold_back(self, chunk: SpeechChunk) -> None:
        """Keep the sound of a word that is not whole, and what is told of sound that has not come."""
        if self.codec not in RAW:
            return
        sound = self._sound + chunk.audio
        head = _wav_head(sound) if self.codec == AUDIO_CODEC_WAV and not self._given_bytes else 0
        self._words += chunk.words
        self._cues += chunk.cues
        to_ms = (self._given_bytes + len(sound) - head) / self._bytes_per_ms()
        if not chunk.HasField("sentence_end"):
            cut_ms = self._word_border(to_ms)
            told = sum(word.start_ms < cut_ms - SLACK_MS for word in self._words)
            cued = sum(cue.start_ms < cut_ms - SLACK_MS for cue in self._cues)
            given = len(sound) if cut_ms >= to_ms else head + max(0, self._bytes_at(cut_ms) - self._given_bytes)
        else:
            told, cued, given = len(self._words), len(self._cues), len(sound)
        del chunk.words[:], chunk.cues[:]
        chunk.words.extend(self._words[:told])
        chunk.cues.extend(self._cues[:cued])
        chunk.audio = sound[:given]
        self._words, self._cues, self._sound = self._words[told:], self._cues[cued:], sound[given:]
        self._given_bytes += max(0, given - head)

    def _word_border(self, to_ms: float) -> float:
        """The beginning of the word that is still being heard then, else that moment itself."""
        for word in self._words:
            if word.start_ms < to_ms - SLACK_MS and word.end_ms > to_ms + SLACK_MS:
                return float(word.start_ms)
        return to_ms

    def _bytes_at(self, at_ms: float) -> int:
        block = SAMPLE_BYTES * ((self.header.format.channels if self.header is not None else 1) or 1)
        return int(at_ms * self._bytes_per_ms()) // block * block

    def _note(self, chunk: SpeechChunk) -> None:
        for word in chunk.words:
            self._spoken = max(self._spoken, word.text_end)
            self._quiet_ms = max(self._quiet_ms, word.end_ms)
        ends = [word.end_ms for word in chunk.words] + [cue.end_ms for cue in chunk.cues]
        self._told_ms = max([self._told_ms, chunk.sentence_end.audio_ms, *ends])
        if chunk.HasField("sentence_end"):
            self._consumed = max(self._consumed, chunk.sentence_end.text_consumed)
            self._quiet_ms = max(self._quiet_ms, chunk.sentence_end.audio_ms)
            self.script.heard(self._consumed)


def _speakable(text: str) -> bool:
    return any(character.isalnum() for character in PAUSE.sub(" ", text))


def _seconds(written: str) -> float:
    """A pause's length; svc-tts takes what is no number for text."""
    try:
        return float(written)
    except ValueError:
        return math.inf


def _wav_head(sound: bytes) -> int:
    """Bytes before the first sample; 0 where there is no head."""
    at = sound.find(b"data") if sound.startswith(b"RIFF") else -1
    return at + 8 if at >= 0 else 0
