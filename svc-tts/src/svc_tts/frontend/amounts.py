"""How six languages write amounts, and which words they say for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ways:
    """Of one language."""

    decimal: str  # "." or ","
    thousands: str  # the other one, and what else may stand between three digits
    percent: str
    until: str  # between two numbers of a range
    hundredths: str  # between whole units of money and hundredths; "{}" = the hundredths
    clock: str  # "{h}" and "{m}"
    full_hour: str  # "{h}"
    date: str  # "{day}", "{month}", "{year}"
    months: tuple[str, ...]
    money: Mapping[str, tuple[str, str]]  # sign -> one, several
    units: Mapping[str, tuple[str, str]]
    ordinals: str  # a pattern of what stands behind an ordinal


_SPACES = " \u00a0\u202f'’"

WAYS: Mapping[str, Ways] = {
    "en": Ways(
        ".", "," + _SPACES[1:], "percent", "to", " {}", "{h} {m}", "{h} o'clock", "{month} {day}, {year}",
        ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
         "December"),
        {"$": ("dollar", "dollars"), "€": ("euro", "euros"), "£": ("pound", "pounds"), "¥": ("yen", "yen")},
        {"km": ("kilometre", "kilometres"), "cm": ("centimetre", "centimetres"), "mm": ("millimetre", "millimetres"),
         "kg": ("kilogram", "kilograms"), "°C": ("degree Celsius", "degrees Celsius"),
         "km/h": ("kilometre per hour", "kilometres per hour"), "GB": ("gigabyte", "gigabytes")},
        "st|nd|rd|th",
    ),
    "de": Ways(
        ",", "." + _SPACES, "Prozent", "bis", " {}", "{h} Uhr {m}", "{h} Uhr", "{day} {month} {year}",
        ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
         "Dezember"),
        {"$": ("Dollar", "Dollar"), "€": ("Euro", "Euro"), "£": ("Pfund", "Pfund"), "¥": ("Yen", "Yen")},
        {"km": ("Kilometer", "Kilometer"), "cm": ("Zentimeter", "Zentimeter"), "mm": ("Millimeter", "Millimeter"),
         "kg": ("Kilogramm", "Kilogramm"), "°C": ("Grad Celsius", "Grad Celsius"),
         "km/h": ("Kilometer pro Stunde", "Kilometer pro Stunde"), "GB": ("Gigabyte", "Gigabyte")},
        r"(?!)",  # "3." may end a sentence
    ),
    "fr": Ways(
        ",", "." + _SPACES, "pour cent", "à", " {}", "{h} heures {m}", "{h} heures", "{day} {month} {year}",
        ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
         "décembre"),
        {"$": ("dollar", "dollars"), "€": ("euro", "euros"), "£": ("livre", "livres"), "¥": ("yen", "yens")},
        {"km": ("kilomètre", "kilomètres"), "cm": ("centimètre", "centimètres"), "mm": ("millimètre", "millimètres"),
         "kg": ("kilogramme", "kilogrammes"), "°C": ("degré Celsius", "degrés Celsius"),
         "km/h": ("kilomètre par heure", "kilomètres par heure"), "GB": ("gigaoctet", "gigaoctets")},
        "er|re|ème|e",
    ),
    "es": Ways(
        ",", "." + _SPACES, "por ciento", "a", " con {}", "{h} y {m}", "{h} en punto", "{day} de {month} de {year}",
        ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
         "noviembre", "diciembre"),
        {"$": ("dólar", "dólares"), "€": ("euro", "euros"), "£": ("libra", "libras"), "¥": ("yen", "yenes")},
        {"km": ("kilómetro", "kilómetros"), "cm": ("centímetro", "centímetros"), "mm": ("milímetro", "milímetros"),
         "kg": ("kilogramo", "kilogramos"), "°C": ("grado Celsius", "grados Celsius"),
         "km/h": ("kilómetro por hora", "kilómetros por hora"), "GB": ("gigabyte", "gigabytes")},
        r"\.?[ºª]",
    ),
    "it": Ways(
        ",", "." + _SPACES, "per cento", "a", " e {}", "{h} e {m}", "{h} in punto", "{day} {month} {year}",
        ("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre",
         "novembre", "dicembre"),
        {"$": ("dollaro", "dollari"), "€": ("euro", "euro"), "£": ("sterlina", "sterline"), "¥": ("yen", "yen")},
        {"km": ("chilometro", "chilometri"), "cm": ("centimetro", "centimetri"), "mm": ("millimetro", "millimetri"),
         "kg": ("chilogrammo", "chilogrammi"), "°C": ("grado Celsius", "gradi Celsius"),
         "km/h": ("chilometro all'ora", "chilometri all'ora"), "GB": ("gigabyte", "gigabyte")},
        "[ºª]",
    ),
    "pt": Ways(
        ",", "." + _SPACES, "por cento", "a", " e {}", "{h} horas e {m}", "{h} horas", "{day} de {month} de {year}",
        ("janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro",
         "novembro", "dezembro"),
        {"$": ("dólar", "dólares"), "€": ("euro", "euros"), "£": ("libra", "libras"), "¥": ("iene", "ienes")},
        {"km": ("quilómetro", "quilómetros"), "cm": ("centímetro", "centímetros"), "mm": ("milímetro", "milímetros"),
         "kg": ("quilograma", "quilogramas"), "°C": ("grau Celsius", "graus Celsius"),
         "km/h": ("quilómetro por hora", "quilómetros por hora"), "GB": ("gigabyte", "gigabytes")},
        r"\.?[ºª]",
    ),
}  # fmt: skip
"""By language without region."""
