"""`python -m svc_video` serves; `doctor [--json]` says what works here; `sadtalker` fetches its weights."""

import os
import sys


def main() -> int:
    """Set what must be set before numpy is imported, then run."""
    # One thread per film is what this service is made of. OpenBLAS's own threads spin against each other: preparing a
    # portrait took 1.5 s of CPU with them and takes 0.24 s without.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from svc_video.process import run  # noqa: PLC0415  # numpy reads the line above when it is imported

    return run(__doc__ or "")


if __name__ == "__main__":
    sys.exit(main())
