"""Microsoft's neural voices, by the read-aloud endpoint of the Edge browser."""
