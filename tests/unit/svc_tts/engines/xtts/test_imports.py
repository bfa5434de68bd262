"""What the service imports of XTTS does without PyTorch: only the child process has it."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["config", "layout"])
def test_the_parents_side_needs_no_torch(module):
    heavy = "[name for name in ('torch', 'safetensors') if name in sys.modules]"
    code = f"import sys, svc_tts.engines.xtts.{module}; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"
