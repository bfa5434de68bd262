"""XTTS v2: speaks 17 languages in the voice of a sample. Own networks in plain PyTorch that read the released files.

Only the child process (`worker`) imports PyTorch; the engine itself and what it imports do without.
"""
