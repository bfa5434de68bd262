"""Whether a file that came is what its engine reads, judged from its head: no torch, no onnxruntime.

A web page, a pointer of Git LFS, a pickle that would run something: none of them gets its name in the folder.
The engines read everything once more when they load it.
"""

from __future__ import annotations

import json
import pickletools
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from svc_tts.weights import piper_voices, xtts_release
from troupe.wire.errors import CheckpointBroken

PICKLE = b"\x80"  # opcode PROTO: how a pickle of protocol 2 and later begins
ONNX = b"\x08"  # field 1 of ModelProto (ir_version), a varint: protobuf writes fields in their order
_MAX_JSON_BYTES = 16 << 20
_MAX_PICKLE_BYTES = 64 << 20  # without the tensors, which are files of their own in the archive
_MODULES = frozenset({"torch", "collections", "TTS", "_codecs"})
_BUILTINS = frozenset({"set", "frozenset", "bytearray", "complex"})


def judge_xtts(file: Path) -> None:
    """Raise `CheckpointBroken` for a file that XTTS could not use; `file` may bear the name of a part of one."""
    name = next((each.name for each in xtts_release.FILES if file.name.startswith(each.name)), file.name)
    if name.endswith(".pth"):
        _judge_checkpoint(file)
    elif name == xtts_release.CONFIG:
        if _json(file).get("model") != "xtts":
            raise CheckpointBroken("it is no config.json of XTTS")
    elif name.endswith(".json"):
        _json(file)


def judge_piper(file: Path) -> None:
    """Raise `CheckpointBroken` for a file that Piper's engine could not use."""
    if piper_voices.CARD in file.name:
        return
    if piper_voices.CONFIG in file.name:
        told = _json(file)
        if not isinstance(told.get("phoneme_id_map"), Mapping) or not isinstance(told.get("audio"), Mapping):
            raise CheckpointBroken("it is no JSON of a voice of Piper: phoneme_id_map or audio is missing")
    elif _head(file, len(ONNX)) != ONNX:
        raise CheckpointBroken("it is no model in the ONNX format")


def _json(file: Path) -> Mapping[str, object]:
    if file.stat().st_size > _MAX_JSON_BYTES:
        raise CheckpointBroken("it is too large for what it should be")
    try:
        told = json.loads(file.read_bytes())
    except ValueError as error:
        raise CheckpointBroken(f"it is not JSON ({error})") from None
    if not isinstance(told, Mapping):
        raise CheckpointBroken("it is JSON and no object")
    return told


def _judge_checkpoint(file: Path) -> None:
    if not zipfile.is_zipfile(file):  # as PyTorch wrote them before 1.6: judged when it is loaded
        if _head(file, len(PICKLE)) != PICKLE:
            raise CheckpointBroken("it is no checkpoint of PyTorch")
        return
    strange = sorted({name for name in _globals(_pickle(file)) if not _allowed(name)})
    if strange:
        raise CheckpointBroken(f"it would call {', '.join(strange)}, which no checkpoint needs")


def _pickle(file: Path) -> bytes:
    """The pickle of the archive, which says how its tensors hang together."""
    with zipfile.ZipFile(file) as archive:
        inside = [each for each in archive.infolist() if each.filename.endswith("/data.pkl")]
        if len(inside) != 1 or inside[0].file_size > _MAX_PICKLE_BYTES:
            raise CheckpointBroken("it is an archive and no checkpoint of PyTorch")
        return archive.read(inside[0])


def _globals(pickle: bytes) -> Iterator[str]:
    """All that it names: "module name". torch.save writes protocol 2, which names them in one opcode."""
    try:
        for opcode, argument, _ in pickletools.genops(pickle):
            if opcode.name == "GLOBAL":
                yield str(argument)
            elif opcode.name in {"STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"}:
                yield f"something by {opcode.name}"
    except ValueError as error:
        raise CheckpointBroken(f"its pickle is damaged ({error})") from None


def _allowed(named: str) -> bool:
    module, _, name = named.partition(" ")
    if module in {"builtins", "__builtin__"}:
        return name in _BUILTINS
    return module.partition(".")[0] in _MODULES


def _head(file: Path, size: int) -> bytes:
    with file.open("rb") as opened:
        return opened.read(size)
