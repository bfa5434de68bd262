"""The files of SadTalker's release and of facexlib's that it needs, pinned, where they are, and on which terms.

Size and sha256 of each are what public repositories record for these files: docs/WEIGHTS.md names how many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from svc_video.engines.sadtalker import files
from troupe.weights.source import GITHUB, GITHUB_MIRROR, Source

Sizes = Literal["256", "512", "both"]
SIZES: tuple[Sizes, ...] = get_args(Sizes)
Faces = Literal["awing", "face-alignment"]
FACES: tuple[Faces, ...] = get_args(Faces)

PAGE = "OpenTalker/SadTalker"
COMMIT = "cd4c0465ae0b54a6f85af57f5c65fec9fe23e7f8"
RELEASE = f"{PAGE}/releases/download/v0.0.2-rc"
FACEXLIB = "xinntao/facexlib/releases/download/v0.1.0"
PACKAGE = "https://www.adrianbulat.com/downloads/python-fan"  # the author's own server, of which there is no mirror
PACKAGE_PAGE = "https://github.com/1adrianb/face-alignment"
CODE_LICENCE = f"{PAGE}/blob/{COMMIT}/LICENSE"
TERMS = """\
Licence: SadTalker's code is Apache-2.0, and its README says that the non-commercial restriction was removed.
Of the weights that is disputed: they were trained with Wav2Lip, whose authors allow no commercial use, and with
Deep3DFaceReconstruction; their coefficients are in the basis of the Basel Face Model, which is for research, and the
mean face derives from it. Who asked the authors got no answer (https://github.com/OpenTalker/SadTalker/issues/583).
facexlib's code is MIT; the faces that its two files were trained on have terms of their own. Troupe promises nothing
here: ask a lawyer before any commercial use."""


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """One file; `place` is its folder on GitHub, or a whole address."""

    name: str
    place: str
    size: int  # bytes
    sha256: str


MEAN_FACE = ReleaseFile(
    files.MEAN_FACE,
    f"{PAGE}/raw/{COMMIT}/src/config",
    994,
    "53b83ce6e35c50ddc3e97603650cef4970320c157e75c241c844f29c1dcba65a",
)
RETINAFACE = ReleaseFile(
    files.RETINAFACE, FACEXLIB, 109_497_761, "6d1de9c2944f2ccddca5f5e010ea5ae64a39845a86311af6fdf30841b0a5a16d"
)
CROP_MAPPING = ReleaseFile(
    files.CROP_MAPPING, RELEASE, 155_521_183, "62a1e06006cc963220f6477438518ed86e9788226c62ae382ddc42fbcefb83f1"
)
FULL_MAPPING = ReleaseFile(
    files.FULL_MAPPING, RELEASE, 155_779_231, "84a8642468a3fcfdd9ab6be955267043116c2bec2284686a5262f1eaf017f64c"
)
FAN = ReleaseFile(files.FAN, FACEXLIB, 193_670_248, "bbfd137307a4c7debd5c283b9b0ce539466cee417ac0a155e184d857f9f2899c")
NETWORKS_256 = ReleaseFile(
    files.release_file(256), RELEASE, 725_066_984, "c211f5d6de003516bf1bbda9f47049a4c9c99133b1ab565c6961e5af16477bff"
)
NETWORKS_512 = ReleaseFile(
    files.release_file(512), RELEASE, 725_066_984, "0e063f7ff5258240bdb0f7690783a7b1374e6a4a81ce8fa33456f4cd49694340"
)
PACKAGE_DETECTOR = ReleaseFile(
    files.PACKAGE_DETECTOR, PACKAGE, 89_843_225, "619a31681264d3f7f7fc7a16a42cbbe8b23f31a256f75a366e5a1bcd59b33543"
)
PACKAGE_FAN = ReleaseFile(
    files.PACKAGE_FAN, PACKAGE, 95_641_761, "11f355bf0693120222f5955ce3f9dc8fb5763ebb30a47d7906e509490d32e4aa"
)
SHARED = (MEAN_FACE, CROP_MAPPING, FULL_MAPPING)
"""What both sizes need, the smallest first: what is wrong shows within a second."""
FINDERS = {"awing": (RETINAFACE, FAN), "face-alignment": (PACKAGE_DETECTOR, PACKAGE_FAN)}
NETWORKS = {"256": (NETWORKS_256,), "512": (NETWORKS_512,), "both": (NETWORKS_256, NETWORKS_512)}


def wanted(size: Sizes, faces: Faces = "awing") -> Sequence[ReleaseFile]:
    """The files that rendering that size takes, and finding faces in that way."""
    return (*sorted((*SHARED, *FINDERS[faces]), key=lambda file: file.size), *NETWORKS[size])


def command(size: Sizes, faces: Faces = "awing") -> str:
    """What a person types to fetch them; 256 and awing are what comes unasked."""
    chosen = (f" SIZE={size}" if size != "256" else "") + (f" FACES={faces}" if faces != "awing" else "")
    return files.COMMAND + chosen


def source_of(file: ReleaseFile, again: str = files.COMMAND, github: str = GITHUB) -> Source:
    """Where that file comes from: GitHub or what stands for it, or its author; `again` is what a person typed."""
    elsewhere = "://" in file.place
    place = file.place if elsewhere else f"{github}/{file.place}"
    return Source(
        url=f"{place}/{file.name}",
        page=PACKAGE_PAGE if elsewhere else place.partition("/raw/")[0].replace("/download/", "/tag/"),
        file=file.name,
        command=again,
        setting=files.SETTING,
        sha256=file.sha256,
        size=file.size,
        mirror="" if elsewhere else GITHUB_MIRROR,
    )
