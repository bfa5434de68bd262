"""One door for text, speech, voices and talking heads."""
