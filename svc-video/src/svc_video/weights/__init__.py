"""Fetching what the engines draw with: the release of SadTalker."""
