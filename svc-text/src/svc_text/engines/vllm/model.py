"""A loaded model of vLLM's: chats made ready, answered, counted; texts embedded."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from svc_text.engines.vllm.adapter import names
from svc_text.engines.vllm.arguments import brief, configured
from troupe.wire.errors import EngineFailed, InvalidArgument, NotSupported, Overloaded, TextTooLong, TroupeError

TOO_LONG = ("input_text", "input_tokens")
"""What vLLM calls the parameter that is wrong where a prompt is too long."""
DEAD = (
    "vLLM's engine core is gone, and only a new process gets another one; its log above says why. The service ends and "
    "is started again."
)
OFFLOAD = 1  # vLLM's first level of sleep: weights to the machine's memory, the cache dropped
EMBED, GENERATE = "embed", "generate"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A chat that vLLM can begin with."""

    request: Any  # ChatCompletionRequest
    prompt: Any  # EngineInput
    token_ids: list[int]
    params: Any  # SamplingParams
    parsers: tuple[Any, ...]  # one Parser per completion, or None
    lora: Any  # LoRARequest, or None
    thinking: Mapping[str, Any]  # what the engine core must know of the thoughts


class Vllm:
    """One model; made by `Vllm.load`."""

    def __init__(self, engine: Any, arguments: Any, renderer: Any) -> None:
        self.engine = engine
        self.config = engine.model_config
        self.context = int(self.config.max_model_len)
        self.vocabulary = int(self.config.get_vocab_size())
        self.places = int(engine.vllm_config.scheduler_config.max_num_seqs)
        self._arguments = arguments
        self._renderer = renderer
        self._defaults = self.config.get_diff_sampling_param()
        self._answering = renderer.parser
        self._continuing = self._without_thoughts()
        self._loras = {
            each.name: names().LoRARequest(each.name, number, each.path)
            for number, each in enumerate(arguments.lora_modules or (), 1)
        }

    @classmethod
    def load(cls, arguments: Any) -> Vllm:
        """Start the engine core and the workers, which takes its time; raises `InvalidArgument` or `EngineFailed`."""
        vllm = names()
        config = configured(arguments)
        try:
            engine = vllm.AsyncLLM.from_vllm_config(config)
        except (RuntimeError, ValueError, OSError, MemoryError) as error:
            raise EngineFailed(f"vLLM cannot load {arguments.model}: {brief(error)}. Its log says more.") from error
        return cls(engine, arguments, _renderer(engine, arguments))

    @property
    def tools(self) -> bool:
        """Whether it can read the calls that its model writes."""
        return self._answering is not None and self._answering.tool_parser_cls is not None

    @property
    def thinks(self) -> bool:
        """Whether it can part thoughts from answers."""
        return self._answering is not None and self._answering.reasoning_parser_cls is not None

    @property
    def adapters(self) -> tuple[str, ...]:
        """The names of the LoRA adapters."""
        return tuple(self._loras)

    @property
    def tokenizer(self) -> Any:
        """The model's."""
        return self.engine.get_tokenizer()

    @property
    def device(self) -> str:
        """What computes."""
        platform = names().current_platform
        name = "cpu" if platform.is_cpu() else str(platform.get_device_name())
        devices = int(self.engine.vllm_config.parallel_config.world_size)
        return name if devices == 1 else f"{devices} x {name}"

    async def tasks(self) -> frozenset[str]:
        """What the model can do, in vLLM's words: generate, embed, ..."""
        return frozenset(await self.engine.get_supported_tasks())

    async def prepared(self, fields: Mapping[str, Any], adapter: str = "") -> Prepared:
        """The chat's prompt and how it is sampled; raises `InvalidArgument` or `TextTooLong` in vLLM's words."""
        vllm = names()
        try:
            request = vllm.ChatCompletionRequest.model_validate(dict(fields))
            rendered = await self._renderer.render_chat(request)
            if not isinstance(rendered, tuple):
                raise InvalidArgument(f"vLLM cannot take this chat: {rendered.error.message}")
            prompt = self._whole(rendered[1][0], request)
            token_ids = list(prompt["prompt_token_ids"])
            most = vllm.get_max_tokens(self.context, request.max_completion_tokens, len(token_ids), self._defaults)
            params = request.to_sampling_params(most, self._defaults)
        except vllm.client_errors as error:
            raise self._refusal(error) from error
        kwargs = self._renderer.effective_chat_template_kwargs(request)
        parsers = tuple(self._parser(request, kwargs) for _ in range(request.n or 1))
        thinking = _thinking(request, parsers[0], kwargs, token_ids)
        return Prepared(request, prompt, token_ids, params, parsers, self._loras.get(adapter), thinking)

    async def steps(self, prepared: Prepared, request_id: str, priority: int) -> AsyncGenerator[Any]:
        """What each step adds (RequestOutput); closing it aborts the request. Raises why it broke."""
        vllm = names()
        steps = self.engine.generate(
            prepared.prompt,
            prepared.params,
            request_id,
            lora_request=prepared.lora,
            priority=priority,
            **prepared.thinking,
        )
        try:
            async for step in steps:
                yield step
        except vllm.busy_errors as error:
            why = f"vLLM takes no chat now: {brief(error)}. Try again in a second."
            raise Overloaded(why, retry_after_s=1) from error
        except vllm.server_errors as error:
            raise self._broken(error) from error
        except vllm.client_errors as error:
            raise self._refusal(error) from error
        finally:
            await steps.aclose()

    async def embedded(self, text: str, request_id: str, dimensions: int) -> tuple[tuple[float, ...], int]:
        """The vector of one text, and the tokens it has; raises as `steps`."""
        vllm = names()
        params = vllm.PoolingParams(task=EMBED, dimensions=dimensions or None)
        found = None
        try:
            prompt = vllm.parse_model_prompt(self.config, text)
            renderer = self.engine.renderer
            (ready,) = await renderer.render_cmpl_async([prompt], renderer.default_cmpl_tok_params)
            async for found in self.engine.encode(ready, params, request_id):  # noqa: B007  # the last one is whole
                pass
        except vllm.server_errors as error:
            raise self._broken(error) from error
        except vllm.client_errors as error:
            raise self._refusal(error) from error
        if found is None:
            raise EngineFailed("vLLM gave no vector. Try again.", engine="vllm")
        return tuple(found.outputs.data.tolist()), len(found.prompt_token_ids)

    async def sleep(self) -> None:
        """Give the devices' memory back; raises `EngineFailed`."""
        try:
            await self.engine.sleep(OFFLOAD)
        except Exception as error:  # what breaks in its core comes as nothing more special
            raise self._broken(error) from error

    async def wake(self) -> None:
        """Take it again; raises `EngineFailed`."""
        try:
            await self.engine.wake_up()
        except Exception as error:  # as above
            raise self._broken(error) from error

    def require(self, task: str, tasks: frozenset[str]) -> None:
        """Raise `NotSupported` where the model cannot do that."""
        if task not in tasks:
            raise NotSupported(f"{self._arguments.model} does not {task}; it can: {', '.join(sorted(tasks))}.")

    def _parser(self, request: Any, kwargs: Mapping[str, Any]) -> Any:
        kind = self._continuing if request.continue_final_message else self._answering
        if kind is None:
            return None
        return kind(self.tokenizer, request.tools, chat_template_kwargs=kwargs, model_config=self.config)

    def _without_thoughts(self) -> Any:
        """The parser of an answer that has begun: its thoughts are behind it."""
        if not self.thinks:
            return self._answering
        return names().ParserManager.get_parser(
            tool_parser_name=self._arguments.tool_call_parser,
            enable_auto_tools=self._arguments.enable_auto_tool_choice,
            model_name=self.config.model,
            tokenizer=self.tokenizer,
            tool_strict_level=self._arguments.tool_strict_level,
        )

    def _whole(self, prompt: Any, request: Any) -> Any:
        """The prompt with the blanks at the end of what is to be continued, which many templates cut off."""
        if not request.continue_final_message:
            return prompt
        said = str(request.messages[-1].get("content") or "")
        tail = said[len(said.rstrip()) :]
        ids = prompt["prompt_token_ids"]
        if not tail or str(self.tokenizer.decode(ids[-len(tail) - 1 :])).endswith(tail):
            return prompt
        return {**prompt, "prompt_token_ids": [*ids, *self.tokenizer.encode(tail, add_special_tokens=False)]}

    def require_life(self) -> None:
        """Raise `EngineFailed` once the engine core is gone."""
        if self.engine.errored:
            raise EngineFailed(DEAD, engine="vllm")

    def _broken(self, error: Exception) -> EngineFailed:
        self.require_life()
        return EngineFailed(f"vLLM broke: {brief(error)}. Its log says more.", engine="vllm")

    def _refusal(self, error: Exception) -> TroupeError:
        parameter = str(getattr(error, "parameter", "") or "")
        said = f"vLLM cannot take this chat: {brief(error)}."
        if parameter in TOO_LONG or "exceeds model's maximum" in str(error):
            return TextTooLong(
                f"{said} Shorten the messages or documents, or raise TROUPE_TEXT_VLLM_CONTEXT.", allowed=self.context
            )
        return InvalidArgument(said)


def _renderer(engine: Any, arguments: Any) -> Any:
    vllm = names()
    return vllm.OnlineRenderer(
        engine.model_config,
        engine.renderer,
        request_logger=None,
        chat_template=vllm.load_chat_template(arguments.chat_template),
        chat_template_content_format=arguments.chat_template_content_format,
        enable_auto_tools=arguments.enable_auto_tool_choice,
        exclude_tools_when_tool_choice_none=arguments.exclude_tools_when_tool_choice_none,
        tool_parser=arguments.tool_call_parser,
        tool_strict_level=arguments.tool_strict_level,
        reasoning_parser=engine.vllm_config.structured_outputs_config.reasoning_parser,
        default_chat_template_kwargs=arguments.default_chat_template_kwargs,
    )


def _thinking(request: Any, parser: Any, kwargs: Mapping[str, Any], token_ids: list[int]) -> dict[str, Any]:
    """A schema binds the answer, not the thoughts: the engine core must know where they end."""
    reads = parser is not None and parser.reasoning_parser is not None
    return {
        "reasoning_ended": True
        if request.continue_final_message
        else request.resolve_reasoning_ended(parser, token_ids),
        "reasoning_parser_kwargs": {"chat_template_kwargs": dict(kwargs)} if reads else None,
    }
