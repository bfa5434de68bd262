"""What both ends of a wire must agree on, and nothing else."""

import os

# Services start child processes (flite, espeak, decoders) while gRPC's threads run. None of those children speaks
# gRPC, so its fork handlers would only write a line about each. It reads this once, when it is first imported.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
