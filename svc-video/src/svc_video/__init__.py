"""Video: talking heads from a portrait and speech."""
