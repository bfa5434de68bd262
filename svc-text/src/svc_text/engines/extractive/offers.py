"""What a company offers, to whom, and what sets it apart: found by the words that headings and sentences use."""

from __future__ import annotations

import re
from collections.abc import Iterator

from svc_text.engines.extractive.material import Material
from svc_text.engines.extractive.rank import repeats
from svc_text.engines.extractive.sentences import Sentence

MOST_PRODUCTS, MOST_DIFFERENTIATORS = 8, 4
MOST_PRODUCT_WORDS = 7
MOST_CHARS = 200

_OFFERS = re.compile(
    r"\b(?:products?|services?|solutions?|what we (?:do|offer|make)|our (?:range|menu|work|offer)|features|expertise|menu|treatments|"
    r"courses|produkte|leistungen|lösungen|sortiment|angebot|unser programm|was wir (?:tun|machen|bieten)|nos (?:produits|services|"
    r"solutions|prestations|offres|vins|métiers)|ce que nous|prestations|productos|servicios|soluciones|qué hacemos|nuestra oferta|"
    r"prodotti|servizi|soluzioni|cosa facciamo|produtos|serviços|soluções|o que fazemos|producten|diensten|oplossingen|wat we doen|"
    r"produkty|usługi|oferta|produkter|tjänster|ürünler|hizmetler|çözümler|продукция|услуги|решения|товары)\b"
    r"|产品|服务|解决方案|製品|サービス|ソリューション|事業内容|商品",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\b(?:about|team|contact|news|blog|careers?|jobs?|history|story|reviews?|testimonials?|customers?|clients?|partners?|why|"
    r"values|mission|faq|questions|visit|location|opening|numbers|press|über|geschichte|kontakt|karriere|warum|kunden|stimmen|"
    r"standort|öffnungszeiten|zahlen|propos|équipe|histoire|pourquoi|avis|contacter|horaires|chiffres|nosotros|historia|equipo|"
    r"contacto|por qué|clientes|opiniones|cifras|chi siamo|storia|squadra|contatti|perché|clienti|sobre|história|equipe|contato)\b"
    r"|会社|採用|お問い合わせ|沿革|关于|联系|新闻|招聘|历史|お客様",
    re.IGNORECASE,
)
_AUDIENCE = re.compile(
    r"\b(?:(?:designed|made|built|ideal|perfect|suitable) for|our (?:customers|clients|guests|patients|members)|(?:customers|clients) "
    r"(?:are|include|range)|trusted by|we (?:serve|help|support|work with)|helps? |serves? |(?:unsere|unseren) (?:kunden|gäste\w*|patienten)|"
    r"richtet sich an|für (?:unternehmen|familien|kommunen|betriebe|handwerk\w*|privat\w*|profis)|zu unseren kunden|nos clients|"
    r"s'adresse|destinée?s? à|pour les (?:entreprises|particuliers|professionnels|familles)|nuestros clientes|dirigid[oa]s? a|"
    r"para (?:empresas|familias|profesionales|hoteles)|i nostri clienti|rivolt[oaie] a|per (?:aziende|famiglie|professionisti)|"
    r"nossos clientes|para (?:empresas|famílias)|onze klanten|nasi klienci|наши клиенты)\b|お客様|向けに|客户|面向",
    re.IGNORECASE,
)
_APART = re.compile(
    r"\b(?:only|unlike|unique\w*|patent\w*|award\w*|certified|guarantee\w*|handmade|by hand|first|largest|leading|without|never|"
    r"every single|own|independent|family|100 ?%|einzig\w*|patent\w*|ausgezeichnet|zertifiziert|garant\w*|handgemacht|von hand|"
    r"erste[rns]?|größte[rns]?|führend\w*|ohne|eigene[nrms]?|unabhängig\w*|familien\w*|seule?s?|unique|breveté\w*|primé\w*|certifié\w*|"
    r"fait(?:es)? main|premi(?:er|ère)|sans|indépendant\w*|familial\w*|únic[oa]s?|patentad\w*|premiad\w*|certificad\w*|a mano|"
    r"primer[oa]?|sin|propi[oa]s?|familiar\w*|unic[oaie]|brevettat\w*|premiat\w*|certificat\w*|senza|propri[oae]|jedyn\w*|pierwsz\w*|"
    r"единственн\w*|первы\w*|собственн\w*)\b|唯一|専利|专利|特許|独自|自社|自主|認証|认证|初めて|首家|受賞",
    re.IGNORECASE,
)
_TAIL = re.compile(r"\s*(?:[:：–—(（]|\s-\s|\s[€$£]|,? (?:ab|from|dès|desde|da) \d).*$")


def products(material: Material, name: str) -> list[str]:
    """Names of what is offered: the items and headings that stand under a heading such as "Our products"."""
    found: dict[str, None] = {}
    for each in _under_offers(material):
        label = _TAIL.sub("", each.text).strip()
        if label and len(label.split()) <= MOST_PRODUCT_WORDS and label.casefold() != name.casefold():
            found.setdefault(label)
    return list(found)[:MOST_PRODUCTS]


def _under_offers(material: Material) -> Iterator[Sentence]:
    within, document = False, -1
    for each in material.lines:
        if each.document != document:
            document = each.document
            told = material.documents[document]
            within = bool(_OFFERS.search(told.title)) and document > 0
        if each.whole:
            continue
        if not each.item and _OFFERS.search(each.text):
            within = True
        elif not each.item and _OTHER.search(each.text):
            within = False
        elif within:
            yield each


def audience(material: Material) -> str:
    """The sentence that says for whom it is."""
    said = [each for each in material.best() if _AUDIENCE.search(each.text) and len(each.text) <= MOST_CHARS]
    return said[0].text if said else ""


def differentiators(material: Material) -> list[str]:
    """Sentences that say what others do not have."""
    chosen: list[Sentence] = []
    for each in material.best():
        if len(chosen) == MOST_DIFFERENTIATORS:
            break
        if _APART.search(each.text) and len(each.text) <= MOST_CHARS and not repeats(each, chosen):
            chosen.append(each)
    return [each.text for each in sorted(chosen, key=lambda each: each.order)]
