"""What tools/arm64.sh tells the kernel, and what docs/ARM64.md says of the files for a Spark."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
SCRIPT = (ROOT / "tools/arm64.sh").read_text()
PAGE = (ROOT / "docs/ARM64.md").read_text()
COMMANDS = [
    line.partition("#")[0].strip()
    for block in re.findall(r"^```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
MACHINE_X86_64, MACHINE_AARCH64, MACHINE_RISCV = 62, 183, 243  # e_machine of elf.h
EXECUTABLE, SHARED, CORE = 2, 3, 4  # e_type


def written(name: str) -> bytes:
    """`magic` or `mask` of the script: the kernel reads \\xNN."""
    text = re.search(rf"local {name}='(.+)'", SCRIPT)[1]
    return text.encode().decode("unicode_escape").encode("latin-1")


def taken(kind: int, machine: int, bits: int = 2) -> bool:
    """Whether the kernel would give such an ELF file to the emulator."""
    header = b"\x7fELF" + bytes((bits, 1, 1)) + bytes(9) + kind.to_bytes(2, "little") + machine.to_bytes(2, "little")
    return all((a & m) == (b & m) for a, b, m in zip(header, written("magic"), written("mask"), strict=True))


def test_the_kernel_gives_arm64s_programs_to_the_emulator_and_no_others() -> None:
    assert taken(EXECUTABLE, MACHINE_AARCH64)
    assert taken(SHARED, MACHINE_AARCH64)
    assert not taken(EXECUTABLE, MACHINE_X86_64)
    assert not taken(EXECUTABLE, MACHINE_RISCV)
    assert not taken(CORE, MACHINE_AARCH64)
    assert not taken(EXECUTABLE, MACHINE_AARCH64, bits=1)


def test_what_was_mounted_is_taken_back_whatever_happens() -> None:
    run = SCRIPT[SCRIPT.index("\nrun() {") :]
    assert run.index("trap undo EXIT") < run.index("emulate") < run.index("settle")
    assert len(re.findall(r"^ +mount -", SCRIPT, re.MULTILINE)) == SCRIPT.count("mounted+=(") == 2


def test_it_is_sound_and_says_how_it_is_called() -> None:
    subprocess.run(["bash", "-n", ROOT / "tools/arm64.sh"], check=True, timeout=20)
    told = subprocess.run([ROOT / "tools/arm64.sh"], capture_output=True, text=True, timeout=20, check=False)
    assert (told.returncode, "run | purge" in told.stderr) == (2, True)


def test_each_part_has_a_row_of_wheels() -> None:
    for lock in ("gateway", "svc-text", "svc-tts", "svc-video"):
        assert f"`{lock}/requirements.txt`" in PAGE
    assert f"vLLM {version('vllm')}" in PAGE
    assert f"PyTorch {version('torch')}" in PAGE


def version(name: str) -> str:
    return re.search(rf"^{name}==(\S+)", (ROOT / "tools/vllm/cuda.txt").read_text(), re.MULTILINE)[1]


CI_RUNS = {
    "make up": ("tests/e2e/test_up.py", '[TROUPE, "up"]'),
    "HARDWARE=dgx-spark docker compose up": ("tests/compose/test_config.py", '"dgx-spark"'),
    "kubectl apply -k deploy/k8s/overlays/dgx-spark": ("tests/k8s/combinations.py", '"dgx-spark"'),
    "make doctor TARGET=compose": ("tests/unit/tools/test_doctor.py", '"compose"'),
    "make doctor": ("tests/e2e/test_up.py", '[TROUPE, "doctor"]'),
}
"""Of the page's commands: where, and by which words."""
BY_HAND = {"uv pip install --dry-run": "the question to PyPI", "make test-arm64": "`make test-arm64`"}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_page_is_one_that_ci_runs_or_is_said_not_to_be(command: str) -> None:
    (known, *_) = [each for each in (*CI_RUNS, *BY_HAND) if command.startswith(each)] or ["neither"]
    if known in CI_RUNS:
        file, words = CI_RUNS[known]
        assert words in (ROOT / file).read_text()
    else:
        assert BY_HAND[known] in PAGE.partition("By hand: ")[2].partition("\n\n")[0]


def test_the_figures_are_those_of_the_spark_s_file() -> None:
    spark = yaml.safe_load((ROOT / "deploy/hardware/dgx-spark.yaml").read_text().replace("!override", ""))
    set_to = spark["services"]["svc-text"]["environment"]
    assert f"TROUPE_TEXT_VLLM_MEMORY_SHARE={default(set_to['TROUPE_TEXT_VLLM_MEMORY_SHARE'])}`" in PAGE
    assert default(set_to["TROUPE_TEXT_VLLM_ARGUMENTS"]) in PAGE
    assert default(set_to["PROVIDER_VLLM_MODEL"]).partition("/")[2] in PAGE


def default(text: str) -> str:
    return re.fullmatch(r"\$\{\w+:-(.+)\}", text)[1]
