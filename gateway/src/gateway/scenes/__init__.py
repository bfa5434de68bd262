"""What spans several chains, and what callers may follow while it is made."""
