from __future__ import annotations

import pytest

from svc_text.language import base, detect

TEXTS = {
    "en": "The company was founded in a small barn and its people are still there.",
    "de": "Die Firma wurde in einer kleinen Scheune gegründet und ist noch immer dort.",
    "fr": "La société a été fondée dans une petite grange et elle y est encore.",
    "es": "La empresa fue fundada en un pequeño granero y todavía está en ese lugar.",
    "it": "L'azienda è stata fondata in un piccolo fienile e oggi è ancora nella stessa casa.",
    "pt": "A empresa foi fundada em um pequeno celeiro e ainda está no mesmo lugar, com os seus donos.",
    "nl": "Het bedrijf is opgericht in een kleine schuur en zit daar nog steeds met alle mensen.",
    "pl": "Firma została założona w małej stodole i jest tam do dziś, a jej ludzie się nie zmienili.",
    "sv": "Företaget grundades i en liten lada och det är där än idag med alla som var med.",
    "tr": "Şirket küçük bir ahırda kuruldu ve bugün de aynı yerde çok daha büyük bir ekip ile çalışıyor.",
    "ru": "Компания была основана в небольшом сарае и до сих пор находится там.",
    "uk": "Компанія була заснована в невеликому сараї і досі знаходиться там.",
    "ar": "تأسست الشركة في حظيرة صغيرة وهي هناك حتى اليوم.",
    "hi": "कंपनी की स्थापना एक छोटे से खलिहान में हुई थी।",
    "ko": "이 회사는 작은 헛간에서 시작되었습니다.",
    "zh": "公司成立于一间小谷仓，至今仍在那里。",
    "ja": "会社は小さな納屋で始まりました。",
}


@pytest.mark.parametrize("language", TEXTS)
def test_seventeen_languages_are_told(language: str) -> None:
    assert detect(TEXTS[language]) == language


def test_names_in_latin_letters_do_not_change_the_language() -> None:
    assert detect("株式会社 Midori Robotics は農業用ロボットの会社です。") == "ja"
    assert detect("The firm 北京 has its seat in the city of Leeds and is known for it.") == "en"


@pytest.mark.parametrize("text", ["", "4711", "Zzyzx Qwrtz"])
def test_nothing_is_told_where_nothing_tells(text: str) -> None:
    assert detect(text) == ""


def test_a_region_is_left_out() -> None:
    assert base("pt_BR") == base("pt-PT") == "pt"
