"""Chains of rungs: which one serves a request, and what happens when it cannot. Pure: no HTTP, no gRPC, no sleep."""
