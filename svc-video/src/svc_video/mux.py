"""Frames and PCM in, a fragmented MP4 (H.264, AAC) or WebM (VP9, Opus) out while it is made, by PyAV.

- Nothing ever seeks: the bytes are cut at box (element) borders into the init segment and whole fragments. Each
  fragment opens with a key frame, so it can be played, sought and resumed from.
- Sound runs a little ahead of the picture: a key frame goes through only once there is later sound, so that a fragment
  is whole as soon as the first frame of the next one is.
- AAC priming is skipped by an edit list (MP4) or codec delay (WebM): lag 0. A resumed stream keeps to the sound grid of
  the one it goes on from; its own priming packet is dropped.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.stream import VideoStream

from svc_video import mp4
from svc_video.film import Film, Frame, Segment, Sink, SoundGrid, Writer, to_i420
from svc_video.h264 import COULD_NOT_OPEN, VideoCodec, candidates, profile_of, self_contained
from svc_video.mp4 import Mp4Writer
from svc_video.provenance import XMP_KEY
from svc_video.speech import Pcm
from svc_video.webm import WebmWriter
from troupe.wire.media import SAMPLE_RATE

FIRST_FRAGMENT_S = Fraction(1, 5)  # short, so that something is seen soon
FRAGMENT_S = Fraction(2, 5)
VP9_LEVEL_31 = 983_040  # pixels of a picture at most
SOUND_LEAD_MS = 130  # two AAC frames (85 ms) and one of picture at 25 fps


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Codecs:
    """The encoders of a container."""

    video: tuple[VideoCodec, ...]  # none: H.264, whose encoder the film names
    audio: str
    audio_options: dict[str, str]
    audio_bitrate: int
    grid: SoundGrid


VP9 = VideoCodec("libvpx-vp9", "deadline=realtime:cpu-used=8:lag-in-frames=0:crf=32:b=0")
CODECS = {
    "mp4": Codecs(
        (),
        "aac",
        # A third of the time of the usual coder, and nearer to the original: 33 dB against 24 at the same rate.
        {"aac_coder": "fast"},
        64_000,
        SoundGrid(frame=1024, delay=1024),
    ),
    "webm": Codecs(
        (VP9,),
        "libopus",
        {},
        48_000,
        SoundGrid(frame=480, delay=156),
    ),
}


class Muxer:
    """One film being written. Not thread-safe: one thread encodes."""

    def __init__(self, film: Film) -> None:
        self._film = film
        self._codecs = CODECS[film.container]
        sink = Sink()
        self._container, self._video = self._open(sink)
        self._audio = self._open_audio()
        writer = Mp4Writer if film.container == "mp4" else WebmWriter
        self._writer: Writer = writer(film, self._container, sink)
        self._index = film.start_frame
        self._sound = self._first_sound()
        # Packets before this sample stand in the fragments already sent.
        self._sound_skip = math.ceil(film.start_frame * SAMPLE_RATE / film.rate)

    @property
    def mime_type(self) -> str:
        """The MIME type with its codecs parameter, as MSE wants it."""
        if self._film.container == "webm":
            level = 31 if self._film.width * self._film.height <= VP9_LEVEL_31 else 40
            return f'video/webm; codecs="vp09.00.{level}.08,opus"'
        return f'video/mp4; codecs="avc1.{profile_of(self._video.codec_context.extradata or b"")},mp4a.40.2"'

    @property
    def encoder(self) -> str:
        """FFmpeg's name of what encodes the picture."""
        return str(self._video.codec_context.name)

    @property
    def sound_from(self) -> int:
        """Number of the next sample this muxer wants."""
        return self._sound

    def add(self, frame: Frame, pcm: Pcm) -> list[Segment]:
        """Encode the next frame, and the sound from `sound_from` on; gives what became whole."""
        self._encode_sound(pcm)
        picture = av.VideoFrame.from_ndarray(to_i420(frame), format="yuv420p")
        picture.pts = self._index
        picture.time_base = 1 / self._film.rate
        picture.pict_type = PictureType.I if self._opens_fragment() else PictureType.NONE
        self._write_picture(self._video.encode(picture))
        self._index += 1
        return list(self._writer.whole())

    def finish(self, pcm: Pcm) -> list[Segment]:
        """Write what is left, with the last of the sound."""
        self._encode_sound(pcm)
        self._write_picture(self._video.encode(None))
        self._write_sound(self._audio.encode(None))
        return list(self._writer.finish())

    def close(self) -> None:
        """Let go of the encoders, whatever was written."""
        self._container.close()

    def _opens_fragment(self) -> bool:
        done = self._index - self._film.start_frame
        first, rest = (math.ceil(seconds * self._film.rate) for seconds in (FIRST_FRAGMENT_S, FRAGMENT_S))
        return done == 0 or (done >= first and (done - first) % rest == 0)

    def _open(self, sink: Sink) -> tuple[OutputContainer, VideoStream]:
        """A container, and in it the first picture encoder that opens: a stream cannot be taken out of one again."""
        *others, last = self._codecs.video or candidates(self._film.encoder)
        for codec in others:
            container = self._open_container(sink)
            try:
                return container, self._open_video(container, codec)
            except COULD_NOT_OPEN as error:
                container.close()
                sink.buffer.clear()
                log.warning("%s cannot take this film, %s does: %s", codec.name, last.name, error)
        container = self._open_container(sink)
        return container, self._open_video(container, last)

    def _open_container(self, sink: Sink) -> OutputContainer:
        film = self._film
        options = mp4.options(film) if film.container == "mp4" else {}
        container: OutputContainer = av.open(sink, "w", format=film.container, options=options)
        container.metadata.update(film.mark.metadata)
        if film.container == "webm":
            # An MP4 gets a box for this.
            container.metadata[XMP_KEY] = film.mark.xmp
        return container

    def _open_video(self, container: OutputContainer, codec: VideoCodec) -> VideoStream:
        stream: VideoStream = container.add_stream(codec.name, rate=self._film.rate)  # type: ignore[assignment]  # by name it is a video stream
        codec.set_up(stream.codec_context, (self._film.width, self._film.height), self._film.rate)
        return stream

    def _open_audio(self) -> AudioStream:
        stream: AudioStream = self._container.add_stream(self._codecs.audio, rate=SAMPLE_RATE, layout="mono")  # type: ignore[assignment]  # by name it is an audio stream
        stream.options = dict(self._codecs.audio_options)
        stream.codec_context.bit_rate = self._codecs.audio_bitrate
        stream.codec_context.open()
        return stream

    def _first_sound(self) -> int:
        """The sample the sound goes on from.

        A resumed stream stays on the packet grid of the one before, and gives the encoder one packet of run-up, which
        is dropped.
        """
        film, grid = self._film, self._codecs.grid
        start = film.start_frame * SAMPLE_RATE / film.rate
        if not film.resumed:
            return round(start)
        first_packet = math.ceil((start + grid.delay) / grid.frame)
        return (first_packet - 1) * grid.frame

    def _encode_sound(self, pcm: Pcm) -> None:
        if not pcm.size:
            return
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, self._sound, Fraction(1, SAMPLE_RATE)
        self._sound += pcm.size
        self._write_sound(self._audio.encode(frame))

    def _write_picture(self, packets: list[Any]) -> None:
        # The init segment of a resumed film is another encoder's.
        bare = self._film.resumed and self._film.container == "mp4"
        extradata = self._video.codec_context.extradata or b""
        for packet in packets:
            self._writer.picture(self_contained(packet, extradata) if bare and packet.is_keyframe else packet)

    def _write_sound(self, packets: list[Any]) -> None:
        for packet in packets:
            if not self._film.resumed or packet.pts >= self._sound_skip:
                self._writer.sound(packet)
