"""Settings of svc-text, from the environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from svc_text.engine import EngineContext
from svc_text.places import LlamacppPlace, OpenaiPlace, VllmPlace
from troupe.wire.environment import read_env_file, refuse_unknown
from troupe.wire.settings import PartSettings, of_environment

PREFIX = "TROUPE_TEXT_"
NOT_OURS = (  # the gateway's and `troupe up`'s, of the same prefix
    "TROUPE_TEXT_TARGET",
    "TROUPE_TEXT_CONNECT",
    "TROUPE_TEXT_PYTHON",
)


class Settings(PartSettings, BaseSettings):
    """Every setting of this service; the field's description is its documentation."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,  # as the gateway has it: an empty folder would be the working folder
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    host: str = Field("127.0.0.1", description="Address the service listens on")
    grpc_port: int = Field(50051, ge=0, le=65535, description="gRPC port; 0 = any free one")
    metrics_port: int = Field(9101, ge=0, le=65535, description="Prometheus metrics over HTTP; 0 = any free one")
    engines: str = Field("llamacpp,extractive,echo", description="Engines to load, with commas")
    drain_s: float = Field(20.0, gt=0, description="Seconds running requests may take to end after SIGTERM")
    request_s: float = Field(600.0, gt=0, description="Longest time one request may take, seconds")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    models_dir: Path = Field(Path("models/text"), description="Folder of the model files (GGUF)")
    llamacpp_model: str = Field(
        "",
        validation_alias="PROVIDER_LLAMACPP_MODEL",
        description="A model of the folder, or a file anywhere; empty = the first of the folder",
    )
    llamacpp_slots: int = Field(
        0, ge=0, le=256, description="Chats that a model answers at once; 0 = 8, or fewer where memory is short"
    )
    llamacpp_context: int = Field(
        0, ge=0, description="Tokens of one chat, its answer included; 0 = 8192, or what the model was trained for"
    )
    llamacpp_threads: int = Field(0, ge=0, le=512, description="Threads that compute; 0 = one per processor core")
    llamacpp_batch: int = Field(
        64, ge=1, le=4096, description="Tokens of a prompt read at once: fewer let go of a cancelled chat sooner"
    )
    llamacpp_held: int = Field(1, ge=1, le=64, description="Models in memory at once")
    llamacpp_idle_s: float = Field(
        0.0, ge=0, description="Seconds without a chat after which a model is unloaded; 0 = never"
    )
    llamacpp_cache_mib: int = Field(256, ge=0, description="Memory for prompts seen before, per model, MiB")
    llamacpp_gpu_layers: int = Field(-1, ge=-1, description="Layers on the graphics card; -1 = all that fit, 0 = none")

    vllm_base_url: str = Field(
        "",
        validation_alias="PROVIDER_VLLM_BASE_URL",
        description="A running OpenAI-compatible server for the engine openai: vLLM, SGLang, llama-server, Ollama, NIM",
    )
    vllm_api_key: str = Field(
        "",
        validation_alias="PROVIDER_VLLM_API_KEY",
        repr=False,
        description="The key that server asks for; empty = none",
    )
    vllm_model: str = Field(
        "",
        validation_alias="PROVIDER_VLLM_MODEL",
        description="The model asked for where a chat names none; empty = the first one that server lists",
    )
    openai_concurrency: int = Field(256, ge=1, le=10_000, description="Chats asked of that server at once")

    vllm_tensor_parallel: int = Field(1, ge=1, le=1024, description="Devices that share each layer of vLLM's model")
    vllm_pipeline_parallel: int = Field(1, ge=1, le=1024, description="Groups of devices with some of the layers each")
    vllm_dtype: str = Field("", description="bfloat16, float16, float32; empty = as the model was saved")
    vllm_quantization: str = Field("", description="awq, gptq, fp8, ...; empty = what the model's files say")
    vllm_context: int = Field(0, ge=0, description="Tokens of one chat, its answer included; 0 = what the model knows")
    vllm_memory_share: float = Field(0.0, ge=0, le=1, description="Of each device's memory; 0 = vLLM's own default")
    vllm_loras: str = Field("", description="LoRA adapters: name=folder, with commas")
    vllm_nodes: int = Field(1, ge=1, le=1024, description="Machines that the model is spread over")
    vllm_node_rank: int = Field(0, ge=0, description="Which of them this is: 0 answers, the others compute for it")
    vllm_head: str = Field("", description="Address of machine 0, as the others reach it")
    vllm_tool_parser: str = Field("", description="How the model writes tool calls; empty = by its name, none = never")
    vllm_reasoning_parser: str = Field("", description="How the model marks its thoughts; empty = by its name")
    vllm_arguments: str = Field("", description="Further arguments of `vllm serve`, as on its command line")
    vllm_idle_s: float = Field(0.0, ge=0, description="Seconds without a chat until vLLM sleeps; 0 = never")

    @field_validator("models_dir")
    @classmethod
    def _of_home(cls, folder: Path) -> Path:
        return folder.expanduser()  # no shell reads `.env`

    @classmethod
    def load(cls) -> Settings:
        """The settings of this environment and its `.env`; raises `InvalidArgument` for a name nothing reads."""
        read_env_file()
        ours = (PREFIX + name for name, field in cls.model_fields.items() if field.validation_alias is None)
        refuse_unknown(PREFIX, [*NOT_OURS, *ours])
        return of_environment(cls, PREFIX)

    @property
    def context(self) -> EngineContext:
        """What the engines may know."""
        llamacpp = LlamacppPlace(
            models_dir=self.models_dir,
            model=self.llamacpp_model,
            slots=self.llamacpp_slots,
            context=self.llamacpp_context,
            threads=self.llamacpp_threads,
            batch=self.llamacpp_batch,
            cache_mib=self.llamacpp_cache_mib,
            gpu_layers=self.llamacpp_gpu_layers,
            held=self.llamacpp_held,
            idle_s=self.llamacpp_idle_s,
            verbose=self.log_level.upper() == "DEBUG",
        )
        openai = OpenaiPlace(self.vllm_base_url, self.vllm_api_key, self.vllm_model, self.openai_concurrency)
        return EngineContext(llamacpp, openai, self._vllm)

    @property
    def _vllm(self) -> VllmPlace:
        return VllmPlace(
            model=self.vllm_model,
            tensor_parallel=self.vllm_tensor_parallel,
            pipeline_parallel=self.vllm_pipeline_parallel,
            dtype=self.vllm_dtype,
            quantization=self.vllm_quantization,
            context=self.vllm_context,
            memory_share=self.vllm_memory_share,
            loras=self.vllm_loras,
            nodes=self.vllm_nodes,
            node_rank=self.vllm_node_rank,
            head=self.vllm_head,
            tool_parser=self.vllm_tool_parser,
            reasoning_parser=self.vllm_reasoning_parser,
            arguments=self.vllm_arguments,
            idle_s=self.vllm_idle_s,
        )

    @property
    def engine_names(self) -> tuple[str, ...]:
        """The engines chosen, in order; where nobody chose, a server that was named is one of them."""
        names = tuple(name.strip() for name in self.engines.split(",") if name.strip())
        return ("openai", *names) if self.vllm_base_url and "engines" not in self.model_fields_set else names
