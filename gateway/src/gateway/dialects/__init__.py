"""HTTP in, HTTP out: each dialect turns its JSON into messages of troupe.v1 and back, and nothing else."""
