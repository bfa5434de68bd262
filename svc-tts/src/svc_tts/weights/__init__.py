"""Fetching what the engines speak with: the release of XTTS v2, and Piper's voices."""
