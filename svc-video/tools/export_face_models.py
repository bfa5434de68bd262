# /// script
# requires-python = ">=3.11"
# dependencies = ["flatbuffers==25.2.10", "numpy>=2", "tflite==2.18.0"]
# ///
"""Exports face detector, attention mesh and person mask as fp16 arrays and op lists that `svc_video.faces.net` runs.

The networks (Apache-2.0, Google) lie as .tflite files in the mediapipe 0.10.21 wheel; the wheel is downloaded, checked,
unzipped and never imported. Run by hand: `uv run svc-video/tools/export_face_models.py`. The result is committed.
"""

import ast
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tflite  # type: ignore[import-untyped,import-not-found,unused-ignore]  # a dependency of this tool only
from flatbuffers import flexbuffers  # type: ignore[import-untyped,import-not-found,unused-ignore]  # as above

WHEEL = "mediapipe==0.10.21"
WHEEL_SHA256 = "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3"  # cp311 manylinux x86_64
MODELS = {
    "detector": (
        "mediapipe/modules/face_detection/face_detection_short_range.tflite",
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    ),
    "mesh": (
        "mediapipe/modules/face_landmark/face_landmark_with_attention.tflite",
        "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4",
    ),
    "person": (
        "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
        "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
    ),
}
TOPOLOGY = "mediapipe/python/solutions/face_mesh_connections.py"
DATA = Path(__file__).parents[1] / "src" / "svc_video" / "data"
CUSTOM = 32  # BuiltinOperator.CUSTOM
NUMPY_TYPES: dict[int, type] = {0: np.float32, 1: np.float16, 2: np.int32}  # TensorType


@dataclass(slots=True)
class Export:
    """What one network becomes: ops in order, and the constants they name."""

    ops: list[dict[str, Any]] = field(default_factory=list)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


class Network:
    """A .tflite file, read op by op."""

    def __init__(self, content: bytes) -> None:
        self.model = tflite.Model.GetRootAsModel(content, 0)
        self.graph = self.model.Subgraphs(0)
        self.op_names = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}
        self.alias: dict[int, int] = {}  # dequantized tensor -> its fp16 source

    def constant(self, tensor: int) -> np.ndarray | None:
        """The value stored in the file, or None for a tensor that is computed."""
        entry = self.graph.Tensors(tensor)
        buffer = self.model.Buffers(entry.Buffer())
        if not buffer.DataLength():
            return None
        shape = entry.ShapeAsNumpy() if entry.ShapeLength() else ()
        return np.asarray(buffer.DataAsNumpy().view(NUMPY_TYPES[entry.Type()]).reshape(shape))

    def operators(self) -> Iterator[tuple[str, Any]]:
        """(name, operator) in order of execution."""
        for i in range(self.graph.OperatorsLength()):
            operator = self.graph.Operators(i)
            code = self.model.OperatorCodes(operator.OpcodeIndex())
            number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
            name = code.CustomCode().decode() if number == CUSTOM else self.op_names[number]
            yield name.lower(), operator

    def options(self, name: str, operator: Any) -> dict[str, Any]:
        """The attributes of an op that its inputs do not tell."""
        if name == "landmarks2transformmatrix":
            return dict(flexbuffers.Loads(bytes(operator.CustomOptionsAsNumpy())))
        if name == "transformtensorbilinear":
            return {"size": flexbuffers.Loads(bytes(operator.CustomOptionsAsNumpy()))["output_height"]}
        readers = {
            "conv_2d": tflite.Conv2DOptions,
            "depthwise_conv_2d": tflite.DepthwiseConv2DOptions,
            "max_pool_2d": tflite.Pool2DOptions,
        }
        if name not in readers:
            return {}
        read = readers[name]()
        table = operator.BuiltinOptions()
        read.Init(table.Bytes, table.Pos)
        return {"stride": read.StrideH(), "same": read.Padding() == 0}

    def export(self) -> Export:
        """Ops and constants; dequantize ops vanish, their fp16 source is stored once."""
        out = Export()
        for name, operator in self.operators():
            inputs = [self.alias.get(i, i) for i in map(int, operator.InputsAsNumpy()) if i >= 0]
            outputs = [int(i) for i in operator.OutputsAsNumpy()]
            if name == "dequantize":
                self.alias[outputs[0]] = inputs[0]
                continue
            op = {"kind": name, "in": inputs, "out": outputs[0], **self.options(name, operator)}
            if name == "reshape":
                op["shape"] = [int(n) for n in self.graph.Tensors(outputs[0]).ShapeAsNumpy()]
            out.ops.append(op)
            for i in inputs:
                value = self.constant(i)
                if value is not None:
                    out.arrays[f"t{i}"] = value.astype(np.float16) if value.dtype == np.float32 else value
        return out

    def outputs(self) -> dict[str, int]:
        """Name -> tensor number."""
        numbers = [int(self.graph.Outputs(i)) for i in range(self.graph.OutputsLength())]
        return {self.graph.Tensors(n).Name().decode(): n for n in numbers}


def triangles(topology: str) -> np.ndarray:
    """The mesh's triangles (n, 3): all 3-cliques of the tessellation's edges."""
    tree = ast.parse(topology)
    edges: set[tuple[int, int]] = set()
    for node in tree.body:
        named = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FACEMESH_TESSELATION"
        if named and isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            edges = {(min(e), max(e)) for e in ast.literal_eval(node.value.args[0])}
    near: dict[int, set[int]] = {}
    for a, b in edges:
        near.setdefault(a, set()).add(b)
        near.setdefault(b, set()).add(a)
    found = {tuple(sorted((a, b, c))) for a, b in edges for c in near[a] & near[b]}
    return np.array(sorted(found), dtype=np.int16)


def fetch() -> zipfile.ZipFile:
    """The wheel, its sum checked."""
    with tempfile.TemporaryDirectory() as folder:
        where = ["--platform", "manylinux_2_28_x86_64", "--python-version", "3.11", "--only-binary=:all:"]
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "-d", folder, *where, WHEEL]
        subprocess.run(command, check=True)
        content = next(Path(folder).glob("*.whl")).read_bytes()
    checked(content, WHEEL_SHA256, WHEEL)
    return zipfile.ZipFile(io.BytesIO(content))


def checked(content: bytes, sha256: str, name: str) -> bytes:
    """The content itself, or SystemExit where its sum is another."""
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise SystemExit(f"{name}: sha256 is {found}, expected {sha256}")
    return content


def main() -> None:
    """Writes data/detector.npz, data/mesh.npz and data/person.npz."""
    wheel = fetch()
    for name, (path, sha256) in MODELS.items():
        network = Network(checked(wheel.read(path), sha256, path))
        result = network.export()
        if name == "mesh":
            result.arrays["triangles"] = triangles(wheel.read(TOPOLOGY).decode())
        text = json.dumps({"ops": result.ops, "outputs": network.outputs(), "input": int(network.graph.Inputs(0))})
        plan = np.frombuffer(text.encode(), dtype=np.uint8)
        arrays: dict[str, Any] = {"plan": plan, **result.arrays}
        np.savez_compressed(DATA / f"{name}.npz", **arrays)
        print(name, len(result.ops), "ops", (DATA / f"{name}.npz").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
