"""Portraits: the shipped avatars, and the pictures people uploaded, each belonging to the key it came with."""
