"""Fragmented MP4 as PyAV's muxer writes it, cut at box borders: ftyp and moov first, then each moof with its mdat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from av.container import OutputContainer

from svc_video import boxes
from svc_video.film import Film, Segment, Sink
from troupe.wire.errors import EngineFailed

AAC_PRIMING = 1024  # samples
FLAGS = "frag_keyframe+empty_moov+default_base_moof+delay_moov+skip_trailer+use_metadata_tags"


def options(film: Film) -> dict[str, str]:
    """The muxer's options. A resumed film keeps its times and goes on with its fragment numbers."""
    if not film.resumed:
        return {"movflags": FLAGS}
    return {"movflags": FLAGS + "+frag_discont", "fragment_index": str(film.first_sequence)}


class Mp4Writer:
    """Implements `Writer`. The init segment is marked with an XMP box of its own, besides the muxer's metadata."""

    def __init__(self, film: Film, container: OutputContainer, sink: Sink) -> None:
        self._film = film
        self._container = container
        self._buffer = sink.buffer
        self._head = b""
        self._moof: boxes.Box | None = None
        self._picture: boxes.Track | None = None

    def picture(self, packet: Any) -> None:
        """Take the next picture packet."""
        self._container.mux(packet)

    def sound(self, packet: Any) -> None:
        """Take the next sound packet."""
        if self._film.resumed:
            # The edit list of the first init segment skips the priming, and decode times count from before it.
            packet.pts += AAC_PRIMING
            packet.dts += AAC_PRIMING
        self._container.mux(packet)

    def whole(self) -> Iterator[Segment]:
        """Whole boxes, joined to segments."""
        while (box := boxes.whole_box(self._buffer)) is not None:
            del self._buffer[: len(box.data)]
            if box.kind == b"moof":
                self._moof = box
            elif box.kind == b"mdat":
                yield self._fragment(box)
            elif self._picture is None:
                yield from self._init(box)

    def finish(self) -> Iterator[Segment]:
        """Close the last fragment."""
        self._container.close()
        yield from self.whole()

    def _init(self, box: boxes.Box) -> Iterator[Segment]:
        self._head += box.data
        if box.kind != b"moov":
            return
        self._picture = next(track for track in boxes.tracks(box) if track.handler == boxes.VIDEO_HANDLER)
        if not self._film.resumed:
            yield Segment(self._head + self._film.mark.xmp_box(), 0)

    def _fragment(self, mdat: boxes.Box) -> Segment:
        if self._moof is None or self._picture is None:
            raise EngineFailed("The muxer wrote media before it said what they are.")
        span = boxes.span(self._moof, self._picture)
        if span is None:
            raise EngineFailed("The muxer wrote a fragment without a picture.")
        return Segment(self._moof.data + mdat.data, span.sequence, round(span.start_s * 1000), round(span.end_s * 1000))
