import pytest

from gateway.guard.limits import FORM_OVERHEAD_BYTES, JSON_BYTES, Limits, header, too_large
from troupe.wire.errors import BodyTooLarge, InvalidArgument

LIMITS = Limits(upload_bytes=1000)
FORM = (b"content-type", b"multipart/form-data; boundary=x")


@pytest.mark.parametrize(
    ("path", "headers", "limit"),
    [
        ("/api/voice", [], JSON_BYTES),
        ("/api/voice", [FORM], JSON_BYTES),
        ("/api/avatar", [], JSON_BYTES),
        ("/api/avatar", [FORM], 2000 + FORM_OVERHEAD_BYTES),
        ("/api/portraits", [FORM], 2000 + FORM_OVERHEAD_BYTES),
    ],
)
def test_uploads_may_be_larger_where_files_are_taken(path, headers, limit) -> None:
    assert LIMITS.of(path, headers) == limit


def test_an_announced_size_is_judged() -> None:
    LIMITS.check_announced("/api/voice", [(b"content-length", str(JSON_BYTES).encode())])
    with pytest.raises(BodyTooLarge, match="300,000,000"):
        LIMITS.check_announced("/api/voice", [(b"content-length", b"300000000")])


@pytest.mark.parametrize("value", [b"-1", b"ten", b"1e9", b"1 2"])
def test_a_size_that_is_no_number_is_told(value) -> None:
    with pytest.raises(InvalidArgument):
        LIMITS.check_announced("/api/voice", [(b"content-length", value)])


def test_the_error_names_the_limit() -> None:
    assert too_large(10).details == {"limit_bytes": "10"}
    assert header([(b"a", b" 1 ")], b"a") == "1"
    assert header([], b"a") == ""
