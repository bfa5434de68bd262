"""What the parts write down: objects with the request's id, and nothing that a caller wrote."""

from __future__ import annotations

import json

import httpx

PROMPT, KEY = "canary-of-a-prompt", "canary-of-a-key"


def objects(process) -> list[dict]:
    return [json.loads(line) for line in process.lines if line.startswith("{")]


def test_every_part_names_the_request_and_none_says_what_it_was(start_service) -> None:
    json_lines = {"TROUPE_LOG_FORMAT": "json"}
    text = start_service("svc_text", TROUPE_TEXT_ENGINES="echo", TROUPE_TEXT_LOG_LEVEL="DEBUG", **json_lines)
    gateway = start_service(
        "gateway",
        PROVIDER_TEXT="gone,echo",
        PROVIDER_GONE_ENGINE="echo",
        PROVIDER_GONE_TARGET="127.0.0.1:1",
        PROVIDER_TEXT_FALLBACK="",
        TROUPE_TEXT_TARGET=text.grpc,
        TROUPE_SPEECH_TARGET="127.0.0.1:1",
        TROUPE_VIDEO_TARGET="127.0.0.1:1",
        TROUPE_LOG_LEVEL="DEBUG",
        MINIMAX_API_KEY=KEY,
        **json_lines,
    )
    ids = []
    with httpx.Client(base_url=f"http://{gateway.addresses['http']}", timeout=30) as client:
        for body in ({"prompt": PROMPT}, {"prompt": PROMPT, "echo": {"fail_after_tokens": 0}}, {"prompt": [PROMPT]}):
            reply = client.post("/api/text", json=body, headers={"Authorization": f"Bearer {KEY}"})
            ids.append(reply.headers["x-troupe-request-id"])
    text.stop()
    gateway.stop()
    assert all(PROMPT not in process.log and KEY not in process.log for process in (text, gateway))
    assert len({line["service"] for line in objects(text) + objects(gateway)}) == 2
    for process, asked in ((gateway, ids), (text, ids[:2])):
        told = {line.get("request_id") for line in objects(process)}
        assert set(asked) <= told
    assert all({"time", "level", "logger", "message"} <= set(line) for line in objects(gateway))
