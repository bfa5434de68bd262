"""`sadtalker`: our own inference for SadTalker's official checkpoints (Zhang et al., CVPR 2023)."""
