"""Protobuf <-> the engines' dataclasses. What cannot be made is refused here, before an engine sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from svc_video.engine import EngineFacts
from svc_video.film import Film, Format, Segment
from svc_video.framing import Framing, frame_size, to_aspect, to_background
from svc_video.portraits.avatars import Avatar
from svc_video.portraits.store import PortraitFacts
from svc_video.provenance import Mark
from svc_video.speech import Cue, Word
from troupe.v1 import engine_pb2, media_pb2, video_pb2
from troupe.wire.errors import InvalidArgument, MediaTooLarge, UnsupportedFormat, nearest
from troupe.wire.framing import check_background_size
from troupe.wire.health import EngineStatus
from troupe.wire.media import pieces
from troupe.wire.sadtalker import FOLLOWED, PREPROCESSES, SEAMS, check_sadtalker, known_name

DEFAULT_FPS, MIN_FPS, MAX_FPS = 25.0, 5.0, 60.0
WORDS = {"preprocess": PREPROCESSES, "seam": SEAMS, "reference_for": FOLLOWED}
SCALARS = (bool, int, float, str, bytes)
MAX_SEQUENCE = 1_000_000
MAX_LEAD_MS = 10_000  # of sound before the film's first frame
MAX_IPA = 32  # characters of one phone
MAX_WORD = 200  # characters of one word
CONTAINERS: Mapping[int, Format] = {media_pb2.CONTAINER_MP4: "mp4", media_pb2.CONTAINER_WEBM: "webm"}
CONTAINER_OF = {name: number for number, name in CONTAINERS.items()}
CODEC_CONTAINER: Mapping[str, Format] = {"h264": "mp4", "vp9": "webm"}
GENDERS = {
    "female": engine_pb2.GENDER_FEMALE,
    "male": engine_pb2.GENDER_MALE,
    "neutral": engine_pb2.GENDER_NEUTRAL,
}


@dataclass(frozen=True, slots=True)
class Order:
    """One film as it was ordered."""

    engine: str
    owner: str
    portrait_id: str
    film: Film
    start_ms: int
    lead_ms: int
    seed: int
    expression: str
    has_cues: bool
    framing: Framing
    background_image: bytes = b""
    background_id: str = ""
    captions: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frame, 0 where they follow from the picture."""
        return self.film.width, self.film.height


def to_order(settings: video_pb2.AnimateSettings, engine: str, containers: Sequence[Format], max_ms: int) -> Order:
    """The settings as an order; raises the leaf that says what is not allowed."""
    rate = _rate(settings.fps)
    framing, (width, height) = _framing(settings)
    if bool(settings.start_ms) != (settings.first_sequence > 1):
        raise InvalidArgument(
            f"start_ms is {settings.start_ms} and first_sequence {settings.first_sequence}: a resumed film has both, "
            "the end of the last fragment and the number after it; a new one has neither."
        )
    if settings.lead_ms > min(settings.start_ms, MAX_LEAD_MS):
        raise InvalidArgument(
            f"lead_ms is {settings.lead_ms}; allowed: up to start_ms ({settings.start_ms}) and {MAX_LEAD_MS}.",
            field="lead_ms",
        )
    if settings.first_sequence > MAX_SEQUENCE:
        raise InvalidArgument(f"first_sequence is {settings.first_sequence}; no film has more than {MAX_SEQUENCE}.")
    if settings.start_ms >= max_ms:
        raise MediaTooLarge(f"start_ms is {settings.start_ms}; the longest film made here has {max_ms} ms.")
    film = Film(
        container=_container(settings, containers),
        width=width,
        height=height,
        rate=rate,
        mark=Mark(engine, settings.content_id),
        start_frame=round(settings.start_ms * rate / 1000),
        first_sequence=max(1, settings.first_sequence),
    )
    return Order(
        engine=engine,
        owner=settings.principal.key_id,
        portrait_id=settings.portrait_id,
        film=film,
        start_ms=settings.start_ms,
        lead_ms=settings.lead_ms,
        seed=settings.seed,
        expression=settings.expression,
        has_cues=settings.has_cues,
        framing=framing,
        background_image=settings.framing.background_image,
        background_id=settings.framing.background_id,
        captions=settings.framing.captions,
        options=_options(settings),
    )


def _rate(fps: float) -> Fraction:
    fps = fps or DEFAULT_FPS
    if not MIN_FPS <= fps <= MAX_FPS:
        raise InvalidArgument(f"fps is {fps:g}; allowed: {MIN_FPS:g} to {MAX_FPS:g}, 0 = {DEFAULT_FPS:g}.")
    return Fraction(fps).limit_denominator(1001)


def _framing(settings: video_pb2.AnimateSettings) -> tuple[Framing, tuple[int, int]]:
    """The framing, and the frame's size; what follows from a picture not yet seen stays 0."""
    asked, width, height = settings.framing, settings.width, settings.height
    if asked.background_image and asked.background_id:
        raise InvalidArgument("Send either background_image or background_id, not both.", field="background")
    check_background_size(asked.background_image)
    pictured = bool(asked.background_image or asked.background_id)
    framing = Framing(to_aspect(asked.aspect, width, height), to_background(asked.background, pictured=pictured))
    sized = frame_size(framing.aspect, width, height)  # also where it is checked
    return framing, (width, height) if framing.aspect == "original" else sized


def _container(settings: video_pb2.AnimateSettings, containers: Sequence[Format]) -> Format:
    codec = settings.portrait.codec
    if codec and codec not in CODEC_CONTAINER:
        raise UnsupportedFormat(f'codec is "{codec}"; allowed: {", ".join(CODEC_CONTAINER)}.')
    by_codec = CODEC_CONTAINER.get(codec)
    asked = CONTAINERS.get(settings.container) or by_codec or containers[0]
    if by_codec not in {None, asked}:
        raise UnsupportedFormat(f"{codec} does not go into {asked} here: h264 makes mp4, vp9 makes webm.")
    if asked not in containers:
        raise UnsupportedFormat(f"{asked} is not made here; this service makes: {', '.join(containers)}.")
    return asked


def _options(settings: video_pb2.AnimateSettings) -> dict[str, Any]:
    which = settings.WhichOneof("engine_settings")
    if which is None:
        return {}
    for name, share in (("head_motion", settings.portrait.head_motion), ("blink_rate", settings.portrait.blink_rate)):
        if not 0 <= share <= 1:
            raise InvalidArgument(f"{name} is {share:g}; allowed: 0 to 1, unset = 1.")
    given = {told.name: value for told, value in getattr(settings, which).ListFields()}
    if which == "sadtalker":
        check_sadtalker(settings.sadtalker, settings.sadtalker.reference)
        given |= {name: known_name(name, given[name], known) for name, known in WORDS.items() if name in given}
    return {name: value if isinstance(value, SCALARS) else tuple(value) for name, value in given.items()}


def expression_notes(asked: str, known: Sequence[str]) -> tuple[str, ...]:
    """What is said of an expression that a face cannot wear: it stays neutral."""
    if not asked.strip() or asked.strip().casefold() in known:
        return ()
    if not known:
        return (f'the expression "{asked}" is not worn by this engine',)
    told = f'there is no expression "{asked}", the face is neutral. Known: {", ".join(known)}.'
    return (told + nearest(asked.strip(), known),)


def to_cues(speech: video_pb2.Speech24k) -> tuple[Cue, ...]:
    """The mouth cues of a piece of speech; raises `InvalidArgument` for one that cannot be."""
    for cue in speech.cues:
        if cue.end_ms < cue.start_ms:
            raise InvalidArgument(f"A mouth cue ends at {cue.end_ms} ms, before it starts at {cue.start_ms} ms.")
        if len(cue.ipa) > MAX_IPA:
            raise InvalidArgument(f"A mouth cue has {len(cue.ipa)} characters of IPA; at most {MAX_IPA} are one phone.")
    return tuple(Cue(cue.ipa, cue.start_ms, cue.end_ms, cue.stressed) for cue in speech.cues)


def to_words(speech: video_pb2.Speech24k) -> tuple[Word, ...]:
    """The words of a piece of speech that can be shown; raises `InvalidArgument` for one that cannot be."""
    for word in speech.words:
        if len(word.word) > MAX_WORD:
            raise InvalidArgument(f"A word has {len(word.word)} characters; at most {MAX_WORD} are taken for one.")
    return tuple(
        Word(text, word.text_start, word.text_end, word.start_ms, max(word.start_ms, word.end_ms))
        for word in speech.words
        if (text := " ".join(word.word.split()))
    )


def header(engine: str, film: Film, mime_type: str, notes: Sequence[str]) -> media_pb2.MediaChunk:
    """What is said once, before the init segment."""
    told = media_pb2.MediaHeader(
        engine=engine,
        container=CONTAINER_OF[film.container],  # type: ignore[arg-type]  # the stub's enum is an int at run time
        mime_type=mime_type,
        width=film.width,
        height=film.height,
        fps=float(film.rate),
        notes=notes,
    )
    return media_pb2.MediaChunk(header=told)


def chunks(segment: Segment) -> Iterator[media_pb2.MediaChunk]:
    """A segment in pieces as they travel."""
    kind = media_pb2.MEDIA_KIND_FRAGMENT if segment.sequence else media_pb2.MEDIA_KIND_INIT
    cut = pieces(segment.data)
    for number, piece in enumerate(cut, start=1):
        yield media_pb2.MediaChunk(
            kind=kind,
            data=piece,
            sequence=segment.sequence,
            start_ms=segment.start_ms,
            end_ms=segment.end_ms,
            last_piece=number == len(cut),
        )


def from_avatar(avatar: Avatar) -> video_pb2.Portrait:
    """A shipped portrait as it travels."""
    width, height = avatar.size()
    return video_pb2.Portrait(
        portrait_id=avatar.portrait_id,
        name=avatar.name,
        avatar=True,
        width=width,
        height=height,
        gender=GENDERS[avatar.gender],
    )


def from_facts(facts: PortraitFacts) -> video_pb2.Portrait:
    """A stored portrait as it travels."""
    return video_pb2.Portrait(
        portrait_id=facts.portrait_id,
        name=facts.name,
        created_at_unix_s=facts.created_at,
        expires_at_unix_s=facts.expires_at,
        width=facts.width,
        height=facts.height,
        notes=facts.notes,
    )


def describe(
    name: str,
    facts: EngineFacts,
    status: EngineStatus,
    *,
    outstanding: int,
    containers: Sequence[str],
    limits: engine_pb2.Limits,
) -> engine_pb2.EngineInfo:
    """What `Describe` says of one engine."""
    return engine_pb2.EngineInfo(
        name=name,
        state=status.state,
        reason=status.reason,
        remedy=status.remedy,
        progress=status.progress,
        tasks=[engine_pb2.TASK_TALKING_HEAD],
        model=facts.model,
        version=facts.version,
        device=facts.device,
        licence=engine_pb2.Licence(name=facts.licence, commercial_use=facts.commercial_use, note=facts.licence_note),
        formats=containers,
        limits=limits,
        features=facts.features,
        outstanding=outstanding,
    )
