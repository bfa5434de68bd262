"""Judges manifests by their schemas, where kubernetes-validate is installed: `python judge.py SCHEMAS < rows.json`.

In: {row: [manifest, ...]}. Out: {row: [complaint, ...]}, rows without complaints left out. Built-in kinds are judged by
the schemas of Kubernetes itself, strictly (a field nobody knows is a complaint), others by ours of the fields we use.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate

VERSIONS = ("1.32", "1.37")  # the oldest that has all we use, and the newest there is a schema of
LWS_TEMPLATES = ("leaderTemplate", "workerTemplate")


def main() -> None:
    schemas = {path.stem: json.loads(path.read_text()) for path in Path(sys.argv[1]).glob("*.json")}
    seen: dict[str, list[str]] = {}
    told = {}
    for row, manifests in json.load(sys.stdin).items():
        complaints = []
        for manifest in manifests:
            text = json.dumps(manifest, sort_keys=True)
            if text not in seen:  # most manifests are the same in most rows
                seen[text] = list(judge(manifest, schemas))
            complaints += seen[text]
        if complaints:
            told[row] = complaints
    json.dump(told, sys.stdout)


def judge(manifest: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    where = f"{manifest.get('kind')}/{manifest.get('metadata', {}).get('name')}"
    if manifest.get("kind") not in schemas:
        yield from built_in(manifest, where)
        return
    for error in jsonschema.Draft202012Validator(schemas[manifest["kind"]]).iter_errors(manifest):
        yield f"{where}: {'.'.join(map(str, error.absolute_path))}: {error.message}"
    if manifest["kind"] == "LeaderWorkerSet":
        for name in LWS_TEMPLATES:  # pods like any other
            spec = {"selector": {}, "template": manifest["spec"]["leaderWorkerTemplate"][name]}
            pod = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": spec}
            yield from built_in(pod, f"{where}/{name}")


def built_in(manifest: dict[str, Any], where: str) -> Iterator[str]:
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{where} ({version}): {'.'.join(map(str, error.path))}: {error.message}"
        except kubernetes_validate.SchemaNotFoundError as error:
            yield f"{where} ({version}): {error}; write a schema of the fields we use into tests/k8s/schemas"


if __name__ == "__main__":
    main()
