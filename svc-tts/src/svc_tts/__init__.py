"""Speech: voices, timings and mouth cues."""
