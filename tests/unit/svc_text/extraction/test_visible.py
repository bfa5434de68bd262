from __future__ import annotations

import pytest
from lxml.html import document_fromstring

from svc_text.extraction import visible

PROSE = "<p>Acme builds pumps that run for forty years without a single spare part.</p>"


def stripped(markup: str) -> str:
    body = document_fromstring(f"<html><body>{markup}</body></html>").find("body")
    visible.strip(body, [])
    return " ".join(body.text_content().split())


@pytest.mark.parametrize(
    "markup",
    [
        "<nav>Junk</nav>",
        "<footer>Junk</footer>",
        "<script>Junk</script>",
        "<noscript>Junk</noscript>",
        "<button>Junk</button>",
        "<form><input value=Junk>Junk</form>",
        '<div id="cookie-notice">Junk</div>',
        '<div class="wrapper newsletter-signup">Junk</div>',
        '<div role="dialog">Junk</div>',
        '<section id="comments">Junk</section>',
        '<div class="modal fade">Junk</div>',
        '<p style="display:none">Junk</p>',
    ],
)
def test_what_stands_around_the_content_goes(markup: str) -> None:
    assert "Junk" not in stripped(f"{PROSE}{markup} tail {PROSE}")
    assert "tail" in stripped(f"{PROSE}{markup} tail {PROSE}")


def test_what_holds_most_of_the_page_is_content_whatever_it_is_called() -> None:
    assert "forty years" in stripped(f'<div class="has-modal overlay"><div>{PROSE * 3}</div></div><p>And so on.</p>')
    assert "forty years" in stripped(f'<form id="aspnetForm">{PROSE}</form>')


def test_a_body_that_is_to_be_shown_later_stays() -> None:
    body = document_fromstring(f'<html><body style="display:none">{PROSE}</body></html>').find("body")
    visible.strip(body, [])
    assert "forty years" in body.text_content()


def test_only_the_hidden_goes_where_stripping_went_too_far() -> None:
    body = document_fromstring(f"<html><body><footer>{PROSE}</footer><p hidden>Junk</p></body></html>").find("body")
    visible.strip_hidden(body, [])
    assert " ".join(body.text_content().split()).endswith("spare part.")
