"""The parts that draw_avatars.py puts together.

A portrait is modelled before it is painted: every part lays a relief (heights) and its colours on one surface, one set
of lamps lights that surface, and hair is drawn over it strand by strand under the same lamps.

shapes (curves), grid (pixels), relief (heights), surface and light; strands and locks (hair's own drawing); looks, cast
(who they are); then the parts: head, features, eyes, mouth, ears, brows, beard, hair, clothes, worn.
"""
