"""WebM: the head as PyAV's muxer writes it, the clusters by our own hand.

The muxer opens a cluster when it sees fit; here each cluster is one fragment, opens with a key frame, and is given out
as soon as its sound is there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from av.container import OutputContainer

from svc_video import ebml
from svc_video.film import Film, Segment, Sink

VIDEO_TRACK, AUDIO_TRACK = 1, 2  # numbered in the order the streams were added
OPUS_DELAY_MS = 6.5  # CodecDelay of the head: players take it off every block's time
KEY_FRAME = 0x80


class WebmWriter:
    """Implements `Writer`."""

    def __init__(self, film: Film, container: OutputContainer, sink: Sink) -> None:
        self._film = film
        self._container = container
        self._buffer = sink.buffer
        self._started = False
        self._sequence = film.first_sequence
        self._pictures: deque[tuple[float, bool, bytes]] = deque()  # ms, key, data
        self._sounds: deque[tuple[float, bytes]] = deque()

    def picture(self, packet: Any) -> None:
        """Take the next picture packet."""
        self._pictures.append((_ms(packet), bool(packet.is_keyframe), bytes(packet)))

    def sound(self, packet: Any) -> None:
        """Take the next sound packet."""
        self._sounds.append((_ms(packet), bytes(packet)))

    def whole(self) -> Iterator[Segment]:
        """The head, and each cluster whose following key frame and sound are there."""
        yield from self._head()
        while (count := self._cluster_frames()) and self._sounds:
            end_ms = self._pictures[count][0]
            if self._sounds[-1][0] < end_ms:
                return
            yield self._cluster(count, end_ms)

    def finish(self) -> Iterator[Segment]:
        """The last clusters, with all the sound left."""
        yield from self.whole()
        while count := self._cluster_frames():
            yield self._cluster(count, self._pictures[count][0])
        if self._pictures:
            end_ms = self._pictures[-1][0] + float(1000 / self._film.rate)
            yield self._cluster(len(self._pictures), end_ms, last=True)
        self._container.close()

    def _head(self) -> Iterator[Segment]:
        if self._started:
            return
        self._started = True
        self._container.start_encoding()
        head = b""
        while (element := ebml.whole_element(self._buffer)) is not None:
            del self._buffer[: len(element.data)]
            head += element.data if element.kind in ebml.HEAD_ELEMENTS else b""
        if not self._film.resumed:
            yield Segment(head, 0)

    def _cluster_frames(self) -> int:
        """Frames before the next key frame; 0 while that has not come."""
        keys = (index for index, (_, key, _) in enumerate(self._pictures) if key and index)
        return next(keys, 0)

    def _cluster(self, count: int, end_ms: float, *, last: bool = False) -> Segment:
        start_ms = self._pictures[0][0]
        blocks = []
        for _ in range(count):
            at_ms, key, data = self._pictures.popleft()
            blocks.append((at_ms, VIDEO_TRACK, KEY_FRAME if key else 0, data))
        while self._sounds and (last or self._sounds[0][0] < end_ms):
            at_ms, data = self._sounds.popleft()
            blocks.append((max(0.0, at_ms + OPUS_DELAY_MS), AUDIO_TRACK, KEY_FRAME, data))
        blocks.sort(key=lambda block: block[0])
        start = round(start_ms)
        body = ebml.make_element(ebml.TIMESTAMP, start.to_bytes(8, "big"))
        body += b"".join(ebml.simple_block(track, round(at) - start, flags, data) for at, track, flags, data in blocks)
        sequence, self._sequence = self._sequence, self._sequence + 1
        return Segment(ebml.make_element(ebml.CLUSTER, body), sequence, start, round(end_ms))


def _ms(packet: Any) -> float:
    return float(packet.pts * packet.time_base * 1000)
