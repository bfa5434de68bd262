"""The engines: each draws talking heads in its own way."""
