"""Fetching the files of models, for every service that has some: resumable, checked, never half-written in use."""
