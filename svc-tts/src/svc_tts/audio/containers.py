"""FLAC, Opus in Ogg and AAC in ADTS, written by PyAV into memory as they are made."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, cast

import av
import numpy as np

from svc_tts.audio.format import AudioFormat, Codec

_MUXER = {Codec.FLAC: ("flac", "flac"), Codec.OPUS: ("ogg", "libopus"), Codec.AAC: ("adts", "aac")}
_OGG_PAGE_US = "100000"  # a page per 0.1 s, so that a stream does not wait a second for its first one
_SMALL_BUFFER = 4096  # bytes PyAV holds back


class _Sink:
    """A file that can only be written, as a socket is."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        """Keep the bytes."""
        self._written += data
        return len(data)

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = bytes(self._written)
        self._written.clear()
        return taken


class ContainerEncoder:
    """One of the codecs of `_MUXER`."""

    def __init__(self, fmt: AudioFormat) -> None:
        muxer, codec = _MUXER[fmt.codec]
        options = {"page_duration": _OGG_PAGE_US} if muxer == "ogg" else {}
        self._fmt = fmt
        self._sink = _Sink()
        self._container = av.open(
            cast("Any", self._sink), "w", format=muxer, options=options, buffer_size=_SMALL_BUFFER
        )
        self._layout = "mono" if fmt.channels == 1 else "stereo"
        stream: Any = self._container.add_stream(codec, rate=fmt.sample_rate, layout=self._layout)
        if fmt.bitrate:
            stream.bit_rate = fmt.bitrate
        self._stream = stream
        self._resampler = av.AudioResampler(format=stream.format, layout=self._layout, rate=fmt.sample_rate)
        self._samples = 0

    def feed(self, pcm: bytes) -> bytes:
        """Whole packets or pages."""
        if pcm:
            for frame in self._resampler.resample(self._frame(pcm)):
                self._mux(self._stream.encode(frame))
        return self._sink.take()

    def flush(self) -> bytes:
        """The last packets, and the container's end."""
        if self._samples:
            self._mux(self._stream.encode(None))
        self._container.close()
        return self._sink.take()

    def _mux(self, packets: list[Any]) -> None:
        # ADTS cannot say that the first frame is the encoder's own delay, so it is left out: times stay exact.
        adts = self._fmt.codec is Codec.AAC
        self._container.mux([packet for packet in packets if not (adts and packet.pts is not None and packet.pts < 0)])

    def _frame(self, pcm: bytes) -> av.AudioFrame:
        samples = np.frombuffer(pcm, dtype="<i2").reshape(1, -1)  # (1, samples * channels): packed
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=self._layout)
        frame.sample_rate = self._fmt.sample_rate
        frame.time_base = Fraction(1, self._fmt.sample_rate)
        frame.pts = self._samples
        self._samples += samples.shape[1] // self._fmt.channels
        return frame
