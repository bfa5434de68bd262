"""What the address of a page tells about whose it is."""

from __future__ import annotations

from urllib.parse import urlsplit

COUNTRY_CHARS = 3  # ".co.uk", ".com.br": a second level that is no name


def host(url: str) -> str:
    """The host of an address; empty where it has none or is broken."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def site_label(url: str) -> str:
    """The part of the host that names the site: "www.acme-pumps.co.uk" -> "acme-pumps"; empty for numbers."""
    name = host(url).removeprefix("www.")
    labels = [label for label in name.split(".") if label]
    if len(labels) < 2 or name.replace(".", "").isdigit():
        return ""
    is_country = len(labels) > 2 and len(labels[-2]) <= COUNTRY_CHARS
    return labels[-3 if is_country else -2]
