"""Frames on the pipes between the service and its reading processes."""

import struct

REQUEST = struct.Struct(">II")
"""Lengths of the JSON about a page (url, content type) and of its bytes."""
ANSWER = struct.Struct(">I")
"""Length of the JSON of an answer: {"page": ...}, or {"code": ..., "message": ...} of a leaf of the error tree."""
