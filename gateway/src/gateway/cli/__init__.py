"""The `troupe` command: up, demo, doctor, key."""
