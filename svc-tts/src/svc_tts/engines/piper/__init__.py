"""Piper's voices: neural, offline, run by onnxruntime in processes of their own; no line of piper-tts (GPL)."""
