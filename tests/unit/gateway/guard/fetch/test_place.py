import pytest

from gateway.guard.fetch.place import place
from troupe.wire.errors import AddressRefused


@pytest.mark.parametrize(
    ("written", "url", "host", "port", "target"),
    [
        ("https://example.com", "https://example.com", "example.com", 443, b"/"),
        ("  HTTP://EXAMPLE.com./a?b=c#part ", "http://example.com/a?b=c", "example.com", 80, b"/a?b=c"),
        ("example.com/about", "https://example.com/about", "example.com", 443, b"/about"),
        ("https://example.com:443/", "https://example.com/", "example.com", 443, b"/"),
        ("http://exa_mple.com:8080/", "http://exa_mple.com:8080/", "exa_mple.com", 8080, b"/"),
        ("https://Müller.de/ü", "https://xn--mller-kva.de/%C3%BC", "xn--mller-kva.de", 443, b"/%C3%BC"),
        ("https://example.com/@me", "https://example.com/@me", "example.com", 443, b"/@me"),
        ("http://[2606:4700::1111]/", "http://[2606:4700::1111]/", "2606:4700::1111", 80, b"/"),
        ("http://1.1.1.1", "http://1.1.1.1", "1.1.1.1", 80, b"/"),
    ],
)
def test_an_address_is_taken_apart(written, url, host, port, target) -> None:
    found = place(written)
    assert (found.url, found.host, found.port, found.target) == (url, host, port, target)


@pytest.mark.parametrize(
    ("url", "header"),
    [
        ("https://example.com/x", b"example.com"),
        ("http://example.com:8080", b"example.com:8080"),
        ("https://example.com:80/", b"example.com:80"),
        ("http://[2606:4700::1111]/", b"[2606:4700::1111]"),
    ],
)
def test_the_host_is_named_as_browsers_do(url, header) -> None:
    assert place(url).host_header == header


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/b?c", "https://example.com/b?c"),
        ("b", "https://example.com/a/b"),
        ("//other.example/x", "https://other.example/x"),
        ("http://other.example", "http://other.example"),
    ],
)
def test_a_redirect_may_be_relative(location, url) -> None:
    assert place(location, after=place("https://example.com/a/")).url == url


REFUSED = {
    "": "No address",
    "   ": "No address",
    "https://example.com/" + "a" * 3000: "3,020 characters",
    "ftp://example.com": "Only http",
    "file:///etc/passwd": "Only http",
    "javascript:alert(1)": "Only http",
    "gopher://example.com:70/1": "Only http",
    "data:text/html,x": "Only http",
    "//example.com": "Only http",
    "https://user:secret@example.com": "user name",
    "https://@example.com": "user name",
    "https://example.com@127.0.0.1": "user name",
    "https://a b.com": "spaces",
    "https://example.com\\@x.com": "backslashes",
    "https://exam\tple.com": "control",
    "https://example.com/\r\nHost: x": "control",
    "https:///x": "no host",
    "https://localhost": "no host",
    "https://a..b": "no host",
    "https://ex%61mple.com%2f": "no host",
    "https://example.com:99999": "no port",
    "https://example.com:x": "cannot be read",
    "https://[::1": "cannot be read",
    "https://2130706433": "unusual spelling",
    "https://1.2.3.4.5": "unusual spelling",
    "https://[fe80::1%25eth0]/": "unusual spelling",
    "nothing": "Only http",
}


@pytest.mark.parametrize("written", REFUSED)
def test_what_is_unusual_is_refused(written) -> None:
    with pytest.raises(AddressRefused, match=REFUSED[written]):
        place(written)


def test_a_refusal_never_repeats_a_password() -> None:
    with pytest.raises(AddressRefused) as caught:
        place("https://me:hunter2@example.com")
    assert "hunter2" not in str(caught.value)
