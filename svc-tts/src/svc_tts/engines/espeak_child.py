"""The process that loads libespeak-ng: `python -m svc_tts.engines.espeak_child LIBRARY DATA`.

espeak-ng is GPL-3.0-or-later and a global singleton, so it lives here and nowhere else; the service talks to it over
pipes. In: a JSON line {"runs": [{"voice", "text"}], "rate", "pitch", "gap"}. Out: frames of two big-endian lengths, a
JSON object and PCM s16le: {"hello"}, then per request {"events": [[kind, sample, position, length, ipa, run]]} with
sound, and {"done"} or {"error"}. `sample` counts from the first sample of the request, `position` from the first
character of its run. {"read": [[voice, text]]} asks for no sound but for phonemes: {"clauses": [[[IPA, end]]], "done"},
a row of clauses for each text, `end` = code points read so far (up to the first character of what follows).
"""

from __future__ import annotations

import ctypes
import json
import signal
import struct
import sys
from typing import Any, BinaryIO

_RETRIEVAL = 2  # AUDIO_OUTPUT_RETRIEVAL: sound comes by callback, synchronously
_BUFFER_MS = 60
_EVENTS_PHONEME_IPA = 1 | 2  # espeakINITIALIZE_PHONEME_EVENTS | espeakINITIALIZE_PHONEME_IPA
_POSITION_CHARACTER = 1
_UTF8 = 1
_PHONEMES_IPA = 2
_RATE, _PITCH, _WORD_GAP = 1, 3, 7  # espeak_PARAMETER
_WORD, _PHONEME = 1, 7  # espeak_EVENT_TYPE
_FIRST_PIECE, _LARGEST_PIECE = 2_000, 32_000  # bytes: the first is sent at once, later ones grow
_PR_SET_PDEATHSIG = 1


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class Speaker:
    """libespeak-ng, one request at a time."""

    def __init__(self, library: str, data: str, out: BinaryIO) -> None:
        self._out = out
        self._lib = ctypes.CDLL(library)
        self._callback = _Callback(self._heard)  # kept: C holds no reference
        self._sound = bytearray()
        self._events: list[list[Any]] = []
        self._samples = self._run = self._run_start = 0
        self._piece = _FIRST_PIECE
        path = data.encode() if data else None
        rate = self._lib.espeak_Initialize(_RETRIEVAL, _BUFFER_MS, path, _EVENTS_PHONEME_IPA)
        if rate <= 0:
            raise OSError(f"espeak_Initialize failed with data at {data or 'its default place'}")
        self._lib.espeak_SetSynthCallback(self._callback)
        self._lib.espeak_Info.restype = self._lib.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._send({"hello": {"rate": rate, "version": self._lib.espeak_Info(None).decode()}})

    def answer(self, request: dict[str, Any]) -> None:
        """Speak or read, whichever is asked."""
        if "read" in request:
            self.read(request["read"])
        else:
            self.speak(request)

    def read(self, texts: list[list[str]]) -> None:
        """Send the phonemes of each text, clause by clause."""
        clauses: list[list[list[Any]]] = []
        chosen = ""
        for voice, text in texts:
            if voice != chosen and self._lib.espeak_SetVoiceByName(voice.encode()) != 0:
                self._send({"error": f'espeak has no voice "{voice}"'})
                return
            chosen = voice
            clauses.append(self._clauses(text.replace("\0", " ")))
        self._send({"clauses": clauses, "done": 0})

    def _clauses(self, text: str) -> list[list[Any]]:
        data = text.encode()
        buffer = ctypes.create_string_buffer(data)
        first = ctypes.addressof(buffer)
        pointer = ctypes.c_void_p(first)
        clauses: list[list[Any]] = []
        before = -1
        while pointer.value is not None and pointer.value - first > before:
            before = pointer.value - first
            ipa = self._lib.espeak_TextToPhonemes(ctypes.byref(pointer), _UTF8, _PHONEMES_IPA) or b""
            end = len(data) if pointer.value is None else pointer.value - first
            clauses.append([ipa.decode(errors="ignore"), len(data[:end].decode(errors="ignore"))])
        return clauses

    def speak(self, request: dict[str, Any]) -> None:
        """Speak all runs of a request and send what becomes of them."""
        self._samples, self._piece = 0, _FIRST_PIECE
        for self._run, run in enumerate(request["runs"]):
            self._run_start = self._samples
            if self._lib.espeak_SetVoiceByName(run["voice"].encode()) != 0:
                self._send({"error": f'espeak has no voice "{run["voice"]}"'})
                return
            self._set(_RATE, request["rate"])
            self._set(_PITCH, request["pitch"])
            self._set(_WORD_GAP, request["gap"])
            self._say(run["text"])
        self._flush()
        self._send({"done": self._samples})

    def _set(self, parameter: int, value: int) -> None:
        self._lib.espeak_SetParameter(parameter, value, 0)

    def _say(self, text: str) -> None:
        data = text.replace("\0", " ").encode() + b"\0"
        self._lib.espeak_Synth(data, len(data), 0, _POSITION_CHARACTER, 0, _UTF8, None, None)

    def _heard(self, wav: Any, count: int, events: Any) -> int:
        if wav and count > 0:
            self._sound += ctypes.string_at(wav, 2 * count)
            self._samples += count
        index = 0
        while events[index].type:
            self._note(events[index])
            index += 1
        if len(self._sound) >= self._piece:
            self._flush()
            self._piece = min(2 * self._piece, _LARGEST_PIECE)
        return 0

    def _note(self, event: _Event) -> None:
        if event.type not in {_WORD, _PHONEME}:
            return
        ipa = event.id.string.decode(errors="ignore") if event.type == _PHONEME else ""
        sample = self._run_start + event.sample
        self._events.append([event.type, sample, event.text_position - 1, event.length, ipa, self._run])

    def _flush(self) -> None:
        if self._sound or self._events:
            self._send({"events": self._events}, bytes(self._sound))
            self._sound.clear()
            self._events.clear()

    def _send(self, message: dict[str, Any], sound: bytes = b"") -> None:
        packed = json.dumps(message).encode()
        self._out.write(struct.pack(">II", len(packed), len(sound)) + packed + sound)
        self._out.flush()


def main() -> int:
    """Answer requests until the other side closes the pipe."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # never outlive the service
    library, data = sys.argv[1:3]
    speaker = Speaker(library, data, sys.stdout.buffer)
    for line in sys.stdin.buffer:
        speaker.answer(json.loads(line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
