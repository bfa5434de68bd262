"""flite: clear English from a small program (Debian package `flite`), with the end time of each phone.

One process a sentence, started by a process that does nothing else (`flite_runs`).
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
import shutil
import time
import unicodedata
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile
import soxr

from svc_tts.engine import EngineContext, EngineFacts, EngineVoice, FliteOptions, Gender, Piece, Utterance
from svc_tts.engines.flite_phones import PAUSE, faster, parse_segments, to_phones, words_of
from svc_tts.engines.flite_runs import FliteRuns
from troupe.wire.errors import EngineFailed, EngineMissing, TroupeError, UnsupportedLanguage
from troupe.wire.pulse import BEAT_S

REMEDY = "sudo apt-get install -y flite"
_RATE = 16_000  # Hz
_PIECE_BYTES = 32_000  # 1 s of sound
_PROBE_EVERY_S = 10.0  # a real word, when the program on disk did not change
_REMEMBERED_WORDS = 20_000
_KAL_HZ = 95.0  # the diphone voice's usual pitch
_WORD = re.compile(r"\S+")
_EDGES = re.compile(r"[^\w$£€#@&+]*(.*?)[^\w%°]*", re.DOTALL)
_LATIN = re.compile(r"[A-Za-z0-9]")
_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "«": '"', "»": '"'})

_VOICES = (
    # The first is the default: a recogniser understands it best (word errors 0.05, SLT 0.08, KAL 0.07, AWB 0.11).
    EngineVoice("flite-rms", "RMS", "en-US", Gender.MALE),
    EngineVoice("flite-slt", "SLT", "en-US", Gender.FEMALE),
    EngineVoice("flite-kal16", "KAL", "en-US", Gender.MALE),
    EngineVoice("flite-awb", "AWB", "en-GB", Gender.MALE),
)


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What one run of flite gave."""

    printed: str
    wav: bytes
    replay_rate: float = 1.0  # it is played that much faster


class FliteEngine:
    """The flite program."""

    def __init__(self, context: EngineContext, program: str = "flite") -> None:
        self._program = program
        self._runs = FliteRuns(context.deadline_s)
        self._slots = asyncio.Semaphore(context.workers)
        self._phones: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._probed: tuple[object, float] = (None, 0.0)
        self.facts = EngineFacts(
            name="flite",
            sample_rate=_RATE,
            languages=("en-US", "en-GB"),
            licence="BSD-like (Carnegie Mellon University)",
            model="cmu_us_slt, cmu_us_rms, cmu_us_kal16, cmu_us_awb",
            version="2",
            features=("timings", "cues", "speed", "pitch"),
            sentence_gap_s=0.1,
        )

    def voices(self) -> tuple[EngineVoice, ...]:
        """One woman, three men."""
        return _VOICES

    async def start(self, report: Callable[[float], None]) -> None:
        """Look for the program."""
        self._find()
        await self._runs.start()
        report(0.5)

    async def check(self) -> None:
        """The program is there and, where it changed or time has passed, says a word."""
        path = self._find()
        await self._runs.start()
        stat = Path(path).stat()  # noqa: ASYNC240  # a microsecond, and what shows that the program changed
        identity = (path, stat.st_ino, stat.st_size, stat.st_mtime_ns)
        known, probed_at = self._probed
        if identity == known and time.monotonic() < probed_at + _PROBE_EVERY_S:
            return
        self._probed = (None, 0.0)
        printed = await self._run(["-voice", "kal16", "-psdur", "-o", "none"], "one\n")
        if not parse_segments(printed):
            raise EngineFailed("flite ran and said nothing")
        self._probed = (identity, time.monotonic())

    async def stop(self) -> None:
        """End the process that starts programs, and with it what runs."""
        await self._runs.stop()

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        """Speak; empty pieces come while the program works."""
        spans = [match.span() for match in _WORD.finditer(utterance.text)]
        words = [_ascii(utterance.text[start:end]) for start, end in spans]
        if not any(_LATIN.search(word) for word in words):
            raise UnsupportedLanguage("flite reads English only; this text has no Latin letters. Choose espeak.")
        async for _ in self._queue():
            yield Piece()
        try:
            async with contextlib.aclosing(self._said(utterance, spans, words)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self._slots.release()

    async def _queue(self) -> AsyncGenerator[None, None]:
        """Something now and then until it is this utterance's turn; the place taken must be released."""
        while True:
            try:
                async with asyncio.timeout(BEAT_S):
                    await self._slots.acquire()
            except TimeoutError:
                yield None
            else:
                return

    async def _said(
        self, utterance: Utterance, spans: Sequence[tuple[int, int]], words: Sequence[str]
    ) -> AsyncGenerator[Piece, None]:
        moved = asyncio.Event()
        knowing = asyncio.create_task(self._phones_of(words, moved.set))  # while the sentence is made
        try:
            async with contextlib.aclosing(self._synthesize(" ".join(words), utterance)) as steps:
                async for step in steps:
                    if step is None:
                        yield Piece()
                        continue
                    # It may take longer than the sentence: more words are new, and it got less of a processor.
                    while not (await asyncio.wait({knowing}, timeout=BEAT_S))[0]:
                        if moved.is_set():
                            moved.clear()
                            yield Piece()
                    for piece in await asyncio.to_thread(_pieces, step, utterance.text, spans, await knowing):
                        yield piece
        finally:
            knowing.cancel()
            with contextlib.suppress(asyncio.CancelledError, TroupeError):
                await knowing

    async def _synthesize(self, text: str, utterance: Utterance) -> AsyncGenerator[_Spoken | None, None]:
        """None while the program works, then what it gave."""
        command = [self._find(), *_arguments(utterance), "-psdur"]
        async with contextlib.aclosing(self._runs.run(command, text + "\n", sound=True)) as steps:
            async for ran in steps:
                yield None if ran is None else _Spoken(ran.printed, ran.wav, _replay_rate(utterance))

    async def _phones_of(self, words: Sequence[str], moved: Callable[[], None]) -> list[tuple[str, ...]]:
        """The phones of each word by itself, remembered."""
        new = [word for word in dict.fromkeys(words) if word not in self._phones]
        if new:
            arguments = ["-voice", "kal16", "-ps", "-o", "none"]
            printed = await self._run(arguments, "".join(f"{word}\n\n" for word in new), moved)
            lines = printed.splitlines()
            # Where flite cut words otherwise than we did, the sentence's phones are shared out by length.
            rows = [line.split() for line in lines] if len(lines) == len(new) else [list(word) for word in new]
            for word, row in zip(new, rows, strict=True):
                self._phones[word] = tuple(name for name in row if name != PAUSE)
        phones = [self._phones[word] for word in words]
        while len(self._phones) > _REMEMBERED_WORDS:
            self._phones.popitem(last=False)
        return phones

    async def _run(self, arguments: list[str], text: str, moved: Callable[[], None] = lambda: None) -> str:
        """What the program printed; `moved` is called each time its processor time went on."""
        async with contextlib.aclosing(self._runs.run([self._find(), *arguments], text)) as steps:
            async for ran in steps:
                if ran is not None:
                    return ran.printed
                moved()
        raise EngineFailed("flite gave no answer")

    def _find(self) -> str:
        path = shutil.which(self._program)
        if path is None:
            raise EngineMissing("The program flite is not installed", remedy=REMEDY)
        return path


def _arguments(utterance: Utterance) -> list[str]:
    options = utterance.options if isinstance(utterance.options, FliteOptions) else FliteOptions()
    voice = utterance.voice.voice_id.removeprefix("flite-")
    shift = 2 ** (utterance.pitch / 12)
    pitch = f"int_f0_target_mean={_KAL_HZ * shift:.1f}" if voice == "kal16" else f"f0_shift={shift:.4f}"
    stretch = options.duration_stretch / utterance.speed * _replay_rate(utterance)
    return ["-voice", voice, "--setf", f"duration_stretch={stretch:.4f}", "--setf", pitch]


def _replay_rate(utterance: Utterance) -> float:
    """How much faster the sound is to be played: RMS knows no other pitch, so it speaks slower and is played faster."""
    return 2 ** (utterance.pitch / 12) if utterance.voice.voice_id == "flite-rms" else 1.0


def _ascii(word: str) -> str:
    """The word as flite reads it; it knows ASCII only."""
    folded = unicodedata.normalize("NFKD", word.translate(_PLAIN))
    return "".join(character for character in folded if " " < character <= "~") or "-"


def _bare(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """The word's span without the punctuation around it."""
    inner = _EDGES.fullmatch(text, *span)
    return inner.span(1) if inner else span


def _pieces(
    spoken: _Spoken, text: str, spans: Sequence[tuple[int, int]], phones_of_words: Sequence[tuple[str, ...]]
) -> list[Piece]:
    try:
        samples, rate = soundfile.read(io.BytesIO(spoken.wav), dtype="int16")
    except soundfile.LibsndfileError as error:
        raise EngineFailed("flite ended well and wrote no sound") from error
    if rate != _RATE or samples.ndim != 1:
        raise EngineFailed(f"flite gave {rate} Hz where {_RATE} Hz mono was expected")
    segments = parse_segments(spoken.printed, len(samples) / _RATE)
    if spoken.replay_rate != 1.0:
        samples = soxr.resample(samples, _RATE * spoken.replay_rate, _RATE)
        segments = faster(segments, spoken.replay_rate, len(samples) / _RATE)
    phones = to_phones(segments, len(samples) / _RATE)
    words = words_of(segments, [_bare(text, span) for span in spans], phones_of_words)
    pcm, pieces = samples.tobytes(), []
    for at in range(0, len(pcm), _PIECE_BYTES):
        since_s, until_s = (at / 2 / _RATE if at else -1.0), (at + _PIECE_BYTES) / 2 / _RATE
        new_words = tuple(word for word in words if since_s <= word.start_s < until_s)
        new_phones = tuple(phone for phone in phones if since_s <= phone.start_s < until_s)
        pieces.append(Piece(pcm[at : at + _PIECE_BYTES], new_words, new_phones))
    return pieces
