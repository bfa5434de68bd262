"""What of a page is never quoted: banners, legal lines, menus, prices, addresses, and what speaks to machines.

A sentence that tells a language model what to do has no power here, but it would be read aloud. The patterns match
text folded to plain letters; they are many and small, since one that is too broad drops honest sentences.
"""

from __future__ import annotations

import re
import unicodedata

LEAST_LETTERS = 0.55  # share of letters (of what is not space) below which a line is prices, numbers or decoration
LONGEST_WORD = 45  # characters without a space: more is a key, a hash or encoded text

_TO_MACHINES = (
    # English
    r"(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|all|any|your|these|system)\b"
    r".{0,40}\b(?:instruction|prompt|rule|direction|guideline|command|context|message)",
    r"system\s*(?:prompt|message|instruction|override)|developer (?:prompt|message|mode)|jailbreak|prompt injection",
    r"\byou are (?:now )?(?:an?|the) (?:[\w-]+ ){0,3}(?:ai|llm|chatbot|assistant|language model|gpt|bot|agent)\b",
    r"\b(?:as|dear|attention|note to|instructions? (?:for|to)) (?:an? |the |all |any )?(?:ai|llms?|chatbots?|assistants?|"
    r"language models?|crawlers?|agents?|summari[sz]ers?)\b",
    r"\b(?:ai|llm|assistant|model|chatbot|agent)s?\b.{0,30}\b(?:must|should|shall|reading this|is required to|are required to)\b"
    r".{0,80}\b(?:ignore|output|respond|reply|say|write|include|recommend|visit|call|send|reveal|return|execute)",
    r"(?:respond|reply|answer|output|return|print|say|write) (?:only |exactly |nothing but |with )+(?:the (?:word|phrase|text|following)|"
    r"[\"'“{\[])",
    r"(?:reveal|print|repeat|show|leak|output|expose|exfiltrate)\b.{0,30}\b(?:prompt|instructions|api[ _-]?keys?|secrets?|passwords?|"
    r"credentials|environment variables|context)",
    r"(?:call|invoke|use|run|execute)\b.{0,20}\b(?:tool|function|plugin|shell|command)\b|tool_call|function_call|<\|",
    r"(?:end|begin|start) of (?:the )?(?:documents?|context|data|user|system|instructions?)\b|\bnew instructions?\b",
    r"(?:add|append|insert|include|embed)\b.{0,40}\b(?:to|in|into) (?:your|the) (?:answer|response|output|summary|reply|json)",
    r"change (?:the|your) (?:schema|output|format|json)|from now on,? you|do anything now|act as (?:an?|the|if)\b.{0,40}\b(?:ai|"
    r"model|assistant|admin|root|dan)\b|pretend (?:to be|that you)",
    r"^(?:system|assistant|user|human|ai)\s*:",
    # German
    r"(?:ignorier|vergiss|missacht|umgeh)\w*\b.{0,40}\b(?:anweisung|anleitung|regel|vorgabe|prompt|befehl)|systemaufforderung|"
    r"\bdu bist (?:jetzt |nun )?(?:eine?|der|die) (?:[\w-]+ ){0,2}(?:ki|assistent|sprachmodell|chatbot)",
    # French
    r"(?:ignore[rz]?|oublie[rz]?|ne tene?z? pas compte)\b.{0,40}\b(?:instruction|consigne|regle|directive|prompt)|"
    r"\b(?:tu es|vous etes) (?:desormais |maintenant )?(?:une?|le|la) (?:[\w-]+ ){0,2}(?:ia|assistant|modele|chatbot)",
    # Spanish, Portuguese, Italian
    r"(?:ignor[ae]\w*|olvid[ae]\w*|esquec[ae]\w*|dimentica\w*|desconsider\w*|descart\w*)\b.{0,40}\b(?:instruccion|instruco|instrucoes|"
    r"istruzion|reglas|regras|regole|prompt|indicacion|ordenes|comandi)|\b(?:eres|voce e|es|sei) (?:ahora |agora |ora )?(?:una?|uma?|un) "
    r"(?:[\w-]+ ){0,2}(?:ia|asistente|assistente|modelo|modello|chatbot)",
    # Dutch, Polish, Swedish, Turkish
    r"(?:negeer|vergeet)\b.{0,40}\b(?:instructie|opdracht|regel|prompt)|(?:zignoruj|ignoruj|zapomnij)\w*\b.{0,40}\b(?:instrukc|polecen|zasad)",
    r"(?:ignorera|glom|bortse)\b.{0,40}\b(?:instruktion|regler|prompt)|(?:talimat|komut|kural)\w*\b.{0,30}\b(?:yok ?say|unut|gormezden)",
    # Russian, Ukrainian
    r"(?:игнориру|забуд|проигнориру|ігнору|забуд)\w*.{0,40}(?:инструкци|указани|правил|команд|інструкці|вказівк)|системн\w+ (?:промпт|подсказк)",
    # Arabic, Hindi
    r"(?:تجاهل|انس).{0,40}(?:تعليمات|اوامر|التعليمات|الاوامر)|(?:अनदेख|नज़रअंदाज़|भूल).{0,40}(?:निर्देश)|(?:निर्देश).{0,40}(?:अनदेख|नज़रअंदाज़|भूल)",
    # Chinese, Japanese, Korean
    r"(?:忽略|无视|忽視|無視|忘记|忘掉|忘記|绕过).{0,20}(?:指令|指示|提示|规则|命令|規則)|(?:指示|命令|プロンプト|指令|ルール).{0,12}(?:無視|忘れ|従わ)|"
    r"系统提示|系統提示|システムプロンプト|你(?:现在)?是(?:一个|一個)?.{0,6}(?:人工智能|语言模型|AI|助手)|あなたは.{0,10}(?:AI|アシスタント|言語モデル)",
    r"(?:지시|명령|프롬프트|규칙).{0,12}(?:무시|잊)|시스템 ?프롬프트",
)
_OF_THE_SITE = (
    r"\bcookies?\b|\bgdpr\b|\bdsgvo\b|\brgpd\b|privacy (?:policy|notice|settings|statement)|datenschutz|confidentialite|privacidad|"
    r"informativa sulla privacy|polityk\w+ prywatnosci|プライバシーポリシー|隐私|クッキー|конфиденциальност",
    r"all rights reserved|alle rechte vorbehalten|tous droits reserves|todos los derechos|tutti i diritti|todos os direitos|"
    r"©|\(c\) ?\d{4}|\bcopyright\b|版权所有|著作権|無断転載|\bimpressum\b|mentions legales|aviso legal|terms (?:of|and) |agb\b",
    r"^(?:read|learn|see|find out|discover|show|view|load) (?:more|all)\b|^(?:mehr (?:erfahren|lesen)|en savoir plus|lire la suite|leer mas|"
    r"mas informacion|scopri di piu|leggi|saiba mais|lees meer|czytaj wiecej|las mer|подробнее|もっと見る|詳しくはこちら|了解更多|查看更多)",
    r"^(?:skip to|back to top|click here|sign (?:up|in)|log ?in|subscribe|add to (?:cart|basket)|book (?:now|a demo)|get started|"
    r"request a (?:demo|quote)|contact us|download now|buy now|order now|share (?:this|on)|follow us|share:|next|previous|menu|search)\b",
    r"^(?:jetzt (?:\w+ )?(?:kaufen|buchen|anfragen|bestellen|anmelden)|in den warenkorb|zum inhalt|anmelden|newsletter|nach oben|"
    r"ajouter au panier|s'inscrire|s'abonner|contactez-nous|inscrivez-vous|anadir|suscribete|contactanos|contacto|iscriviti|contattaci)\b",
    r"enable javascript|javascript (?:aktivieren|is (?:disabled|required))|your browser|ihr browser|votre navigateur|su navegador|lorem ipsum|"
    r"subscribe to (?:our|the)|newsletter|page not found|\b404\b|loading\.\.\.|powered by|\bcaptcha\b",
)
_MARKUP = re.compile(r"[<>{}\\|]|!\[|\]\(|function\s*\(|=>|&\w{2,8};|\[\[|\$\{|#[0-9a-f]{6}\b")
_ADDRESS = re.compile(
    r"https?:|www\.|\b[\w.+-]+@[\w-]+\.\w|\b[\w-]{2,}(?:\.[\w-]{2,})*\.(?:com|org|net|io|ai|dev|app|info|example|test|invalid)\b"
    r"|\b(?:javascript|data|file|ftp|mailto|tel):",
    re.IGNORECASE,
)
_PHONE = re.compile(r"\+?\d[\d\s()/.-]{7,}\d")
_MACHINES = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _TO_MACHINES)
_SITE = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _OF_THE_SITE)
_SPELLED = re.compile(r"\b(?:\w[ .\-_*]){4,}\w\b")
_LOOKALIKES = str.maketrans("аеорсухіѕԁӏ0134@$", "aeopcyxisdloieaas")


def speaks_to_machines(text: str) -> bool:
    """Whether it tells a language model what to do."""
    folded = fold(text)
    tries = {folded, folded.translate(_LOOKALIKES), _SPELLED.sub(lambda run: re.sub(r"[ .\-_*]", "", run[0]), folded)}
    return any(pattern.search(each) for each in tries for pattern in _MACHINES)


def is_junk(text: str) -> bool:
    """Whether it is to be left out of everything."""
    folded = fold(text)
    if any(pattern.search(folded) for pattern in _SITE) or _MARKUP.search(text) or _ADDRESS.search(text):
        return True
    return _is_no_language(text) or speaks_to_machines(text)


def fold(text: str) -> str:
    """Lower case without accents, white space folded, compatibility forms resolved: what patterns are matched with."""
    plain = unicodedata.normalize("NFKD", text)
    kept = "".join(mark for mark in plain if not unicodedata.combining(mark) or ord(mark) > 0x0370)
    return " ".join(unicodedata.normalize("NFC", kept).casefold().split())


def _is_no_language(text: str) -> bool:
    packed = "".join(text.split())
    letters = sum(character.isalpha() for character in packed)
    if letters < LEAST_LETTERS * len(packed):
        return True
    longest = max(map(len, text.split()), default=0)
    return (longest > LONGEST_WORD and text.isascii()) or bool(_PHONE.search(text))
