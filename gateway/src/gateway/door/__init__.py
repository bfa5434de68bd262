"""The gRPC door: troupe.v1 for callers outside, on the same chains, keys and errors as HTTP."""

from gateway.door.server import Door

__all__ = ["Door"]
