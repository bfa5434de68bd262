from __future__ import annotations

import pytest

from svc_text.engines.extractive.addresses import host, site_label


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("https://www.acme-pumps.co.uk/x", "acme-pumps"),
        ("https://shop.acme.com/", "acme"),
        ("https://acme.de", "acme"),
        ("http://127.0.0.1:80/", ""),
        ("http://localhost/", ""),
        ("http://[::1", ""),
        ("", ""),
    ],
)
def test_the_label_names_the_site(url: str, label: str) -> None:
    assert site_label(url) == label


def test_a_broken_address_has_no_host() -> None:
    assert host("http://[::1") == ""
