"""The models that `make model` knows by name: small instruct models that run on a laptop's processor.

Each is pinned: repository, revision, size and sha256, so what is fetched is what is meant here. Where those facts were
confirmed is in docs/MODELS.md. A model joins when its licence is clear, one file holds it, and llama.cpp runs it.
"""

from __future__ import annotations

from dataclasses import dataclass

CHAT_TOKENS = 4096  # tokens of the chat for which memory is given
WORKING_BYTES = 300 * 1000**2  # what llama.cpp takes beside weights and KV cache: buffers of a 0.5B to 8B model


@dataclass(frozen=True, slots=True)
class Licence:
    """What one may do with a model."""

    name: str
    url: str
    commercial_use: bool
    terms: str = ""  # what it asks for, in a sentence or two


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the catalogue."""

    name: str
    title: str
    repository: str
    revision: str
    file: str
    size: int  # bytes
    sha256: str
    licence: Licence
    kv_bytes: int  # of the KV cache per token, in half precision
    purpose: str

    def memory(self, tokens: int = CHAT_TOKENS) -> int:
        """Bytes of memory it takes with a context of so many tokens, about."""
        return self.size + self.kv_bytes * tokens + WORKING_BYTES


APACHE = Licence("Apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0", commercial_use=True)
MIT = Licence("MIT", "https://opensource.org/license/mit", commercial_use=True)
_LLAMA_TERMS = (
    'What you build with it has to show "Built with Llama" and pass on the licence and its notice; its acceptable-use '
    "policy binds you; who had over 700 million monthly users at its release needs a licence of their own from Meta."
)
LLAMA_3_1 = Licence("Llama 3.1", "https://www.llama.com/llama3_1/license/", commercial_use=True, terms=_LLAMA_TERMS)
LLAMA_3_2 = Licence("Llama 3.2", "https://www.llama.com/llama3_2/license/", commercial_use=True, terms=_LLAMA_TERMS)

CATALOGUE: tuple[Entry, ...] = (
    Entry(
        name="qwen2.5-0.5b",
        title="Qwen2.5 0.5B Instruct, Q4_K_M",
        repository="Qwen/Qwen2.5-0.5B-Instruct-GGUF",
        revision="9217f5db79a29953eb74d5343926648285ec7e67",
        file="qwen2.5-0.5b-instruct-q4_k_m.gguf",
        size=491_400_032,
        sha256="74a4da8c9fdbcd15bd1f6d01d621410d31c6fc00986f5eb687824e7b93d7a9db",
        licence=APACHE,
        kv_bytes=24 * 2 * (64 + 64) * 2,  # here and below: layers, KV heads, key and value widths, bytes
        purpose="the smallest and fastest, to try things out; shaky facts",
    ),
    Entry(
        name="llama-3.2-1b",
        title="Llama 3.2 1B Instruct, Q4_K_M",
        repository="bartowski/Llama-3.2-1B-Instruct-GGUF",
        revision="067b946cf014b7c697f3654f621d577a3e3afd1c",
        file="Llama-3.2-1B-Instruct-Q4_K_M.gguf",
        size=807_694_464,
        sha256="6f85a640a97cf2bf5b8e764087b1e83da0fdb51d7c9fab7d0fece9385611df83",
        licence=LLAMA_3_2,
        kv_bytes=16 * 8 * (64 + 64) * 2,
        purpose="short answers and rewriting, European languages",
    ),
    Entry(
        name="smollm2-1.7b",
        title="SmolLM2 1.7B Instruct, Q4_K_M",
        repository="HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF",
        revision="2d4a76a30b4af41ecd395c35725ac11688d4cfe4",
        file="smollm2-1.7b-instruct-q4_k_m.gguf",
        size=1_055_609_536,
        sha256="decd2598bc2c8ed08c19adc3c8fdd461ee19ed5708679d1c54ef54a5a30d4f33",
        licence=APACHE,
        kv_bytes=24 * 32 * (64 + 64) * 2,
        purpose="English only, open data; long chats take much memory",
    ),
    Entry(
        name="qwen2.5-1.5b",
        title="Qwen2.5 1.5B Instruct, Q4_K_M",
        repository="Qwen/Qwen2.5-1.5B-Instruct-GGUF",
        revision="91cad51170dc346986eccefdc2dd33a9da36ead9",
        file="qwen2.5-1.5b-instruct-q4_k_m.gguf",
        size=1_117_320_736,
        sha256="6a1a2eb6d15622bf3c96857206351ba97e1af16c30d7a74ee38970e434e9407e",
        licence=APACHE,
        kv_bytes=28 * 2 * (128 + 128) * 2,
        purpose="to begin with: summaries, scripts, JSON; 29 languages",
    ),
    Entry(
        name="llama-3.2-3b",
        title="Llama 3.2 3B Instruct, Q4_K_M",
        repository="bartowski/Llama-3.2-3B-Instruct-GGUF",
        revision="5ab33fa94d1d04e903623ae72c95d1696f09f9e8",
        file="Llama-3.2-3B-Instruct-Q4_K_M.gguf",
        size=2_019_377_696,
        sha256="6c1a2b41161032677be168d354123594c0e6e67d2b9227c84f296ad037c728ff",
        licence=LLAMA_3_2,
        kv_bytes=28 * 8 * (128 + 128) * 2,
        purpose="better prose and summaries, still for a laptop",
    ),
    Entry(
        name="phi-4-mini",
        title="Phi-4 mini Instruct (3.8B), Q4_K_M",
        repository="bartowski/microsoft_Phi-4-mini-instruct-GGUF",
        revision="7ff82c2aaa4dde30121698a973765f39be5288c0",
        file="microsoft_Phi-4-mini-instruct-Q4_K_M.gguf",
        size=2_491_874_688,
        sha256="01999f17c39cc3074afae5e9c539bc82d45f2dd7faa3917c66cbef76fce8c0c2",
        licence=MIT,
        kv_bytes=32 * 8 * (128 + 128) * 2,
        purpose="logic and figures, English above all",
    ),
    Entry(
        name="qwen3-4b",
        title="Qwen3 4B, Q4_K_M",
        repository="Qwen/Qwen3-4B-GGUF",
        revision="bc640142c66e1fdd12af0bd68f40445458f3869b",
        file="Qwen3-4B-Q4_K_M.gguf",
        size=2_497_280_256,
        sha256="7485fe6f11af29433bc51cab58009521f205840f5b4ae3a32fa7f92e8534fdf5",
        licence=APACHE,
        kv_bytes=36 * 8 * (128 + 128) * 2,
        purpose="thinks before it answers, so slower; many languages",
    ),
    Entry(
        name="qwen2.5-7b",
        title="Qwen2.5 7B Instruct, Q4_K_M",
        repository="bartowski/Qwen2.5-7B-Instruct-GGUF",
        revision="8911e8a47f92bac19d6f5c64a2e2095bd2f7d031",
        file="Qwen2.5-7B-Instruct-Q4_K_M.gguf",
        size=4_683_074_240,
        sha256="65b8fcd92af6b4fefa935c625d1ac27ea29dcb6ee14589c55a8f115ceaaa1423",
        licence=APACHE,
        kv_bytes=28 * 4 * (128 + 128) * 2,
        purpose="research, long documents, JSON; 29 languages",
    ),
    Entry(
        name="llama-3.1-8b",
        title="Llama 3.1 8B Instruct, Q4_K_M",
        repository="bartowski/Meta-Llama-3.1-8B-Instruct-GGUF",
        revision="bf5b95e96dac0462e2a09145ec66cae9a3f12067",
        file="Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf",
        size=4_920_739_232,
        sha256="7b064f5842bf9532c91456deda288a1b672397a54fa729aa665952863033557c",
        licence=LLAMA_3_1,
        kv_bytes=32 * 8 * (128 + 128) * 2,
        purpose="the best prose here; a desktop or a Spark",
    ),
)
"""Sorted by size."""

FIRST_CHOICE = "qwen2.5-1.5b"


def find(name: str) -> Entry | None:
    """The entry of that name, whatever its case."""
    return next((entry for entry in CATALOGUE if entry.name == name.casefold()), None)


def of_file(file: str) -> Entry | None:
    """The entry that a file in the folder belongs to: under the name it gets here, or the one it has at its source."""
    return next((entry for entry in CATALOGUE if file in {f"{entry.name}.gguf", entry.file}), None)
