"""XTTS v2: our own inference, in a process of its own; no torchaudio, no transformers."""
