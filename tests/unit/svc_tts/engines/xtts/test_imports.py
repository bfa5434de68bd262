"""What the service imports of XTTS does without PyTorch: only the child process has it."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module", ["svc_tts.engines.xtts", "svc_tts.engines.xtts.config", "svc_tts.engines.xtts.layout"]
)
def test_the_parents_side_needs_no_torch(module):
    code = f"import sys, {module}; print([name for name in ('torch', 'safetensors') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"
