"""The fake MiniMax speaks as the cloud does: its replies have the goldens' shape, and its failures are real."""

from __future__ import annotations

import base64
import io
import json
import re
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

FAKES = Path(__file__).parents[1] / "fakes"
GOLDEN = sorted((FAKES / "minimax" / "golden").glob("*.json"))
KEY = "sk-api-fake-global"
OTHER_KEY = "sk-api-fake-mainland"
EXACT = {"object", "type", "role", "status_code", "http_code", "finish_reason", "status", "stop_reason", "[DONE]"}
SPEAK = {"model": "speech-02-hd", "text": "one two three four", "voice_setting": {"voice_id": "female-shaonv"}}
CHAT = {"model": "MiniMax-M3", "messages": [{"role": "user", "content": "count to 20"}], "reasoning_split": True}


def sound(seconds: float) -> bytes:
    memory = io.BytesIO()
    with wave.open(memory, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(b"\0\1" * round(8_000 * seconds))
    return memory.getvalue()


def data_url(content: bytes, kind: str = "audio/wav") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


@pytest.fixture(scope="module")
def fake(start_service_once) -> str:
    started = start_service_once("minimax", PYTHONPATH=str(FAKES), FAKE_MINIMAX_STATES="Preparing")
    return f"http://{started.addresses['http']}"


@pytest.fixture
def client(fake) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=fake, headers=headers, timeout=10) as client:
        client.delete("/_script")
        client.delete("/_seen")
        yield client


@pytest.fixture
def script(client) -> Callable[..., None]:
    def add(endpoint: str, **behaviour: Any) -> None:
        client.post("/_script", json={"endpoint": endpoint, **behaviour}).raise_for_status()

    return add


# -- golden files


def differences(golden: Any, told: Any, path: str = "") -> list[str]:
    """Where the shape of `told` is not the golden's: keys and types; of words that are enumerations also the value."""
    if isinstance(golden, dict) and isinstance(told, dict):
        found = [f"{path}: {sorted(set(golden) ^ set(told))}"] if set(golden) != set(told) else []
        for name in set(golden) & set(told):
            found += differences(golden[name], told[name], f"{path}.{name}")
        return found
    if isinstance(golden, list) and isinstance(told, list):
        if bool(golden) != bool(told):
            return [f"{path}: {len(told)} items, golden has {len(golden)}"]
        return [each for item in told for each in best(golden, item, f"{path}[]")]
    if type(golden) is not type(told) and not (type(golden) is float and type(told) is int):
        return [f"{path}: {type(told).__name__}, golden has {type(golden).__name__}"]
    name = path.rpartition(".")[2]
    if (name in EXACT or golden == "[DONE]") and golden != told:
        return [f"{path}: {told!r}, golden has {golden!r}"]
    return []


def best(goldens: list[Any], told: Any, path: str) -> list[str]:
    return min((differences(golden, told, path) for golden in goldens), key=len)


def ask(client: httpx.Client, request: dict[str, Any], kept: dict[str, Any]) -> httpx.Response:
    key = request.get("key", KEY)
    headers = {"Authorization": f"Bearer {key}"} if request.get("auth") != "x-api-key" else {"x-api-key": key}
    filled = {name: value if name == "key" else fill(value, kept) for name, value in request.items()}
    with httpx.Client(base_url=client.base_url, headers=headers if key else {}, timeout=10) as asker:
        files = {"file": (filled["file"], sound(12))} if "file" in filled else None
        return asker.request(
            filled["method"], filled["path"], json=filled.get("json"), data=filled.get("form"), files=files
        )


def fill(value: Any, kept: dict[str, Any]) -> Any:
    """${NAME} alone is the value kept, inside a text it is its words."""
    if isinstance(value, dict):
        return {name: fill(each, kept) for name, each in value.items()}
    if isinstance(value, list):
        return [fill(each, kept) for each in value]
    if not isinstance(value, str):
        return value
    if match := re.fullmatch(r"\$\{(\w+)\}", value):
        return kept[match[1]]
    return re.sub(r"\$\{(\w+)\}", lambda match: str(kept[match[1]]), value)


def events(body: str) -> list[Any]:
    lines = [line.removeprefix("data:").strip() for line in body.splitlines() if line.startswith("data:")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def dig(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body[name]
    return body


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_replies_have_the_goldens_shape(client, path) -> None:
    kept: dict[str, Any] = {"AUDIO": data_url(sound(3))}
    for exchange in json.loads(path.read_text())["exchanges"]:
        told, golden = ask(client, exchange["request"], kept), exchange["reply"]
        assert told.status_code == golden["status"], (exchange["name"], told.text)
        assert re.fullmatch(r"[0-9a-f]{32}", told.headers["Trace-Id"]), exchange["name"]
        if "events" in golden:
            assert told.headers["content-type"].startswith("text/event-stream")
            found = events(told.text)
            wrong = [each for item in found for each in best(golden["events"], item, exchange["name"])]
            assert wrong + differences(golden["events"][0], found[0]) == []
            assert differences(golden["events"][-1], found[-1]) == []
            unused = [item for item in golden["events"] if all(differences(item, each) for each in found)]
            assert unused == [], exchange["name"]
        else:
            assert differences(golden["json"], told.json()) == [], exchange["name"]
            kept |= {name: dig(told.json(), where) for name, where in exchange.get("keep", {}).items()}


def test_every_endpoint_has_a_golden() -> None:
    text = "".join(path.read_text() for path in GOLDEN)
    routes = re.findall(r'\("(?:GET|POST|DELETE)", "(/v1/[^"{]+|/v2/[^"{]+)', (FAKES / "minimax/app.py").read_text())
    aliases = {"/v1/files", "/v1/files/", "/v1/files/retrieve_content"}
    assert {route for route in routes if route not in text} - aliases == set()


def test_a_golden_of_another_shape_is_seen() -> None:
    assert differences({"a": 1}, {"a": "1"}) == [".a: str, golden has int"]
    assert differences({"a": 1}, {"a": 1, "b": 2}) == [": ['b']"]
    assert differences([{"type": "x"}], [{"type": "y"}]) == ["[].type: 'y', golden has 'x'"]


# -- speech


@pytest.mark.parametrize("codec", ["mp3", "pcm", "flac", "wav", "opus", "pcmu_raw", "pcmu_wav"])
def test_audio_is_real(client, codec) -> None:
    reply = client.post("/v1/t2a_v2", json=SPEAK | {"audio_setting": {"format": codec, "sample_rate": 24_000}}).json()
    content, info = bytes.fromhex(reply["data"]["audio"]), reply["extra_info"]
    assert len(content) == info["audio_size"]
    assert info["audio_length"] == 800  # four words of 200 ms
    if codec == "pcm":
        assert len(content) == 2 * 24_000 * 800 // 1000
    elif codec == "pcmu_raw":
        assert len(content) == 8_000 * 800 // 1000
    else:
        with av.open(io.BytesIO(content), "r") as container:
            samples = sum(frame.samples for frame in container.decode(audio=0))
            assert samples / container.streams.audio[0].rate == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize("codec", ["mp3", "pcm", "flac"])
def test_the_last_event_alone_has_extra_info_and_no_new_audio(client, codec) -> None:
    body = SPEAK | {"stream": True, "audio_setting": {"format": codec}}
    reply = client.post("/v1/t2a_v2", json=body)
    found = events(reply.text)
    assert len(found) >= 3
    assert "[DONE]" not in reply.text
    assert "event:" not in reply.text
    assert [each["data"]["status"] for each in found] == [1] * (len(found) - 1) + [2]
    assert [each for each in found[:-1] if "extra_info" in each] == []
    assert "".join(each["data"]["audio"] for each in found[:-1]) == found[-1]["data"]["audio"]
    if codec == "mp3":
        assert not found[0]["data"]["audio"].startswith(("494433", "fffb904400000000"))  # no ID3, no Xing
    short = client.post("/v1/t2a_v2", json=body | {"stream_options": {"exclude_aggregated_audio": True}})
    assert events(short.text)[-1]["data"]["audio"] == ""


def test_subtitles_time_the_words(client) -> None:
    body = SPEAK | {"subtitle_enable": True, "subtitle_type": "word", "text": "One two.<#0.5#> Three (laughs) four."}
    url = client.post("/v1/t2a_v2", json=body).json()["data"]["subtitle_file"]
    rows = httpx.get(url).json()
    words = [word for row in rows for word in row["timestamped_words"]]
    assert [row["is_final_segment"] for row in rows] == [False, True]
    assert [word["word"] for word in words] == ["One", "two.", "Three", "four."]
    assert [word["time_begin"] for word in words] == [0, 200, 900, 1300]
    assert [body["text"][word["word_begin"] : word["word_end"]] for word in words] == [word["word"] for word in words]


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": ""},
        {"text": "x" * 10_000},
        {"language_boost": "Klingon"},
        {"audio_setting": {"sample_rate": 48_000}},
        {"audio_setting": {"bitrate": 96_000}},
        {"voice_setting": {"voice_id": "female-shaonv", "speed": 3}},
        {"voice_setting": {"voice_id": "female-shaonv", "emotion": "hungry"}},
        {"model": "speech-9"},
    ],
    ids=lambda wrong: str(wrong)[:50],
)
def test_speech_that_the_cloud_refuses_is_refused(client, wrong) -> None:
    reply = client.post("/v1/t2a_v2", json=SPEAK | wrong)
    assert (reply.status_code, reply.json()["base_resp"]["status_code"]) == (200, 2013)
    assert reply.json()["data"] is None


# -- text


def content(found: list[Any]) -> str:
    return "".join(
        each["choices"][0]["delta"].get("content", "") for each in found if each != "[DONE]" and each["choices"]
    )


def test_a_stream_counts(client) -> None:
    found = events(client.post("/v1/chat/completions", json=CHAT | {"stream": True}).text)
    assert content(found).split() == [str(number) for number in range(1, 21)]


def test_an_answer_goes_on_where_it_broke(client) -> None:
    messages = [*CHAT["messages"], {"role": "assistant", "content": "1 2 3 4"}]
    found = events(client.post("/v1/chat/completions", json=CHAT | {"stream": True, "messages": messages}).text)
    assert content(found) == " " + " ".join(str(number) for number in range(5, 21))


@pytest.mark.parametrize(
    "wrong",
    [{"temperature": 0}, {"temperature": 1.5}, {"n": 2}, {"messages": []}, {"tools": [{"type": "web_search"}]}],
    ids=str,
)
def test_what_the_cloud_refuses_is_refused(client, wrong) -> None:
    reply = client.post("/v1/chat/completions", json=CHAT | {"model": "MiniMax-M2"} | wrong)
    assert reply.status_code == 400
    assert reply.json()["error"]["message"].endswith("(2013)")


# -- files and video


def test_links_need_no_key_and_die(client) -> None:
    url = client.post("/v1/t2a_v2", json=SPEAK | {"output_format": "url"}).json()["data"]["audio"]
    assert httpx.get(url).headers["content-type"] == "audio/mpeg"
    assert httpx.get(url[:-1] + ("0" if url[-1] != "0" else "1")).status_code == 403
    assert httpx.get(re.sub(r"Expires=\d+", "Expires=1", url)).status_code == 403


def film(client: httpx.Client, url: str) -> tuple[float, float, set[str]]:
    with av.open(io.BytesIO(httpx.get(url).content), "r") as container:
        kinds = {stream.type for stream in container.streams}
        frames = container.decode(audio=0) if "audio" in kinds else ()
        loud = max((float(abs(frame.to_ndarray()).max()) for frame in frames), default=0.0)
        return float(container.duration or 0) / av.time_base, loud, kinds


def test_a_video_is_a_real_film(client) -> None:
    asked = {"model": "T2V-01", "prompt": "A cat", "duration": 6}
    task = client.post("/v1/video_generation", json=asked).json()["task_id"]
    told = [client.get("/v1/query/video_generation", params={"task_id": task}).json() for _ in range(2)]
    assert [each["status"] for each in told] == ["Preparing", "Success"]
    assert 0 < int(told[1]["file_id"]) < 2**53
    url = client.get("/v1/files/retrieve", params={"file_id": told[1]["file_id"]}).json()["file"]["download_url"]
    seconds, _, kinds = film(client, url)
    assert seconds == pytest.approx(6, abs=0.2)
    assert kinds == {"video"}


def test_reference_audio_is_heard_in_the_film(client) -> None:
    items = [
        {"type": "text", "text": "She speaks."},
        {"type": "image_url", "role": "reference_image", "image_url": {"url": data_url(b"x", "image/png")}},
        {"type": "audio_url", "role": "reference_audio", "audio_url": {"url": data_url(sound(3))}},
    ]
    asked = {"model": "MiniMax-H3", "content": items, "duration": 4}
    task = client.post("/v2/video_generation", json=asked).json()["task_id"]
    client.get(f"/v2/query/video_generation/{task}")
    done = client.get(f"/v2/query/video_generation/{task}").json()["task"]
    seconds, loud, kinds = film(client, done["content"]["url"])
    assert kinds == {"video", "audio"}
    assert seconds == pytest.approx(4, abs=0.2)
    assert loud > 0


def test_a_clone_speaks_until_it_is_deleted(client) -> None:
    clone = {"voice_id": "MyOwnVoice1"}
    assert client.post("/v1/t2a_v2", json=SPEAK | {"voice_setting": clone}).json()["base_resp"]["status_code"] == 20132
    sent = client.post("/v1/files/upload", data={"purpose": "voice_clone"}, files={"file": ("a.wav", sound(12))})
    made = client.post("/v1/voice_clone", json=clone | {"file_id": sent.json()["file"]["file_id"]}).json()
    assert made["base_resp"]["status_code"] == 0
    assert client.post("/v1/t2a_v2", json=SPEAK | {"voice_setting": clone}).json()["base_resp"]["status_code"] == 0
    client.post("/v1/delete_voice", json=clone | {"voice_type": "voice_cloning"})
    assert client.post("/v1/t2a_v2", json=SPEAK | {"voice_setting": clone}).json()["base_resp"]["status_code"] == 20132


@pytest.mark.parametrize(("sample", "code"), [(sound(2), 2037), (b"no audio at all", 20132)], ids=["short", "none"])
def test_a_bad_sample_is_named(client, sample, code) -> None:
    sent = client.post("/v1/files/upload", data={"purpose": "voice_clone"}, files={"file": ("a.wav", sample)})
    asked = {"voice_id": "AnotherVoice1", "file_id": sent.json()["file"]["file_id"]}
    assert client.post("/v1/voice_clone", json=asked).json()["base_resp"]["status_code"] == code


# -- failures on request


def test_a_behaviour_is_used_up(client, script) -> None:
    script("/v1/t2a_v2", base_resp=1002, times=2)
    codes = [client.post("/v1/t2a_v2", json=SPEAK).json()["base_resp"]["status_code"] for _ in range(3)]
    assert codes == [1002, 1002, 0]


def test_errors_speak_the_paths_dialect(client, script) -> None:
    script("/v1/chat/*", base_resp=1008)
    script("/v1/chat/*", base_resp=1008, status=200)
    script("/v1/chat/*", status=529, retry_after_s=1.5)
    first, inside, busy = (client.post("/v1/chat/completions", json=CHAT) for _ in range(3))
    assert (first.status_code, first.json()["error"]["type"]) == (402, "insufficient_balance_error")
    assert (inside.status_code, inside.json()["base_resp"]["status_code"]) == (200, 1008)
    assert inside.json()["choices"] is None
    assert (busy.status_code, busy.headers["retry-after"]) == (529, "1.5")


@pytest.mark.parametrize("how", [{"drop": True}, {"garbage": True}, {"cut_after_bytes": 40}], ids=str)
def test_a_connection_breaks(client, script, how) -> None:
    script("/v1/models", **how)
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/v1/models")
    assert client.get("/v1/models").status_code == 200


def test_half_a_stream(client, script) -> None:
    script("/v1/chat/completions", cut_after_events=4)
    lines: list[str] = []
    with (
        pytest.raises(httpx.RemoteProtocolError),
        client.stream("POST", "/v1/chat/completions", json=CHAT | {"stream": True}) as reply,
    ):
        lines += [line for line in reply.iter_lines() if line]
    assert reply.status_code == 200
    assert client.get("/_seen").json()["requests"][-1]["events"] == 4


def test_an_error_within_a_stream(client, script) -> None:
    script("/v1/t2a_v2", error_after_events=2, base_resp=1039)
    found = events(client.post("/v1/t2a_v2", json=SPEAK | {"stream": True}).text)
    assert [each["base_resp"]["status_code"] for each in found] == [0, 0, 1039]


def test_a_stream_that_ends_too_early_or_in_garbage(client, script) -> None:
    script("/v1/t2a_v2", end_after_events=2)
    script("/v1/t2a_v2", garble_after_events=1)
    body = SPEAK | {"stream": True}
    assert [each["data"]["status"] for each in events(client.post("/v1/t2a_v2", json=body).text)] == [1, 1]
    assert b"\xff" in client.post("/v1/t2a_v2", json=body).content


def test_one_that_never_answers_is_left(client, script) -> None:
    script("/v1/t2a_v2", hang=True)
    script("/v1/t2a_v2", hang_after_events=1)
    for body in (SPEAK, SPEAK | {"stream": True}):
        with pytest.raises(httpx.ReadTimeout):
            client.post("/v1/t2a_v2", json=body, timeout=0.3)
    assert [each["ended"] for each in eventually_left(client)] == ["left", "left"]


def eventually_left(client: httpx.Client) -> list[dict[str, Any]]:
    for _ in range(100):
        if not (seen := client.get("/_seen").json())["open"]:
            break
    return seen["requests"]


def test_replies_that_are_hostile(client, script) -> None:
    script("/v1/models", oversize=3_000_000)
    script("/v1/models", html=True)
    script("/v1/models", body={"data": "surprise"})
    big, page, odd = (client.get("/v1/models") for _ in range(3))
    assert len(big.content) > 3_000_000
    assert (page.status_code, page.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert odd.json() == {"data": "surprise"}


def test_tasks_fail_or_stay_stuck(client, script) -> None:
    script("/v1/video_generation", end="Fail", base_resp=1027, states=["Processing"])
    script("/v1/video_generation", states=["stuck"])
    asked = {"model": "T2V-01", "prompt": "A cat"}
    fails, sticks = (client.post("/v1/video_generation", json=asked).json()["task_id"] for _ in range(2))

    def states(task: str) -> list[tuple[str, int]]:
        told = [client.get("/v1/query/video_generation", params={"task_id": task}).json() for _ in range(3)]
        return [(each["status"], each["base_resp"]["status_code"]) for each in told]

    assert states(fails) == [("Processing", 0), ("Fail", 1027), ("Fail", 1027)]
    assert states(sticks) == [("Processing", 0)] * 3


def test_it_has_seen_everything_but_the_key(client) -> None:
    client.post("/v1/t2a_v2", json=SPEAK, headers={"Authorization": f"Bearer {OTHER_KEY}"})
    report = client.get("/_seen")
    assert report.json()["counts"] == {"POST /v1/t2a_v2": 1}
    assert report.json()["requests"][0]["body"] == SPEAK
    assert "sk-api" not in report.text


def test_a_script_with_a_slip_is_refused(client) -> None:
    refused = client.post("/_script", json={"endpoint": "/v1/models", "cut_after": 3})
    assert refused.status_code == 400
    assert "cut_after_events" in refused.text
