"""The voices of Piper that `make voice` knows by name: one or more for each of the languages people ask for.

Each is pinned by sha256 and size. Where these facts and the licences were confirmed is in docs/WEIGHTS.md. The licence
is that of the recordings, as the voice's MODEL_CARD tells it or the page that the card names.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from svc_tts.engine import Gender

REPOSITORY = "rhasspy/piper-voices"
REVISION = "c10ece1aade47bb51c153c893d14e5bf8e5b7117"
FIRST_CHOICE = "en_US-kristin-medium"


class Commercial(StrEnum):
    """Whether the licence of the recordings allows commercial use."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Licence:
    """What one may do with the recordings that a voice was made of."""

    name: str
    commercial: Commercial
    terms: str = ""  # what it asks for


@dataclass(frozen=True, slots=True)
class Pin:
    """What a file is to be."""

    size: int  # bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One voice of the catalogue."""

    name: str  # lang_REGION-name-quality
    gender: Gender
    licence: Licence
    model: Pin
    config: Pin
    speakers: int = 1
    from_lessac: bool = False  # its training went on from the weights of en_US-lessac

    @property
    def size(self) -> int:
        """Bytes of both files."""
        return self.model.size + self.config.size


LESSAC_NOTE = (
    "The weights go on from those of en_US-lessac, whose recordings are for research only (Blizzard 2013). Piper's "
    "author leaves it to you to judge whether that binds such a voice."
)

PUBLIC_DOMAIN = Licence("public domain", Commercial.YES)
CC0 = Licence("CC0", Commercial.YES)
UNLICENSE = Licence("Unlicense", Commercial.YES)
_CREDIT = "Name the makers of the recordings (docs/WEIGHTS.md says where they are)."
CC_BY_3 = Licence("CC BY 3.0", Commercial.YES, _CREDIT)
CC_BY_4 = Licence("CC BY 4.0", Commercial.YES, _CREDIT)
CC_BY_SA_4 = Licence("CC BY-SA 4.0", Commercial.YES, f"{_CREDIT} What is adapted from them is passed on likewise.")
CC_BY_NC_SA_4 = Licence("CC BY-NC-SA 4.0", Commercial.NO)
BLIZZARD = Licence("Blizzard 2013", Commercial.NO, "For research only; no commercial use of any kind.")
NOT_KNOWN = Licence(
    "not known",
    Commercial.UNKNOWN,
    "Its MODEL_CARD names none, or none was confirmed: read it, and what it links to.",
)

_F, _M, _U = Gender.FEMALE, Gender.MALE, Gender.UNKNOWN
_L = True  # from_lessac

# fmt: off
CATALOGUE: tuple[Entry, ...] = (
    Entry("ar_JO-kareem-medium", _U, NOT_KNOWN,
          Pin(63_201_294, "9e95cab07b679da603bba17c4dec7ab3111320571964ee95c0379603c086491e"),
          Pin(5_024, "ea6d9b9d9076dbdb6bf5c98c6a141ef154959d2359709b37855727964e7d6c4d"), 1, _L),
    Entry("cs_CZ-jirka-medium", _U, CC0,
          Pin(63_201_294, "cbd5c900acacc8e8cbecd64347abb8de39c00a9d3104bed06fee92e4f319efc8"),
          Pin(5_025, "fb38b1799b7354808227c065efa97b1ffa2b0cde59505babb56a36d35af9c637"), 1, _L),
    Entry("da_DK-talesyntese-medium", _U, CC0,
          Pin(63_201_294, "b9271efd25f7b8494bbd28d48dd675c8c119daa284f3ee488008935f515f1241"),
          Pin(4_878, "89fe13bd251406cc0088570d103ea7ac35823211d8466faf913268ab8506f41b"), 1, _L),
    Entry("de_DE-thorsten-medium", _M, CC0,
          Pin(63_201_294, "7e64762d8e5118bb578f2eea6207e1a35a8e0c30595010b666f983fc87bb7819"),
          Pin(4_819, "974adee790533adb273a1ac88f49027d2a1b8f0f2cf4905954a4791e79264e85"), 1, _L),
    Entry("en_GB-alba-medium", _F, CC_BY_4,
          Pin(63_201_294, "401369c4a81d09fdd86c32c5c864440811dbdcc66466cde2d64f7133a66ad03b"),
          Pin(4_888, "aa965a2f02ecced632c2694e1fc72bbff6d65f265fab567ca945918c73dd89f4"), 1, _L),
    Entry("en_GB-cori-high", _F, PUBLIC_DOMAIN,
          Pin(114_219_352, "470b4dd634c98f8a4850d7626ffc3dfc90774628eeef6605a6dd8f88f30a5903"),
          Pin(4_963, "9e7fb5b5671612c22f3c81cbe46c1ae87b031a4632bcb509e499dad6f1e2adec")),
    Entry("en_GB-cori-medium", _F, PUBLIC_DOMAIN,
          Pin(63_531_379, "1899f98e5fb8310154f3c2973f4b8a929ba7245e722b3d3a85680b833d95f10d"),
          Pin(4_966, "e262c16d7f192f69d4edd6b4ef8a5915379e67495fcc402f1ab15eeb33da3d36")),
    Entry("en_GB-northern_english_male-medium", _M, CC_BY_SA_4,
          Pin(63_201_294, "57a219ae8e638873db7d18893304be5069c42868f392bb95c3ff17f0690d0689"),
          Pin(4_847, "69557ed3d974463453e9b0c09dd99a7ed0e52b8b87b64b357dbeeb2540a97d47"), 1, _L),
    Entry("en_US-amy-medium", _F, NOT_KNOWN,
          Pin(63_201_294, "b3a6e47b57b8c7fbe6a0ce2518161a50f59a9cdd8a50835c02cb02bdd6206c18"),
          Pin(4_882, "95a23eb4d42909d38df73bb9ac7f45f597dbfcde2d1bf9526fdeaf5466977d77"), 1, _L),
    Entry("en_US-joe-medium", _M, CC0,
          Pin(63_201_294, "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06"),
          Pin(4_794, "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33"), 1, _L),
    Entry("en_US-john-medium", _M, PUBLIC_DOMAIN,
          Pin(63_531_379, "789c6c875726e627ddee93d51d8727859abe9c091c3d141591f4b83c2072e988"),
          Pin(4_965, "af60f177b6b550f3d7a302720c0fb89e7f94a82b5dca464775ef63b1c69ba09a")),
    Entry("en_US-kristin-medium", _F, PUBLIC_DOMAIN,
          Pin(63_531_379, "5849957f929cbf720c258f8458692d6103fff2f0e3d3b19c8259474bb06a18d4"),
          Pin(4_968, "5681426d4aead22195de70531eeeeddb46493cfaffc5764b2ea3db73428b651c")),
    Entry("en_US-lessac-medium", _F, BLIZZARD,
          Pin(63_201_294, "5efe09e69902187827af646e1a6e9d269dee769f9877d17b16b1b46eeaaf019f"),
          Pin(4_885, "efe19c417bed055f2d69908248c6ba650fa135bc868b0e6abb3da181dab690a0")),
    Entry("en_US-libritts_r-medium", _U, CC_BY_4,
          Pin(78_580_914, "10bb85e071d616fcf4071f369f1799d0491492ab3c5d552ec19fb548fac13195"),
          Pin(20_123, "b471dc60d2d8335e819c393d196d6fbf792817f40051257b269878505bc9afb3"), 904, _L),
    Entry("en_US-ljspeech-high", _F, PUBLIC_DOMAIN,
          Pin(114_199_011, "5d4f08ba6a2a48c44592eed3ce56bf85e9de3dd4e20df90541ae68a8310c029a"),
          Pin(4_970, "7e1f4634af596d83cca997fb7a931ba80b70f8a316a2655ee69c55365e0ace14")),
    Entry("en_US-ljspeech-medium", _F, PUBLIC_DOMAIN,
          Pin(63_531_379, "6f52a751e2349abe7a76735eb09dc1875298c77ea2342ffd2fef79ff81b87f22"),
          Pin(4_972, "141d612cc0a95ed7efc1ca936b845c2364967f2e9217c5dbfcf69fc4d6c65860")),
    Entry("en_US-norman-medium", _M, PUBLIC_DOMAIN,
          Pin(63_531_379, "b9739443232a80a59c7d18810dd856899bf16a7964725f5ab81ea49b1351cb71"),
          Pin(4_968, "6c2db7f558a4a8deb9fe822583c1c5105f6c4e834dd0f9de8ad17a888ee9fe1d")),
    Entry("en_US-ryan-medium", _M, CC_BY_NC_SA_4,
          Pin(63_201_294, "abf4c274862564ed647ba0d2c47f8ee7c9b717d27bdad9219100eb310db4047a"),
          Pin(4_883, "44034c056cb15681b2ad494307c7f3f2e4499d1253c700c711fa0a4607ffe78d"), 1, _L),
    Entry("es_ES-davefx-medium", _M, CC0,
          Pin(63_201_294, "6658b03b1a6c316ee4c265a9896abc1393353c2d9e1bca7d66c2c442e222a917"),
          Pin(4_817, "0e0dda87c732f6f38771ff274a6380d9252f327dca77aa2963d5fbdf9ec54842"), 1, _L),
    Entry("es_ES-sharvard-medium", _U, CC_BY_3,
          Pin(76_733_615, "40febfb1679c69a4505ff311dc136e121e3419a13a290ef264fdf43ddedd0fb1"),
          Pin(4_903, "7438c9b699c72b0c3388dae1b68d3f364dc66a2150fe554a1c11f03372957b2c"), 2, _L),
    Entry("es_MX-ald-medium", _M, UNLICENSE,
          Pin(63_201_294, "019b3803293c93e34a206dd2e53a3889209a514e786fd7144f7b70196c579b63"),
          Pin(4_878, "5a71498158e04afc8099bfd019c7e87c68eb9d042505a2b1a87e5c1ac2b1a61d"), 1, _L),
    Entry("fr_FR-mls-medium", _U, CC_BY_4,
          Pin(76_733_750, "0ed223f78466917f2bae05ee90096ce69ab1fdeb251f55590d0e7422d234e162"),
          Pin(7_036, "252b0b0a6e4cc4949e23eccb956f9c779986c32f934f2f7e2191e5fdc2edca61"), 125),
    Entry("fr_FR-siwis-medium", _F, CC_BY_4,
          Pin(63_201_294, "641d1ab097da2b81128c076810edb052b385decc8be3381814802a64a73baf99"),
          Pin(4_875, "39479916c2db192b5ac9764daddd0c744d83e023ad890c6976c0633ae4df8959"), 1, _L),
    Entry("fr_FR-upmc-medium", _U, CC_BY_SA_4,
          Pin(76_733_615, "9abb3800c199148897a9ed64e100d224f3de83579f100044174ad19418f1786f"),
          Pin(4_996, "e8636ec15dfd5d72db37a02cb5320a20f2b8d339f2a0e4337da64c58a33a5868"), 2, _L),
    Entry("hi_IN-pratham-medium", _M, CC_BY_NC_SA_4,
          Pin(63_516_050, "169964b0871667f6793416d4b35e97357a68ba1ad01df8580c28048989ee7693"),
          Pin(4_970, "b68edd2cd7950dd436314013b7cd12e9699e5a3f6fe5af5af94294cf6aa7b9fd")),
    Entry("hu_HU-anna-medium", _F, CC0,
          Pin(63_201_294, "968c0c3a66cb667811242cc88653bff9247395fc7a0517fbeef7d8c08cdae62a"),
          Pin(5_018, "ccf967d8db8018c9d8ffdb0edc8814ffcb6b75273bb0d84337317240f710283a"), 1, _L),
    Entry("it_IT-paola-medium", _F, CC0,
          Pin(63_511_038, "6fc918b5a0ea6137382833dddfa567bffbe6a5060c02043c87192ee59c04210c"),
          Pin(7_099, "aea19c0a7fce29fbc359b93f10e7902854401e4c95ae2ea328ae516b15d296cf"), 1, _L),
    Entry("ko_KR-kss-medium", _F, CC_BY_NC_SA_4,
          Pin(63_221_984, "624fd774e26895f24bebae1bd9a3379e3394baeade4b584924f83e414096e2c9"),
          Pin(5_232, "153b5619d0580f824a59108d83ca19434de410eb8e4fe80325b58684fdc8a1df")),
    Entry("nl_NL-mls-medium", _U, CC_BY_4,
          Pin(76_584_246, "88312e0fbf505b87caf2373d94c1384892e86b1bf2ee482cf65dc8ba179cc7d3"),
          Pin(5_856, "6ddb215d38f1392ab935ad45441b82ada1eeae0452a2d6849ed71ea4f2e0aa63"), 52),
    Entry("nl_NL-pim-medium", _M, CC0,
          Pin(63_516_050, "403e58c3675c394f505c2428117bf34cc56e9542dcf6eadbdd3a84706c12e048"),
          Pin(5_037, "08b58456ca00cf77123826b1712758f99d5fd19ddfb7ec7da8e1a715b047f642"), 1, _L),
    Entry("pl_PL-darkman-medium", _M, CC0,
          Pin(63_201_294, "db505438a5364e8e2e0242c4324130a873ed660dfbe8d9689cef428ffb1b645f"),
          Pin(4_816, "70f999f11fa8ad13d3ef779041ee93c9f38be5abdbacdfad42449712fe91c81b"), 1, _L),
    Entry("pl_PL-gosia-medium", _F, CC0,
          Pin(63_201_294, "38f66464240ed74f186e6b7dc13c6e3b22e023426299f25c2b3cc9dfa9373fbc"),
          Pin(4_814, "1aefb31a9d53ffe44a8163ff73ec833acb7a6253848f6bb0403d8a66f9c7510d"), 1, _L),
    Entry("pt_BR-cadu-medium", _M, CC0,
          Pin(62_950_044, "765f0809a6ea9035d4a6d0d008dbf8876e68b2dd32029312672fa8f405bdb535"),
          Pin(5_040, "5fe03aa3d4901880554905b12075713cd552598c8a350455a1ec73f8b4e6be19"), 1, _L),
    Entry("pt_BR-faber-medium", _M, CC0,
          Pin(63_201_294, "858555e3a064209c57088fe6bd70c4c3dc54d03eaa00c45d5ecaf43a33f95aa7"),
          Pin(4_855, "7e694de195ae3fc36dd732c445eb04fb49b649854893cb5506b978f0d50a1d6f"), 1, _L),
    Entry("ro_RO-mihai-medium", _M, CC0,
          Pin(63_201_294, "e0608bbbd53c80267c09ece681b09f5199f54e792356684c8073738e5f15d29f"),
          Pin(4_877, "8cc0c9f077dc0cec3c25a6a055ec8046db8e40a2510591582f2c9c869f4bc47e"), 1, _L),
    Entry("ru_RU-denis-medium", _M, CC0,
          Pin(63_201_294, "15fab56e11a097858ee115545d0f697fc2a316c41a291a5362349fb870411b0a"),
          Pin(4_823, "831c860dac0b5073eaa81610a0a638ec23d90a6cf8e5f871b4485c2cec3767c8"), 1, _L),
    Entry("ru_RU-dmitri-medium", _M, CC0,
          Pin(63_201_294, "f073356ebc4bd0f80c5af58df2953a5988bd5bdab1eb38635ce960b071fbefcb"),
          Pin(4_824, "667ef3117bc642c2892dff7690d8bdc8ca4228aeaa783b2dc1416df632855e0d"), 1, _L),
    Entry("ru_RU-irina-medium", _F, NOT_KNOWN,
          Pin(63_201_294, "8ff38212d23da300bbe3705c645e6e5b9475f0bfde01558eb17813e22acaaaaa"),
          Pin(4_765, "c2ec28bb38e2b59e93b959b3e40348c1afebbd272f30fed5d41205d08e98a9d7")),
    Entry("tr_TR-dfki-medium", _U, CC_BY_NC_SA_4,
          Pin(63_201_294, "2844717f524ab965d3fe86e60562cbb601d3e456836efcc2196cc3a14112a8fb"),
          Pin(4_960, "13ebd7810f1b61b5027583cf3131a0a233b6ea81c38f2200ebc4ff41c3cca039")),
    Entry("uk_UA-ukrainian_tts-medium", _U, CC0,
          Pin(76_735_663, "7920419ac5f6fd8b6450520f24b52ed5a319cb53dd018fbcd71c9e079cbac84f"),
          Pin(2_002, "4e96e72917ca9b94edc77d6ccfee03a73f450ba2fc1ca93c2e562bc014e5aa55"), 3),
    Entry("vi_VN-vais1000-medium", _U, CC_BY_4,
          Pin(63_201_294, "ec7c89e2c85f4d1edc24b6120c18aaf1bda614f06b511567eb9c7c0de15e2dab"),
          Pin(4_860, "fafb9da1354ed4b77c31af228ed41fb41cd825c14cffa105454b25e6ae751ee0"), 1, _L),
    Entry("zh_CN-huayan-medium", _F, NOT_KNOWN,
          Pin(63_201_294, "9929917bf8cabb26fd528ea44d3a6699c11e87317a14765312420be230be0f3d"),
          Pin(4_822, "d521dc45504a8ccc99e325822b35946dd701840bfb07e3dbb31a40929ed6a82b")),
)
# fmt: on
"""Sorted by name."""


def find(name: str) -> Entry | None:
    """The entry of that name, whatever its case."""
    return next((entry for entry in CATALOGUE if entry.name.casefold() == name.casefold()), None)
