"""What XTTS v2 reads: text of 17 languages as numbers of its vocabulary.

Notable choices:

- `Tokenizer.encode` makes of any text exactly what coqui-tts 0.28 makes of it, wherever coqui-tts makes anything: the
  model was trained on that. Its stages are one module each: `numbers` and `chinese`, `abbreviations`, `symbols`,
  `romanization`.
- What coqui-tts reads wrongly, or cannot read, is mended before that, by rewriting the text into one that it reads
  right (`tidying`, `mending`, `foreign`); `Tokenizer.cut` does both, and cuts what is too long for one go.
- Everything here is a pure function of its input, needs no torch, and no network.
"""
