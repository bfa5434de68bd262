"""Troupe's protocol: the messages of `v1`, and `wire`, what both ends agree on."""
