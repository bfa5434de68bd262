"""MP3 frames as they are: found in a stream of bytes, counted, and made of silence.

Only MPEG-2 layer III mono is known here (the half-rate family that holds 24 kHz): that is what speech engines give.
A frame of it holds 576 samples. ISO/IEC 13818-3 tells the header; at a constant bit rate a frame of 24 kHz and
48 kbit/s is exactly 144 bytes.
"""

from __future__ import annotations

from troupe.wire.errors import UnsupportedMedia

SAMPLES_PER_FRAME = 576
_KBPS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # by the header's four bits
_RATES = (22_050, 24_000, 16_000)  # Hz, by the header's two bits
_SYNC = b"\xff\xf3"  # MPEG-2, layer III, without a checksum
_HEADER_BYTES = 4
_SIDE_INFO_BYTES = 9  # of a mono frame
_MONO_ORIGINAL = 0xC4
_TAGS = (b"Xing", b"Info")  # a frame that describes the file and holds no sound
_LOST_BYTES = 4096  # so much without a frame is no MP3


def frame_bytes(header: bytes) -> int:
    """The length of the frame that begins with these four bytes; 0 where none does."""
    kbps, rate = header[2] >> 4, header[2] >> 2 & 3
    if header[:2] != _SYNC or header[3] >> 6 != _MONO_ORIGINAL >> 6 or not 0 < kbps < len(_KBPS) or rate >= len(_RATES):
        return 0
    padding = header[2] >> 1 & 1
    return SAMPLES_PER_FRAME // 8 * _KBPS[kbps] * 1000 // _RATES[rate] + padding


def silent_frame(rate: int, bitrate: int) -> bytes:
    """A frame of silence at `rate` Hz and `bitrate` bits per second that needs no other frame to be decoded."""
    third = _KBPS.index(bitrate // 1000) << 4 | _RATES.index(rate) << 2
    header = _SYNC + bytes((third, _MONO_ORIGINAL))
    return header.ljust(frame_bytes(header), b"\0")  # no side information: nothing but zeros


def count_frames(frames: bytes) -> int:
    """How many frames these bytes hold; they must be whole ones."""
    at = number = 0
    while at < len(frames):
        at += frame_bytes(frames[at : at + _HEADER_BYTES])
        number += 1
    return number


class FrameReader:
    """Bytes in any pieces -> the whole frames in them, nothing added and nothing changed."""

    def __init__(self) -> None:
        self._held = b""
        self._lost = 0  # bytes passed over since the last frame
        self._first = True

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are whole by now; raises `UnsupportedMedia` where there is no end of what is none."""
        self._held += data
        frames = []
        while len(self._held) >= _HEADER_BYTES:
            length = frame_bytes(self._held[:_HEADER_BYTES])
            if not length:
                self._pass_over()
                continue
            if len(self._held) < length:
                break
            frame, self._held = self._held[:length], self._held[length:]
            self._lost = 0
            if not (self._first and _describes_the_file(frame)):
                frames.append(frame)
            self._first = False
        return frames

    def _pass_over(self) -> None:
        """Drop what stands before the next possible frame: a tag, or damage."""
        found = self._held.find(_SYNC, 1)
        kept = self._held[found:] if found > 0 else self._held[-1:]
        self._lost += len(self._held) - len(kept)
        self._held = kept
        if self._lost > _LOST_BYTES:
            raise UnsupportedMedia(f"{self._lost} bytes held no frame of MP3 (24 kHz mono).")


def _describes_the_file(frame: bytes) -> bool:
    mark = _HEADER_BYTES + _SIDE_INFO_BYTES
    return frame[mark : mark + 4] in _TAGS
