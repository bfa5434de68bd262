"""Which language a text is written in: by its script, and where several share one by their commonest words.

Those words are also what ranking leaves out of account. 17 languages at best effort; no model, no network.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

LOOKED_AT = 20_000  # characters
LEAST_HITS = 2  # common words that must be there before a language is told

COMMON: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the of and to in is you that it he was for on are with as his they at be this have from or had by not "
        "but what all were we when your can said there use an each which she do how their if will up other about out "
        "many then them these so some her would make like him into has more our its also than who been may any only "
        "over such us me my no just where most i a those both because through between while after before here very",
        "de": "der die das und in den von zu mit sich des auf für ist im dem nicht ein eine als auch es an ich wir sie "
        "er hat aus bei nach wird werden einer einem einen eines um am sind noch wie über so zum zur kann nur oder aber "
        "vor bis mehr durch man dann unser unsere unseren unserem ihre ihren ihr ihnen uns sein seine haben war waren "
        "wenn was diese dieser dieses seit sowie damit dass wo alle jede jeder unter gegen ohne zwischen du dein deine",
        "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont nous vous "
        "avec son ses sa leur leurs notre nos votre vos ou mais aux cette ces été être ont fait on elle ils elles comme "
        "tout tous toutes toute sans depuis chez entre aussi bien où si même après avant y à d l c s n qu afin ainsi je",
        "es": "de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha me si sin "
        "sobre este ya entre cuando todo esta ser son dos también fue había era muy hasta desde está nuestra nuestro "
        "nuestros nuestras porque qué solo han yo hay vez puede todos así nos ni parte tiene uno donde bien cada estos "
        "quien e tu tus usted ustedes sea fueron esa ese durante cual",
        "it": "di e il la che in a per un è non del le si con i una da lo gli nel sono come anche alla della dei delle "
        "dal dalla al ai alle più ma ha o su se nella nei ed questo questa questi queste nostro nostra nostri nostre "
        "loro suo sua suoi sue noi voi vostro vostra ogni tutto tutti tutte dove quando chi cui era stato essere fra tra",
        "pt": "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu "
        "sua ou ser quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos seus "
        "quem nas me esse eles estão você vocês nós nosso nossa nossos nossas cada onde sobre todos todas desde são",
        "nl": "de en van het een in is dat op te zijn met voor niet aan er om ook als dan maar bij naar uit door over ze "
        "wij we ons onze je jij uw u hun hij zij die dit deze worden wordt werd heeft hebben had kan meer nog tot of wel "
        "geen al na sinds tussen onder waar wie wat alle elke zonder",
        "pl": "i w na z do się nie to że jest o jak po co tak za ale czy od przez jego są dla oraz a ich jej lub przy "
        "ze być był była było można tylko już który która które których nasz nasza nasze naszych my wy wasz państwa "
        "więcej także między bez pod nad każdy gdzie kiedy u",
        "sv": "och i att det som en på är av för med till den har de inte om ett men var vi ni du jag vår våra vårt er "
        "sig så kan från eller när hade nu ska skulle där här också mer alla under efter utan mellan över sedan varje",
        "tr": "ve bir bu da de için ile çok ne daha gibi ama olarak sonra kadar değil var en o biz siz ben her olan "
        "veya ya ki mi mı şey göre bizim sizin tüm önce arasında ise iki yeni",
        "ru": "и в не на я быть он с что а по это она этот к но они мы весь который из у то за свой так от все для как "
        "о же или наш наша наши нашей ваш ваши их его её при до только также более мы вы был была были есть если может "
        "где под без между чем лет",
        "uk": "і в не на я бути він з що а по це вона цей до але вони ми весь який із у то за свій так від все для як "
        "про або наш наша наші ваш ваші їх його її при тільки також більше та й був була були є якщо може де під без між",
        "ar": "في من على إلى عن مع هذا هذه التي الذي أن إن كان كانت لا ما أو و هو هي نحن كل بعد قبل بين حتى قد لم لن ثم "
        "كما أكثر ذلك تلك عند منذ غير",
        "hi": "का के की है में से को और एक यह पर हैं ने भी कि जो कर इस हम आप नहीं था थी थे या तो लिए अपने हमारे हमारी "
        "साथ तक होता होती वह वे सभी",
        "ko": "및 그 이 저 것 수 등 더 는 은 이 가 을 를 의 에 와 과 도 로 으로 에서 있습니다 합니다 우리 저희 위한 있는 하는",
        "zh": "的 了 和 是 在 我 有 他 这 为 之 来 以 个 们 到 说 也 与 及 或 等 于 对 将 被 而 并 就 都 而且 我们",
        "ja": "の に は を た が で て と し れ さ ある いる も する から な こと として い や など なっ ない この ため その あっ よう また",
    }.items()
}  # fmt: skip

_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("ja", "\u3041-\u30ff"),
    ("zh", "\u3400-\u9fff"),
    ("ko", "\uac00-\ud7a3\u1100-\u11ff"),
    ("ru", "\u0400-\u04ff"),
    ("ar", "\u0600-\u06ff"),
    ("hi", "\u0900-\u097f"),
    ("el", "\u0370-\u03ff"),
    ("he", "\u0590-\u05ff"),
    ("th", "\u0e00-\u0e7f"),
)
_IN_SCRIPT = tuple((language, re.compile(f"[{letters}]")) for language, letters in _SCRIPTS)
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_UKRAINIAN = re.compile(r"[іїєґІЇЄҐ]")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN_LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "tr")
_WEIGHT = 3  # an ideograph or kana says as much as some Latin letters
_KANA_SHARE = 0.05  # of ideographs: Japanese has far more kana, a Chinese page may quote a few


def base(language: str) -> str:
    """The language without region or script: "en-US" -> "en"."""
    return language.replace("_", "-").partition("-")[0].lower()


def detect(text: str) -> str:
    """ISO 639-1 of the most likely language; empty where nothing tells."""
    head = text[:LOOKED_AT]
    found = {language: len(letters.findall(head)) for language, letters in _IN_SCRIPT}
    latin = len(_LATIN.findall(head))
    best = max(found, key=lambda language: found[language])
    if _WEIGHT * found[best] > latin:
        return _of_script(best, found, head)
    return _of_latin(head)


def _of_script(best: str, found: Mapping[str, int], text: str) -> str:
    if best in {"ja", "zh"}:
        return "ja" if found["ja"] > _KANA_SHARE * found["zh"] else "zh"
    if best == "ru" and len(_UKRAINIAN.findall(text)) > found["ru"] / 100:
        return "uk"
    return best


def _of_latin(text: str) -> str:
    words = Counter(_WORD.findall(text.lower()))
    scores = {language: sum(words[word] for word in COMMON[language]) for language in _LATIN_LANGUAGES}
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] >= LEAST_HITS else ""
