"""Voices: those of the engines, the ten ids of the first release, and references of cloned ones."""
