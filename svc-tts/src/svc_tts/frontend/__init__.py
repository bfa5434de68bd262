"""From what people write to what an engine can read, without losing where each letter came from."""
