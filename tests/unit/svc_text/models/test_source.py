from __future__ import annotations

import pytest

from svc_text.models.source import source_of
from troupe.wire.errors import InvalidArgument

MIRROR = "https://mirror.example"


def test_a_name_of_the_catalogue_is_pinned() -> None:
    source = source_of("Qwen2.5-0.5B")
    assert source.url == (
        "https://huggingface.co/Qwen/Qwen2.5-0.5B-Instruct-GGUF/resolve/"
        "9217f5db79a29953eb74d5343926648285ec7e67/qwen2.5-0.5b-instruct-q4_k_m.gguf"
    )
    assert (source.file, source.sha256[:8]) == ("qwen2.5-0.5b.gguf", "74a4da8c")
    assert source_of("qwen2.5-0.5b", f"{MIRROR}/").url.startswith(f"{MIRROR}/Qwen/")


@pytest.mark.parametrize(
    ("wanted", "url", "file"),
    [
        ("o/r/m.gguf", f"{MIRROR}/o/r/resolve/main/m.gguf", "m.gguf"),
        ("o/r/sub/m.Q4_K_M.gguf", f"{MIRROR}/o/r/resolve/main/sub/m.Q4_K_M.gguf", "m.Q4_K_M.gguf"),
        ("https://a.example/x/m.gguf?download=true", "https://a.example/x/m.gguf?download=true", "m.gguf"),
        ("http://127.0.0.1:80/m.gguf", "http://127.0.0.1:80/m.gguf", "m.gguf"),
        (
            "https://huggingface.co/o/r/blob/main/m.gguf",
            "https://huggingface.co/o/r/resolve/main/m.gguf",
            "m.gguf",
        ),
    ],
)
def test_what_is_not_in_the_catalogue(wanted: str, url: str, file: str) -> None:
    source = source_of(wanted, MIRROR)
    assert (source.url, source.file, source.size, source.sha256) == (url, file, 0, "")


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("qwen2.5-1.5", 'Did you mean "qwen2.5-1.5b"?'),
        ("nonsense", "NAME=owner/repository/file.gguf"),
        ("owner/repository", "no model"),
        ("owner//m.gguf", "no model"),
        ("http://a.example/m.gguf", "no https address"),
        ("file:///etc/passwd", "no https address"),
        ("https:///m.gguf", "no https address"),
        ("o/r/m.bin", "does not end in the name of a .gguf file"),
        ("o/r/.gguf", "does not end in the name"),
        ("o/r/..gguf", "does not end in the name"),
        ("https://a.example/%2e%2e%2fm.gguf", "does not end in the name"),
        ("https://a.example/m%0a.gguf", "does not end in the name"),
        ("o/r/m-00001-of-00002.gguf", "one part of a model split over several files"),
    ],
)
def test_what_cannot_be_fetched_says_why(wanted: str, says: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        source_of(wanted, MIRROR)
    assert says in caught.value.message
