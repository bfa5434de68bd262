"""MiniMax's system voice ids with language and gender, so that a customer who moves keeps the ids in use.

Ids are MiniMax's own spelling ("Antie", "Trustworth", "Jovialman" are not slips of ours).
"""

from __future__ import annotations

import re

# (language, prefix of the ids) -> endings of the female ids, endings of the male ids
_NAMED = {
    ("en-US", "English_"): (
        (
            "Graceful_Lady radiant_girl compelling_lady1 captivating_female1 Upbeat_Woman CalmWoman UpsetGirl "
            "Whispering_girl Wiselady Wise_Woman PlayfulGirl LovelyGirl SentimentalLady "
            "Soft-spokenGirl SereneWoman "
            "ConfidentWoman WhimsicalGirl Kind-heartedGirl AnimeCharacter MatureBoss ImposingManner StressedLady "
            "AssertiveQueen"
        ),
        (
            "Insightful_Speaker Persuasive_Man expressive_narrator magnetic_voiced_man Aussie_Bloke Trustworth_Man "
            "Trustworthy_Man Gentle-voiced_man Diligent_Man ReservedYoungMan ManWithDeepVoice "
            "MaturePartner FriendlyPerson "
            "Debator Steadymentor Deep-VoicedGentleman CaptivatingStoryteller DecentYoungMan "
            "PassionateWarrior WiseScholar "
            "PatientMan Comedian BossyLeader Jovialman Strong-WilledBoy StrictBoss Lucky_Robot"
        ),
    ),
    ("zh-CN", "Chinese (Mandarin)_"): (
        (
            "News_Anchor Mature_Woman Sweet_Lady Kind-hearted_Antie Kind-hearted_Elder Wise_Women "
            "Warm_Bestie Warm_Girl "
            "Crisp_Girl Soft_Girl HK_Flight_Attendant Laid_BackGirl"
        ),
        (
            "Reliable_Executive Unrestrained_Young_Man Gentleman Male_Announcer Humorous_Elder "
            "Radio_Host Lyrical_Voice "
            "Straightforward_Boy Sincere_Adult Gentle_Youth Gentle_Senior Southern_Young_Man Stubborn_Friend "
            "Cute_Spirit Pure-hearted_Boy"
        ),
    ),
    ("yue-HK", "Cantonese_"): (
        "ProfessionalHost（F) GentleLady CuteGirl KindWoman",
        "ProfessionalHost（M) PlayfulMan",
    ),
    ("ja-JP", "Japanese_"): (
        "KindLady CalmLady GracefulMaiden DecisivePrincess DependableWoman ColdQueen SereneWoman",
        (
            "IntellectualSenior LoyalKnight DominantMan SeriousCommander OptimisticYouth GenerousIzakayaOwner "
            "SportyStudent InnocentBoy GentleButler ReliableMan"
        ),
    ),
    ("ko-KR", "Korean_"): (
        (
            "SweetGirl CalmLady GentleWoman CaringWoman ColdGirl ElegantPrincess MatureLady "
            "SoothingLady ThoughtfulWoman "
            "WiseElf ReliableSister"
        ),
        "CheerfulBoyfriend WiseTeacher CalmGentleman IntellectualMan ReliableYouth BraveYouth StrictBoss DominantMan",
    ),
    ("es-ES", "Spanish_"): (
        (
            "SereneWoman ConfidentWoman ThoughtfulLady SophisticatedLady FrankLady Kind-heartedGirl ChattyGirl "
            "CompellingGirl WhimsicalGirl Intonategirl CaringGirlfriend Fussyhostess AssertiveQueen Wiselady"
        ),
        (
            "MaturePartner CaptivatingStoryteller Narrator WiseScholar DeterminedManager BossyLeader "
            "ReservedYoungMan "
            "ThoughtfulMan RationalMan ReliableMan Deep-tonedMan Steadymentor Jovialman RomanticHusband StrictBoss "
            "SereneElder Comedian Debator ToughBoss AngryMan EnergeticBoy Strong-WilledBoy"
        ),
    ),
    ("fr-FR", "French_"): (
        "Female_News\u00a0Anchor FemaleAnchor MovieLeadFemale",
        "Male_Speech_New CasualMan MaleNarrator",
    ),
    ("pt-BR", "Portuguese_"): (
        "SentimentalLady ConfidentWoman LovelyLady CharmingLady InspiringLady SereneWoman SweetGirl PlayfulGirl",
        "BossyLeader CaptivatingStoryteller Narrator Comedian Deep-VoicedGentleman WiseScholar ReliableMan Godfather",
    ),
    ("de-DE", "German_"): ("SweetLady", "FriendlyMan PlayfulMan"),
    ("it-IT", "Italian_"): ("BraveHeroine", "Narrator WanderingSorcerer DiligentLeader"),
    ("ru-RU", "Russian_"): (
        "BrightHeroine AmbitiousWoman CrazyQueen PessimisticGirl",
        "ReliableMan AttractiveGuy HandsomeChildhoodFriend Bad-temperedBoy",
    ),
    ("ar-SA", "Arabic_"): ("CalmWoman", "FriendlyGuy"),
    ("id-ID", "Indonesian_"): (
        "SweetGirl CalmWoman ConfidentWoman CharmingGirl GentleGirl",
        "CaringMan BossyLeader DeterminedBoy ReservedYoungMan",
    ),
    ("tr-TR", "Turkish_"): ("CalmWoman", "Trustworthyman"),
    ("vi-VN", "Vietnamese_"): ("kindhearted_girl", ""),
    ("hi-IN", "hindi_"): ("female_1_v2 female_2_v1", "male_1_v2"),
    ("th-TH", "Thai_"): ("female_1_sample1 female_2_sample2", "male_1_sample8 male_2_sample2"),
}

# The short ids of the first generation; most speak Chinese.
_SHORT = {
    (
        "zh-CN",
        "female",
    ): "female-shaonv female-yujie female-chengshu female-tianmei presenter_female audiobook_female_1 "
    "audiobook_female_2 female-shaonv-jingpin female-yujie-jingpin female-chengshu-jingpin female-tianmei-jingpin "
    "lovely_girl tianxin_xiaoling qiaopi_mengmei wumei_yujie diadia_xuemei danya_xuejie",
    ("zh-CN", "male"): "male-qn-qingse male-qn-jingying male-qn-badao male-qn-daxuesheng presenter_male "
    "audiobook_male_1 audiobook_male_2 male-qn-qingse-jingpin male-qn-jingying-jingpin male-qn-badao-jingpin "
    "male-qn-daxuesheng-jingpin clever_boy cute_boy cartoon_pig bingjiao_didi junlang_nanyou chunzhen_xuedi "
    "lengdan_xiongzhang badao_shaoye",
    ("en-US", "female"): "Wise_Woman Calm_Woman Inspirational_girl Lively_Girl Lovely_Girl Sweet_Girl_2 Exuberant_Girl "
    "Charming_Lady Sweet_Girl Cute_Elf Attractive_Girl Serene_Woman Imposing_Manner Abbess",
    ("en-US", "male"): "Friendly_Person Deep_Voice_Man Patient_Man Casual_Guy Determined_Man Decent_Boy Young_Knight "
    "Elegant_Man Santa_Claus Grinch Rudolph Arnold Charming_Santa",
}

_SPACE = "\u00a0"
"""Stands above for a space inside an id."""


def _voices() -> tuple[tuple[str, str, str, str], ...]:
    rows = []
    for (language, prefix), endings in _NAMED.items():
        for gender, names in zip(("female", "male"), endings, strict=True):
            rows += [(f"{prefix}{ending}", ending, language, gender) for ending in names.split(" ") if ending]
    for (language, gender), names in _SHORT.items():
        rows += [(voice_id, voice_id, language, gender) for voice_id in names.split(" ")]
    return tuple((row[0].replace(_SPACE, " "), spoken(row[1]), row[2], row[3]) for row in rows)


def spoken(name: str) -> str:
    """`Kind-heartedGirl` -> `Kind-hearted Girl`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.replace("_", " ").replace(_SPACE, " "))
    return words[:1].upper() + words[1:]


MINIMAX_VOICES = _voices()
"""id, name, language, gender."""
