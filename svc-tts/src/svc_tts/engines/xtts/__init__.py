"""XTTS v2: the model in a process of its own, and what it reads."""
