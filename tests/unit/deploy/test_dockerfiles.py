"""The Dockerfiles, as text: what every image promises, and what the build context keeps out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PARTS = ("gateway", "svc-text", "svc-tts", "svc-video")
TARGETS = {"gateway": ["gateway"], "svc-text": ["llamacpp", "vllm"], "svc-tts": ["slim", "xtts"]}
TARGETS["svc-video"] = ["portrait", "sadtalker"]


def stages(part: str) -> dict[str, str]:
    """Name -> its lines, of the Dockerfile of a part."""
    found = re.split(r"^FROM ", (ROOT / part / "Dockerfile").read_text(), flags=re.MULTILINE)[1:]
    return {re.search(r" AS (\S+)", stage)[1]: stage for stage in found}


def whole(part: str, target: str) -> str:
    """A target, and the stages of the same file that it begins from."""
    found = stages(part)
    base = found[target].split()[0]
    return (whole(part, base) if base in found else "") + found[target]


@pytest.mark.parametrize(("part", "target"), [(part, target) for part in PARTS for target in TARGETS[part]])
def test_every_image_keeps_its_promises(part: str, target: str) -> None:
    text = whole(part, target)
    assert text.rstrip().endswith(f'CMD ["python", "-m", "{part.replace("-", "_")}"]') or "USER 10001:10001" in text
    assert re.findall(r"^USER (.+)$", text, re.MULTILINE)[-1] == "10001:10001"
    assert "STOPSIGNAL SIGTERM" in text
    assert '"troupe.wire.probe"' in text
    assert "/opt/troupe/sbom.json" in text
    assert "NOTICE" in text
    for label in ("title", "description", "version", "licenses"):
        assert f"org.opencontainers.image.{label}=" in text


@pytest.mark.parametrize("part", PARTS)
def test_the_base_is_an_argument_and_nothing_is_fetched_but_from_locks(part: str) -> None:
    text = (ROOT / part / "Dockerfile").read_text()
    assert "ARG BASE=python:3.11-slim" in text
    assert not re.search(r"\b(curl|wget|git clone|ADD )", text)
    assert "pip install" not in text  # by tools/images/install.py alone, which checks hashes


def test_torch_is_in_no_image_that_can_do_without() -> None:
    for part in PARTS:
        assert "--torch" not in stages(part)["packages"]


def test_the_context_lets_in_what_is_named_and_nothing_else() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert lines[0] == "*"
    let_in = {line[1:] for line in lines if line.startswith("!")}
    assert let_in == {"LICENSE", "NOTICE", "protos", *PARTS, "tools/images", "tools/vllm"}
    assert "**/.env" in lines


def test_what_has_no_wheel_is_compiled_by_locked_tools() -> None:
    found = stages("svc-tts")
    assert "install -y -qq --no-install-recommends g++" in found["tools-compiler"]
    assert found["tools-arm64"].startswith("tools-compiler")
    assert found["tools-amd64"].startswith("tools ")
    assert found["packages"].startswith("tools-${TARGETARCH}")
    assert found["packages-xtts"].startswith("tools-compiler")
    lock = (ROOT / "tools/images/build.txt").read_text()
    for tool in ("cmake", "nanobind", "ninja", "scikit-build-core"):
        assert re.search(rf"^{tool}==\S+ ; platform_machine == 'aarch64' \\$", lock, re.MULTILINE)
    assert re.search(r"^cython==\S+ \\$", lock, re.MULTILINE)


@pytest.mark.parametrize(("part", "target"), [("svc-text", "vllm"), ("svc-video", "sadtalker")])
def test_triton_has_a_compiler_and_pythons_headers(part: str, target: str) -> None:
    assert "install -y -qq --no-install-recommends gcc libc6-dev" in stages(part)[target]
    assert "python3-dev" in stages(part)[target]
    assert "gcc" not in whole(part, "llamacpp" if part == "svc-text" else "portrait")
