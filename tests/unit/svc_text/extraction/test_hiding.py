from __future__ import annotations

import pytest
from lxml.html import fragment_fromstring

from svc_text.extraction.hiding import Hiding

SHEET = """
.gone, p#secret { color: red; display: none !important }
@media print { .hero { display: none } }
.menu:hover .deep { display: none }
/* .kept { display: none } */
.off { position: absolute; left: -9999px }
"""


@pytest.mark.parametrize(
    "markup",
    [
        "<p hidden>x</p>",
        '<p aria-hidden="true">x</p>',
        '<p class="lead sr-only">x</p>',
        '<p class="gone">x</p>',
        '<p id="secret">x</p>',
        '<p class="off">x</p>',
        '<p style="DISPLAY : none">x</p>',
        '<p style="visibility:hidden">x</p>',
        '<p style="font-size:0">x</p>',
        '<p style="font-size: 0px; color: red">x</p>',
        '<p style="font-size:1px">x</p>',
        '<p style="opacity:0">x</p>',
        '<p style="height:0;overflow:hidden">x</p>',
        '<p style="position:absolute;left:-10000px">x</p>',
        '<p style="text-indent:-9999px">x</p>',
        '<p style="color:#fff;background:#fff">x</p>',
        '<p style="color:transparent">x</p>',
        '<p style="clip:rect(0,0,0,0)">x</p>',
    ],
)
def test_hidden(markup: str) -> None:
    assert Hiding([SHEET]).hides(fragment_fromstring(markup))


@pytest.mark.parametrize(
    "markup",
    [
        "<p>x</p>",
        '<p class="hero">x</p>',
        '<p class="kept">x</p>',
        '<p class="deep">x</p>',
        '<p aria-hidden="false">x</p>',
        '<p style="opacity:0;transform:translateY(20px)">x</p>',
        '<p style="font-size:0.9em">x</p>',
        '<p style="font-size:1rem">x</p>',
        '<p style="font-size:10px;height:100px;overflow:hidden">x</p>',
        '<p style="opacity:0.9">x</p>',
        '<p style="margin-left:-12px">x</p>',
        '<p style="color:#000;background:#fff">x</p>',
    ],
)
def test_seen(markup: str) -> None:
    assert not Hiding([SHEET]).hides(fragment_fromstring(markup))


def test_endless_sheets_and_styles_end() -> None:
    hiding = Hiding([".a{display:none;" * 60_000, "@media x{" * 60_000])
    assert not hiding.hides(fragment_fromstring(f'<p style="{"height:0;;" * 50_000}">x</p>'))
