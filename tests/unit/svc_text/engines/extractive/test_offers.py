from __future__ import annotations

from svc_text.engines.extractive.material import material
from svc_text.engines.extractive.offers import products
from troupe.wire.documents import Document

PROSE = "Acme builds pumps for water works in the valley and has done so for forty years."


def offered(text: str, title: str = "") -> list[str]:
    return products(material([Document("", "Acme", PROSE), Document("", title, text)]), "Acme")


def test_items_under_a_heading_about_products() -> None:
    text = f"## Our products\n- Alpha: quiet\n- Beta – small\n- Gamma (new)\n## Our team\n- Ann\n- Bob\n{PROSE}"
    assert offered(text) == ["Alpha", "Beta", "Gamma"]


def test_subheadings_come_before_items() -> None:
    text = "## Services\n### Repair\n- fast\n- cheap\n### Rent\nWe rent pumps to all.\n## Contact\n### Ulm"
    assert offered(text) == ["Repair", "Rent"]


def test_lines_without_marks_do_as_well() -> None:
    assert offered("Our services\nRepair\nRent\nAbout us\nAnn") == ["Repair", "Rent"]


def test_a_page_of_its_own_about_products() -> None:
    assert offered("# Pumps\n## Alpha\n## Beta\n## FAQ", title="Products | Acme") == ["Alpha", "Beta"]


def test_nothing_where_nothing_is_offered() -> None:
    assert offered("## Our history\n- 1962\n- Ann founds Acme") == []
