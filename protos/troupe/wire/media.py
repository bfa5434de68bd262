"""Sizes and rates that both ends of the media streams keep to."""

PIECE_BYTES = 256 * 1024  # media travel in pieces of at most this many bytes
SAMPLE_RATE = 24_000  # Hz: speech between services is PCM s16le mono at this rate
SAMPLE_BYTES = 2  # s16le
PCM_BYTES_PER_MS = SAMPLE_RATE * SAMPLE_BYTES // 1000


def pieces(data: bytes, size: int = PIECE_BYTES) -> list[bytes]:
    """`data` cut into pieces of at most `size` bytes, in order."""
    return [data[start : start + size] for start in range(0, len(data), size)]
