"""Small language models as GGUF files, made in a moment: real to llama.cpp, with nothing learnt.

`write(path)` gives a Llama of a few megabytes whose weights are a little grammar instead of noise: the first places of
an embedding say of what kind a token is (article, subject, verb, …), the output layer holds how well each kind follows
each other one, and random places beside them, which the layers stir, choose the word. So it says plain sentences about
made-up companies, ends them, closes the strings and brackets of JSON where a schema asks for it, thinks or calls tools
where told to, and is the same for the same seed. Its vocabulary is SentencePiece's, with all bytes.

    write(tmp_path / "tiny.gguf")                      a model for every day
    write(path, context=256)                           one that overflows soon
    write(path, thinks=True)                           one that thinks before it speaks
    write(path, calls_tools=True)                      one that calls a tool at once
    write(path, speaks="bytes")                        one whose words are split inside characters
    write(path, layers=8, width=512)                   a slower one
"""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import gguf
import numpy as np

NEVER = -12.0  # the logit of a kind that does not follow
FORCED = 24.0  # the logit of a kind that follows whatever the dice say
HEADS = 4
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6  # llama.cpp's kinds of tokens
SPACE = "▁"  # how SentencePiece writes a space

FIRST = ("The", "Our", "This", "Every", "Their", "One")
SUBJECTS = ("company", "team", "workshop", "family", "studio", "founder", "crew", "bakery", "garden", "shop")
VERBS = ("makes", "repairs", "designs", "delivers", "plans", "builds", "grows", "checks", "sells", "keeps")
QUALITIES = ("small", "bright", "quiet", "honest", "careful", "warm", "local", "strong", "simple", "fresh")
OBJECTS = ("tools", "lamps", "chairs", "bicycles", "gardens", "kitchens", "radios", "clocks", "boats", "books")
LINKS = ("for", "with", "near", "beside", "behind")
PLACES = ("schools", "harbours", "neighbours", "hospitals", "villages", "visitors", "offices", "theatres")
PHRASES = (
    "Careful repairs for old radios",
    "Warm lamps for quiet rooms",
    "Founded in 1984",
    "Honest",
    "Families and schools",
    "Bicycles built by hand",
    "Open every day of the week",
    "A small workshop by the sea",
)
LETTER = "灯"  # what `speaks="bytes"` says: three bytes, each a token of its own

START = "start"
CHAIN = (START, "opening", "subject", "verb", "quality", "object", "link", "place", "stop")
KINDS = (
    *CHAIN,
    "first",
    "end",
    "char",
    "digit",
    "quote",
    "phrase",
    "colon",
    "comma",
    "open",
    "close",
    "other",
    "think",
    "thought",
    "call",
    "called",
    *(f"byte{number}" for number in range(len(LETTER.encode()))),
)
TOOL_CALL, END_TOOL_CALL, THINK, END_THINK = "<tool_call>\n", "</tool_call>", "<think>", "</think>"

TEMPLATE = """\
{%- if tools %}
{{- '<|im_start|>system\\n' }}
{%- if messages[0].role == 'system' %}{{- messages[0].content + '\\n\\n' }}{%- endif %}
{{- 'You may call these functions:\\n<tools>' }}
{%- for tool in tools %}{{- '\\n' }}{{- tool | tojson }}{%- endfor %}
{{- '\\n</tools>\\nTo call one, write JSON with its name and arguments:\\n<tool_call>\\n{"name": <name>, "arguments": \
<arguments>}\\n</tool_call><|im_end|>\\n' }}
{%- elif messages[0].role == 'system' %}
{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
{%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- elif message.role == 'assistant' %}
{{- '<|im_start|>assistant\\n' }}THOUGHTS
{%- if message.content %}{{- message.content }}{%- endif %}
{%- for call in message.tool_calls or [] %}
{%- if call.function %}{%- set call = call.function %}{%- endif %}
{{- '<tool_call>\\n{"name": "' + call.name + '", "arguments": ' }}
{%- if call.arguments is string %}{{- call.arguments }}{%- else %}{{- call.arguments | tojson }}{%- endif %}
{{- '}\\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- elif message.role == 'tool' %}
{{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}THINKING{%- endif %}
"""
THOUGHTS = "{%- if message.reasoning_content %}{{- '<think>' + message.reasoning_content + '</think>' }}{%- endif %}"
NO_THOUGHTS = "{%- if enable_thinking is defined and not enable_thinking %}{{- '<think></think>' }}{%- endif %}"


@dataclass
class Vocabulary:
    """Tokens with their SentencePiece scores, types, and kinds of the grammar."""

    tokens: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def add(self, token: str, kind: str, type_: int = NORMAL) -> None:
        if token in self.known:
            if kind != "other":
                self.kinds[self.tokens.index(token)] = kind
            return
        self.known.add(token)
        self.tokens.append(token)
        self.kinds.append(kind)
        self.types.append(type_)
        # Of two merges the one that makes the longer piece wins: words are found from their beginnings.
        self.scores.append(float(len(token)) if type_ == NORMAL else 0.0)

    def add_word(self, word: str, kind: str) -> None:
        """The word, and its beginnings, without which SentencePiece would not find it."""
        for end in range(1, len(word)):
            self.add(word[:end], "other")
        self.add(word, kind)


def vocabulary() -> Vocabulary:
    known = Vocabulary()
    known.add("<unk>", "other", UNKNOWN)
    known.add("<s>", START, CONTROL)
    known.add("</s>", "other", CONTROL)
    known.add("<|im_start|>", "other", CONTROL)
    known.add("<|im_end|>", "end", CONTROL)
    for tag, kind in ((THINK, "think"), (END_THINK, "thought"), (END_TOOL_CALL, "called")):
        known.add(tag, kind, USER_DEFINED)
    known.add(TOOL_CALL, "call")
    for byte in range(256):
        known.add(f"<0x{byte:02X}>", "other", BYTE)
    for number, byte in enumerate(LETTER.encode()):
        known.kinds[known.tokens.index(f"<0x{byte:02X}>")] = f"byte{number}"
    known.kinds[known.tokens.index("<0x0A>")] = START  # what stands after "assistant"
    for char in string.printable.strip():
        known.add(char, "digit" if char.isdigit() else "char")
    for char, kind in (('"', "quote"), (":", "colon"), (",", "comma"), (".", "stop")):
        known.add(char, kind)
    for char in "{[":
        known.add(char, "open")
    for char in "}]":
        known.add(char, "close")
    known.add(SPACE, "char")
    for byte in range(ord("!"), 127):  # the same signs as bytes
        known.kinds[known.tokens.index(f"<0x{byte:02X}>")] = known.kinds[known.tokens.index(chr(byte))]
    _add_words(known)
    return known


def _add_words(known: Vocabulary) -> None:
    for word in FIRST:
        known.add_word(word, "opening")
        known.add_word(SPACE + word, "first")
    for kind, words in (
        ("subject", SUBJECTS),
        ("verb", VERBS),
        ("quality", QUALITIES),
        ("object", OBJECTS),
        ("link", LINKS),
        ("place", PLACES),
    ):
        for word in words:
            known.add_word(SPACE + word, kind)
    for phrase in PHRASES:
        known.add(phrase.replace(" ", SPACE), "phrase")


def grammar(*, thinks: bool, calls_tools: bool, speaks: str) -> np.ndarray:
    """Logits (kind before, kind after)."""
    logits = np.full((len(KINDS), len(KINDS)), NEVER, np.float32)

    def follows(before: str, **after: float) -> None:
        for kind, logit in after.items():
            logits[KINDS.index(before), KINDS.index(kind)] = logit

    for before, after in pairwise(CHAIN):
        follows(before, **{after: 8.0})
    follows("first", subject=8.0)
    follows("verb", object=7.0)
    follows("object", stop=6.0)
    follows("stop", first=8.0, end=6.5, quote=1.0)
    follows("quote", phrase=8.0, close=2.0, comma=1.0, colon=2.0)
    follows("phrase", quote=9.0, stop=2.0, thought=3.0)
    follows("comma", quote=8.0, digit=4.0)
    follows("colon", quote=8.0, digit=4.0, open=5.0)
    follows("open", quote=8.0, digit=4.0, close=3.0)
    follows("close", end=8.0, close=7.0, comma=6.0, called=8.5)
    for astray in ("char", "other"):
        follows(astray, quote=4.0, stop=4.0, colon=4.0)
    follows("digit", comma=8.0, close=8.0, stop=5.0)
    follows("called", end=8.0)
    follows("thought", opening=8.0)
    if thinks:
        follows(START, think=FORCED)
        follows("think", phrase=8.0)
        follows("phrase", thought=FORCED)
    if calls_tools:
        follows(START, call=FORCED)
        follows("call", open=8.0)
    if speaks == "bytes":
        last = len(LETTER.encode()) - 1
        follows(START, byte0=FORCED)
        for number in range(last):
            follows(f"byte{number}", **{f"byte{number + 1}": 8.0})
        follows(f"byte{last}", byte0=8.0, end=6.0)
    return logits


def write(
    path: Path,
    *,
    seed: int = 1,
    context: int = 4096,
    layers: int = 3,
    width: int = 256,
    thinks: bool = False,
    calls_tools: bool = False,
    speaks: str = "words",
    template: str | None = None,
    name: str = "Tiny",
    licence: str = "apache-2.0",
    architecture: str = "llama",
    freedom: float = 1.5,
) -> Path:
    """Write a model to `path`; `freedom` is the spread of the logits among the words of a kind."""
    words = vocabulary()
    random = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, architecture)
    _describe(writer, words, context=context, layers=layers, width=width, name=name, licence=licence)
    if template is None:
        template = TEMPLATE.replace("THINKING", NO_THOUGHTS if thinks else "")
        template = template.replace("THOUGHTS", THOUGHTS if thinks else "")
    if template:
        writer.add_chat_template(template)
    table = grammar(thinks=thinks, calls_tools=calls_tools, speaks=speaks)
    tensors = _ends(words, table, random, width=width, freedom=freedom)
    for layer in range(layers):
        tensors |= _layer(f"blk.{layer}.", random, width, len(KINDS))
    for tensor, values in tensors.items():
        _add(writer, tensor, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _describe(
    writer: gguf.GGUFWriter, words: Vocabulary, *, context: int, layers: int, width: int, name: str, licence: str
) -> None:
    writer.add_name(name)
    writer.add_license(licence)
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(2 * width)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS // 2)
    writer.add_rope_dimension_count(width // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(words.tokens))
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(words.tokens)
    writer.add_token_scores(words.scores)
    writer.add_token_types(words.types)
    writer.add_bos_token_id(words.tokens.index("<s>"))
    writer.add_eos_token_id(words.tokens.index("<|im_end|>"))
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)  # noqa: FBT003  # gguf's own signature
    writer.add_add_space_prefix(False)  # noqa: FBT003  # as above


def _ends(
    words: Vocabulary, logits: np.ndarray, random: np.random.Generator, *, width: int, freedom: float
) -> dict[str, np.ndarray]:
    """What is before and behind the layers, by its name in the file: float32 (out, in)."""
    count, kinds = len(words.tokens), len(KINDS)
    kind_of = np.array([KINDS.index(kind) for kind in words.kinds])
    free = width - kinds
    # Half of an embedding's length is its kind, half is free; all together as long as the norms make a vector.
    half = np.sqrt(width / 2)
    embedding = np.zeros((count, width), np.float32)
    embedding[np.arange(count), kind_of] = half
    embedding[:, kinds:] = random.normal(0, half / np.sqrt(free), (count, free))
    output = np.zeros((count, width), np.float32)
    scale = 1 / half
    output[:, :kinds] = logits.T[kind_of] * scale
    output[:, kinds:] = random.normal(0, freedom * scale, (count, free))
    return {"token_embd.weight": embedding, "output.weight": output, "output_norm.weight": np.ones(width)}


def _layer(prefix: str, random: np.random.Generator, width: int, kinds: int) -> dict[str, np.ndarray]:
    def drawn(out: int, into: int, length: float) -> np.ndarray:
        return random.normal(0, length / np.sqrt(into), (out, into))

    shared = width // 2
    # What a layer adds goes to the free places only: the kinds stay what they are.
    mixed, lifted = drawn(width, width, 1.0), drawn(width, 2 * width, 0.2)
    mixed[:kinds] = lifted[:kinds] = 0.0
    return {
        f"{prefix}attn_norm.weight": np.ones(width),
        f"{prefix}attn_q.weight": drawn(width, width, 1.0),
        f"{prefix}attn_k.weight": drawn(shared, width, 1.0),
        f"{prefix}attn_v.weight": drawn(shared, width, 0.3),
        f"{prefix}attn_output.weight": mixed,
        f"{prefix}ffn_norm.weight": np.ones(width),
        f"{prefix}ffn_gate.weight": drawn(2 * width, width, 1.0),
        f"{prefix}ffn_up.weight": drawn(2 * width, width, 1.0),
        f"{prefix}ffn_down.weight": lifted,
    }


def _add(writer: gguf.GGUFWriter, name: str, values: np.ndarray) -> None:
    values = values.astype(np.float32)
    if values.ndim == 1:
        writer.add_tensor(name, values)
        return
    kind = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
