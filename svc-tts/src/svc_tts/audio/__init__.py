"""Sound between engines and callers: rates, loudness, codecs."""
