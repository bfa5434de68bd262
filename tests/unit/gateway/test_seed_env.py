"""Every env block of the seed (OSS Migration Guide), verbatim, and the chains it means."""

from __future__ import annotations

import io
import re

import pytest
from dotenv import dotenv_values

from gateway.plan import NO_KEY, RungPlan, plan_chains
from gateway.routing.need import Modality
from gateway.settings import Settings
from troupe.wire.errors import InvalidArgument

SEED = """
### 1. Keep Using MiniMax (Default)
```env
PROVIDER_TEXT=minimax
PROVIDER_TTS=minimax
PROVIDER_VIDEO=minimax
```
### 2. Switch to Self-Hosted
```env
PROVIDER_TEXT=vllm
PROVIDER_TTS=coqui
PROVIDER_VIDEO=sadtalker
```
### TTS Service (Docker) - Recommended
```env
PROVIDER_TTS=coqui
PROVIDER_COQUI_MODE=service
PROVIDER_COQUI_SERVICE_URL=http://localhost:5050
```
### vLLM (Text Generation)
```env
PROVIDER_TEXT=vllm
PROVIDER_VLLM_BASE_URL=http://localhost:8000
PROVIDER_VLLM_MODEL=meta-llama/Llama-3.1-70B-Instruct
```
### SadTalker (Talking Head Video)
```env
PROVIDER_VIDEO=sadtalker
PROVIDER_SADTALKER_CHECKPOINT=./models/sadtalker
PROVIDER_SADTALKER_DEVICE=cuda
```
## Fallback Chains
```env
PROVIDER_TEXT_FALLBACK=vllm,minimax
PROVIDER_TTS_FALLBACK=coqui,edge,minimax
PROVIDER_VIDEO_FALLBACK=sadtalker,minimax
```
"""
BLOCKS = re.findall(r"### ?(.+?)\n```env\n(.+?)```|## (.+?)\n```env\n(.+?)```", SEED, re.DOTALL)
KEEP, SWITCH, TTS, VLLM, SADTALKER, FALLBACKS = (first or last for _, first, _, last in BLOCKS)

TEXT = "127.0.0.1:50051"
SPEECH = "127.0.0.1:50052"
VIDEO = "127.0.0.1:50053"
LOCAL_TEXT = [f"vllm=vllm@{TEXT}", f"llamacpp=llamacpp@{TEXT}", f"extractive=extractive@{TEXT}"]
LOCAL_TTS = [f"{name}={name}@{SPEECH}" for name in ("xtts", "piper", "flite", "espeak")]
LOCAL_VIDEO = [f"{name}={name}@{VIDEO}" for name in ("sadtalker", "portrait")]
COQUI = f"coqui=xtts|edge@{SPEECH}"
EDGE = f"edge=edge@{SPEECH} cloud"
MINIMAX = "minimax=minimax@ cloud"
NONE: list[str] = []
KEY = "MINIMAX_API_KEY=sk-x\n"


def told(rung: RungPlan) -> str:
    return f"{rung.name}={'|'.join(rung.engines)}@{rung.target}{' cloud' if rung.cloud else ''}"


def chains(text: str) -> tuple[dict[Modality, list[str]], dict[Modality, frozenset[str]]]:
    environ = {name: value for name, value in dotenv_values(stream=io.StringIO(text)).items() if value is not None}
    plans = plan_chains(Settings.load(environ))
    return (
        {modality: [told(rung) for rung in plan.rungs] for modality, plan in plans.items()},
        {modality: plan.unasked for modality, plan in plans.items()},
    )


def test_the_copy_holds_all_blocks() -> None:
    assert len(BLOCKS) == 6
    assert all("=" in block for block in (KEEP, SWITCH, TTS, VLLM, SADTALKER, FALLBACKS))


@pytest.mark.parametrize(
    ("env", "text", "tts", "video", "unasked"),
    [
        pytest.param("", LOCAL_TEXT, LOCAL_TTS, LOCAL_VIDEO, "all", id="nothing set"),
        pytest.param(
            KEY, [MINIMAX, *LOCAL_TEXT], [MINIMAX, *LOCAL_TTS], [MINIMAX, *LOCAL_VIDEO], "all",
            id="nothing set but a key: the seed's default",
        ),
        pytest.param(
            KEEP, [MINIMAX, *LOCAL_TEXT], [MINIMAX, *LOCAL_TTS], [MINIMAX, *LOCAL_VIDEO],
            "vllm llamacpp extractive xtts piper flite espeak sadtalker portrait", id="keep using MiniMax",
        ),
        pytest.param(
            SWITCH, LOCAL_TEXT, [COQUI, *LOCAL_TTS], LOCAL_VIDEO,
            "llamacpp extractive xtts piper flite espeak portrait", id="switch to self-hosted",
        ),
        pytest.param(
            KEY + SWITCH, LOCAL_TEXT, [COQUI, *LOCAL_TTS], LOCAL_VIDEO,
            "llamacpp extractive xtts piper flite espeak portrait",
            id="self-hosted with a key: the cloud only where named",
        ),
        pytest.param(
            TTS, LOCAL_TEXT, ["coqui=xtts|edge@http://localhost:5050", *LOCAL_TTS], LOCAL_VIDEO,
            "vllm llamacpp extractive xtts piper flite espeak sadtalker portrait", id="TTS service",
        ),
        pytest.param(
            "TROUPE_PORT=8080\n" + VLLM,
            [f"vllm=openai@{TEXT}", *LOCAL_TEXT[1:]], LOCAL_TTS, LOCAL_VIDEO,
            "llamacpp extractive xtts piper flite espeak sadtalker portrait", id="vLLM, the gateway moved",
        ),
        pytest.param(
            SADTALKER, LOCAL_TEXT, LOCAL_TTS, LOCAL_VIDEO,
            "vllm llamacpp extractive xtts piper flite espeak portrait", id="SadTalker",
        ),
        pytest.param(
            FALLBACKS, [LOCAL_TEXT[0], MINIMAX], [COQUI, EDGE, MINIMAX], [LOCAL_VIDEO[0], MINIMAX], "",
            id="fallback chains",
        ),
        pytest.param(
            KEY + FALLBACKS, [MINIMAX, LOCAL_TEXT[0]], [MINIMAX, COQUI, EDGE], [MINIMAX, LOCAL_VIDEO[0]], "",
            id="fallback chains with a key",
        ),
        pytest.param(
            SWITCH + FALLBACKS, [LOCAL_TEXT[0], MINIMAX], [COQUI, EDGE, MINIMAX], [LOCAL_VIDEO[0], MINIMAX], "",
            id="self-hosted with fallbacks",
        ),
        pytest.param(
            "TROUPE_PORT=8080\n" + KEY + SWITCH + TTS + VLLM + SADTALKER + FALLBACKS,
            [f"vllm=openai@{TEXT}", MINIMAX],
            ["coqui=xtts|edge@http://localhost:5050", EDGE, MINIMAX],
            [LOCAL_VIDEO[0], MINIMAX],
            "",
            id="the whole guide",
        ),
    ],
)  # fmt: skip
def test_the_chains_of_a_block(env: str, text: list[str], tts: list[str], video: list[str], unasked: str) -> None:
    got, defaults = chains(env)
    assert got == {Modality.TEXT: text, Modality.TTS: tts, Modality.VIDEO: video}
    names = {rung.split("=")[0] for rungs in got.values() for rung in rungs}
    assert frozenset().union(*defaults.values()) == (names if unasked == "all" else frozenset(unasked.split()))


def test_the_seeds_vllm_block_alone_would_ask_the_gateway_itself() -> None:
    with pytest.raises(InvalidArgument, match=r"this gateway itself.*TROUPE_PORT"):
        chains(VLLM)


def test_the_model_of_vllm_is_the_rungs_and_a_file_of_llamacpp_is_not() -> None:
    settings = Settings.load(
        dict(dotenv_values(stream=io.StringIO(VLLM + "PROVIDER_LLAMACPP_MODEL=a.gguf"))) | {"TROUPE_PORT": "1"}
    )  # type: ignore[arg-type]  # no line without a value
    models = {rung.name: rung.model for rung in plan_chains(settings)[Modality.TEXT].rungs}
    assert models == {"vllm": "meta-llama/Llama-3.1-70B-Instruct", "llamacpp": "", "extractive": ""}


def test_minimax_without_a_key_stands_in_its_place_and_says_why() -> None:
    plans = plan_chains(Settings.load({"PROVIDER_TEXT": "minimax"}))
    assert plans[Modality.TEXT].rungs[0].absent == NO_KEY
    assert plan_chains(Settings.load({"MINIMAX_API_KEY": "sk"}))[Modality.TEXT].rungs[0].absent == ""
