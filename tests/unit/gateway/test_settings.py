import pytest

from gateway.settings import Settings, is_loopback, known_names
from troupe.wire.errors import InvalidArgument


def test_the_defaults_bind_this_machine_only() -> None:
    settings = Settings.load({})
    assert (settings.host, settings.port, settings.grpc_port) == ("127.0.0.1", 8000, 50050)
    assert settings.speech_target == "127.0.0.1:50052"
    assert settings.tts is None


def test_the_environment_wins_over_the_env_file(tmp_path) -> None:
    (tmp_path / ".env").write_text("PROVIDER_TTS=espeak\nTROUPE_PORT=8123\n")
    settings = Settings.load({"TROUPE_PORT": "9000"}, tmp_path)
    assert (settings.tts, settings.port) == ("espeak", 9000)


def test_a_named_env_file_is_read_and_must_exist(tmp_path) -> None:
    (tmp_path / "mine.env").write_text("PROVIDER_VIDEO=portrait\n")
    assert Settings.load({"TROUPE_ENV_FILE": str(tmp_path / "mine.env")}).video == "portrait"
    with pytest.raises(InvalidArgument, match="there is no such file"):
        Settings.load({"TROUPE_ENV_FILE": str(tmp_path / "none.env")})


def test_the_seeds_whole_env_is_known() -> None:
    settings = Settings.load(
        {
            "PROVIDER_TEXT": "vllm",
            "PROVIDER_TTS": "coqui",
            "PROVIDER_VIDEO": "sadtalker",
            "PROVIDER_COQUI_MODE": "service",
            "PROVIDER_COQUI_SERVICE_URL": "http://localhost:5050",
            "PROVIDER_VLLM_BASE_URL": "http://localhost:8001",
            "PROVIDER_VLLM_MODEL": "meta-llama/Llama-3.1-70B-Instruct",
            "PROVIDER_SADTALKER_CHECKPOINT": "./models/sadtalker",
            "PROVIDER_SADTALKER_DEVICE": "cuda",
            "PROVIDER_TEXT_FALLBACK": "vllm,minimax",
            "PROVIDER_TTS_FALLBACK": "coqui,edge,minimax",
            "PROVIDER_VIDEO_FALLBACK": "sadtalker,minimax",
            "MINIMAX_API_KEY": "sk-x",
        }
    )
    assert settings.coqui_service_url == "http://localhost:5050"
    assert "sk-x" not in repr(settings)


def test_the_settings_of_the_services_are_known_too() -> None:
    Settings.load({"TROUPE_SPEECH_ENGINES": "tone", "TROUPE_VIDEO_GRPC_PORT": "0", "TROUPE_TEXT_ENGINES": "echo"})


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("PROVIDER_TSS", "PROVIDER_TTS"),
        ("TROUPE_PROT", "TROUPE_PORT"),
        ("PROVIDER_VLM_BASE_URL", "PROVIDER_VLLM_BASE_URL"),
    ],
)
def test_a_slip_of_the_pen_names_the_nearest(name, nearest) -> None:
    with pytest.raises(InvalidArgument, match=f'{name}. Did you mean "{nearest}"'):
        Settings.load({name: "x"})


def test_service_links_of_kubernetes_are_not_settings() -> None:
    settings = Settings.load(
        {
            "TROUPE_PORT": "tcp://10.0.0.7:8000",
            "TROUPE_SERVICE_HOST": "10.0.0.7",
            "TROUPE_SERVICE_PORT": "8000",
            "TROUPE_SERVICE_PORT_HTTP": "8000",
            "TROUPE_PORT_8000_TCP": "tcp://10.0.0.7:8000",
            "TROUPE_PORT_8000_TCP_ADDR": "10.0.0.7",
            "PROVIDER_X_SERVICE_HOST": "10.0.0.8",
        }
    )
    assert settings.port == 8000


def test_a_value_that_is_wrong_names_its_setting() -> None:
    with pytest.raises(InvalidArgument, match="TROUPE_PORT='x'"):
        Settings.load({"TROUPE_PORT": "x"})
    with pytest.raises(InvalidArgument, match="PROVIDER_ESPEAK_TIMEOUT_S='soon'"):
        Settings.load({"PROVIDER_ESPEAK_TIMEOUT_S": "soon"})


def test_an_empty_value_is_unset_except_for_a_fallback() -> None:
    settings = Settings.load({"TROUPE_PORT": "", "PROVIDER_TTS": "", "PROVIDER_TTS_FALLBACK": ""})
    assert (settings.port, settings.tts, settings.tts_fallback) == (8000, None, "")


def test_other_machines_are_let_in_with_keys_or_on_purpose_only(tmp_path) -> None:
    with pytest.raises(InvalidArgument, match="TROUPE_OPEN=1"):
        Settings.load({"TROUPE_HOST": "0.0.0.0"})
    assert Settings.load({"TROUPE_HOST": "0.0.0.0", "TROUPE_OPEN": "1"}).open
    assert Settings.load({"TROUPE_HOST": "::", "TROUPE_API_KEYS_FILE": "keys.json"}).api_keys_file
    assert is_loopback("127.0.0.9")
    assert is_loopback("localhost")
    assert not is_loopback("")
    assert not is_loopback("example.com")


@pytest.mark.parametrize(
    "url", ["http://localhost:8000", "http://127.0.0.1:8000/v1", "localhost:8000", "http://[::1]:8000"]
)
def test_a_vllm_that_is_this_gateway_is_refused(url) -> None:
    with pytest.raises(InvalidArgument, match="this gateway itself"):
        Settings.load({"PROVIDER_VLLM_BASE_URL": url})


@pytest.mark.parametrize("url", ["http://localhost:8001", "http://gpu-box:8000", "https://localhost"])
def test_a_vllm_elsewhere_is_fine(url) -> None:
    assert Settings.load({"PROVIDER_VLLM_BASE_URL": url}).vllm_base_url == url


def test_a_vllm_under_the_public_name_is_this_gateway_too() -> None:
    with pytest.raises(InvalidArgument, match="this gateway itself"):
        Settings.load({"TROUPE_PUBLIC_URL": "http://me:8000", "PROVIDER_VLLM_BASE_URL": "http://me:8000"})


def test_every_field_has_its_name_in_the_environment() -> None:
    assert {"PROVIDER_TEXT", "TROUPE_API_KEYS_FILE", "TROUPE_COMMERCIAL_ONLY", "VOICES_URL"} <= known_names()
