"""What stands between the world and the chains: keys, limits, uploads."""
