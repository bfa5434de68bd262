"""Voices with Piper's interface and no training: what a real one takes and gives, told by what it sounds like.

`tones` sounds each phoneme as a tone of its own height for a time of its own, so that a test hears which phoneme is
spoken when. `random_vits` has the shape of Piper's decoder (transposed convolutions, 256 samples a frame) with random
weights at any size: for loading, memory and time. Both compute durations as VITS does (a Ceil, hidden as in released
files unless `told`), take `scales` of noise, length and noise of lengths, and a speaker where there are several.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .onnx_graph import FLOAT, INT64, Graph, value

HOP = 256  # samples a frame
PAD, START, END, SPACE = "_", "^", "$", " "
# Piper's usual map gives an id to each of these, in this order; enough of it for tests.
SYMBOLS = "_^$ !'(),-.:;?abcdefhijklmnopqrstuvwxyzæçðøŋœɐɑɒɔɕəɚɛɜɟɡɣɥɨɪɫɬɯɲɳɵɹɻɾʀʁʂʃʉʊʌʏʐʒʔʝʰʲˈˌːˑ˞βθχᵻ0123456789̧̩̃"
IDS = {symbol: [index] for index, symbol in enumerate(SYMBOLS)}
SILENT = "_^$ !'(),-.:;?ˈˌːˑ˞"
LONG_FRAMES, SHORT_FRAMES = 6, 1
LOWEST_HZ, STEP_HZ = 300.0, 20.0


def hz_of(symbol: str) -> float:
    """How high `tones` sounds a phoneme; 0 = it is silent."""
    return 0.0 if symbol in SILENT else LOWEST_HZ + STEP_HZ * IDS[symbol][0]


def tones(rate: int = 22_050, speakers: int = 1, *, told: bool = False, hidden_durations: bool = True) -> bytes:
    """The graph of a voice that sings its phonemes; the second speaker sings an octave above the first."""
    graph = Graph()
    owner = _frames(graph, told or hidden_durations)
    graph.constant("hz", [hz_of(symbol) / rate for symbol in SYMBOLS])
    graph.add("Gather", ["hz", "row"], "hz_of_row")
    heights = graph.add("Gather", ["hz_of_row", owner], "heights")
    if speakers > 1:
        graph.constant("octaves", [2.0**index for index in range(speakers)])
        graph.add("Gather", ["octaves", "sid"], "octave")
        heights = graph.add("Mul", [heights, "octave"], "heights_of_speaker")
    graph.constant("wide", np.array([[1] * HOP], np.float32))
    graph.constant("down", [-1, 1])
    graph.add("Reshape", [heights, "down"], "column")
    graph.add("Mul", ["column", "wide"], "stretched")
    graph.add("Reshape", ["stretched", "flat"], "turns_per_sample")
    graph.add("CumSum", ["turns_per_sample", "zero"], "turns")
    graph.constant("tau", np.float32(2 * np.pi))
    graph.add("Mul", ["turns", "tau"], "phase")
    graph.add("Sin", ["phase"], "sung")
    graph.add("Sign", ["turns_per_sample"], "sounds")
    graph.add("Mul", ["sung", "sounds"], "clear")
    return _finish(graph, _noisy(graph, "clear"), speakers, told=told)


def random_vits(channels: int = 8, rates: Sequence[int] = (8, 8, 4), seed: int = 0, width: int = 8) -> bytes:
    """The graph of a voice with Piper's kind of decoder: `channels` at first, half of them after each step."""
    graph, random = Graph(), np.random.default_rng(seed)
    owner = _frames(graph, durations=True)
    graph.constant("embedding", random.normal(size=(len(SYMBOLS), width)))
    graph.add("Gather", ["embedding", "row"], "embedded")
    graph.add("Gather", ["embedded", owner], "frames")
    graph.add("Transpose", ["frames"], "turned", perm=[1, 0])
    graph.constant("front", [0])
    sound = _noisy(graph, graph.add("Unsqueeze", ["turned", "front"], "features"))
    sound = _convolve(graph, random, sound, (channels, width, 7), as_name="first")
    for step, rate in enumerate(rates):
        inner = channels // 2**step
        graph.constant(f"up{step}.w", random.normal(size=(inner, inner // 2, 2 * rate)) / np.sqrt(2 * inner))
        graph.add("LeakyRelu", [sound], f"active{step}", alpha=0.1)
        pads = [rate // 2, rate // 2]
        sound = graph.add("ConvTranspose", [f"active{step}", f"up{step}.w"], f"up{step}", strides=[rate], pads=pads)
        sound = _residual(graph, random, sound, inner // 2, step)
    sound = _convolve(graph, random, sound, (1, channels // 2 ** len(rates), 7), as_name="last")
    graph.add("Tanh", [sound], "tanh")
    return _finish(graph, graph.add("Reshape", ["tanh", "flat"], "wave"), 1, told=False)


def write(folder: Path, name: str, graph: bytes | None = None, card: str = "", **changes: Any) -> Path:
    """A voice's two files (and its MODEL_CARD) as they are downloaded; `changes` go into the JSON. Gives the .onnx."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.onnx"
    path.write_bytes(tones() if graph is None else graph)
    Path(f"{path}.json").write_text(json.dumps(config(name) | changes))
    if card:
        (folder / f"{name}.MODEL_CARD").write_text(card)
    return path


def config(name: str) -> dict[str, Any]:
    """What stands in the .onnx.json of such a voice."""
    code, dataset, quality = name.split("-")
    family, region = code.split("_")
    return {
        "audio": {"sample_rate": 22_050, "quality": quality},
        "espeak": {"voice": "en-us" if code == "en_US" else family},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_map": {},
        "phoneme_id_map": IDS,
        "num_symbols": 256,
        "num_speakers": 1,
        "speaker_id_map": {},
        "piper_version": "1.0.0",
        "language": {"code": code, "family": family, "region": region},
        "dataset": dataset,
    }


def speakers(names: Sequence[str]) -> Mapping[str, Any]:
    """The part of the JSON that tells several speakers."""
    return {"num_speakers": len(names), "speaker_id_map": {name: index for index, name in enumerate(names)}}


def _frames(graph: Graph, durations: bool) -> str:
    """Which phoneme each frame belongs to, from the lengths of the phonemes; the name of that tensor."""
    graph.constant("zero", np.int64(0))
    graph.constant("flat", [-1])
    frames = np.array([SHORT_FRAMES if symbol in SILENT else LONG_FRAMES for symbol in SYMBOLS], np.float32)
    graph.constant("lengths", frames)
    for name, index in (("noise", 0), ("slowness", 1)):
        graph.constant(f"at_{name}", np.int64(index))
        graph.add("Gather", ["scales", f"at_{name}"], name)
    graph.add("Reshape", ["input", "flat"], "row")
    graph.add("Gather", ["lengths", "row"], "usual")
    graph.add("Mul", ["usual", "slowness"], "wished")
    graph.add("Ceil" if durations else "Round", ["wished"], "rounded")
    graph.constant("as_output", [1, 1, -1])
    graph.constant("as_row", [1, -1])
    graph.add("CumSum", ["rounded", "zero"], "ends")
    graph.add("ReduceMax", ["ends"], "total", keepdims=0)
    graph.constant("nought", np.float32(0))
    graph.constant("one", np.float32(1))
    graph.add("Range", ["nought", "total", "one"], "numbers")
    graph.constant("as_column", [-1, 1])
    graph.add("Reshape", ["numbers", "as_column"], "number_column")
    graph.add("Reshape", ["ends", "as_row"], "end_row")
    graph.add("GreaterOrEqual", ["number_column", "end_row"], "passed")
    graph.add("Cast", ["passed"], "passed_count", to=INT64)
    graph.constant("across", [1])
    return graph.add("ReduceSum", ["passed_count", "across"], "owner", keepdims=0)


def _noisy(graph: Graph, name: str) -> str:
    graph.add("RandomNormalLike", [name], "dice", mean=0.0, scale=0.01)
    graph.add("Mul", ["dice", "noise"], "noise_there")
    return graph.add("Add", [name, "noise_there"], "noisy")


def _convolve(
    graph: Graph,
    random: np.random.Generator,
    name: str,
    shape: tuple[int, int, int],
    *,
    as_name: str,
    dilation: int = 1,
) -> str:
    reach = (shape[2] - 1) // 2 * dilation
    graph.constant(f"{as_name}.w", random.normal(size=shape) / np.sqrt(shape[1] * shape[2]))
    return graph.add("Conv", [name, f"{as_name}.w"], as_name, pads=[reach, reach], dilations=[dilation])


def _residual(graph: Graph, random: np.random.Generator, name: str, channels: int, step: int) -> str:
    """Piper's smaller kind of residual block, summed over its kernels."""
    sums = []
    for kernel, dilation in ((3, 1), (5, 2), (7, 3)):
        own = f"res{step}.{kernel}"
        graph.add("LeakyRelu", [name], f"{own}.active", alpha=0.1)
        _convolve(
            graph, random, f"{own}.active", (channels, channels, kernel), as_name=f"{own}.conv", dilation=dilation
        )
        sums.append(graph.add("Add", [name, f"{own}.conv"], own))
    return graph.add("Mean", sums, f"res{step}")


def _finish(graph: Graph, name: str, speakers: int, *, told: bool) -> bytes:
    graph.constant("as_sound", [1, 1, 1, -1])
    graph.add("Reshape", [name, "as_sound"], "output")
    inputs = [value("input", INT64, ["batch", "phonemes"]), value("input_lengths", INT64, ["batch"])]
    inputs.append(value("scales", FLOAT, [3]))
    if speakers > 1:
        inputs.append(value("sid", INT64, ["batch"]))
    outputs = [value("output", FLOAT, ["batch", 1, 1, "time"])]
    if told:
        graph.add("Reshape", ["rounded", "as_output"], "durations")
        outputs.append(value("durations", FLOAT, [1, 1, "phonemes"]))
    return graph.model(inputs, outputs)
