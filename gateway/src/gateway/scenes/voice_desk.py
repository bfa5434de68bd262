"""Voices, as one caller asks the tts chain about them: found by id, cloned, agreed to, listed, deleted."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from gateway.routing.chain import Chain
from gateway.routing.need import Modality, Need
from gateway.routing.rung import Call, Rung
from gateway.scenes.asking import Answer, once, only
from gateway.scenes.clones import CloneBook, Listed, Page, takers
from gateway.voices import Voice, VoiceTable
from troupe.v1.engine_pb2 import (
    VOICE_STATE_AWAITING_CONSENT,
    VOICE_STATE_CONSENT_EXPIRED,
    EngineInfo,
    Principal,
)
from troupe.v1.engine_pb2 import Voice as WireVoice
from troupe.v1.speech_pb2 import (
    CloneVoiceInput,
    CloneVoiceResponse,
    CloneVoiceSettings,
    Consent,
    DeleteVoiceRequest,
    DeleteVoiceResponse,
    GiveConsentRequest,
    GiveConsentResponse,
)
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import ConsentMissing, InvalidArgument, VoiceUnusable
from troupe.wire.media import pieces

CLONE_S = 60.0
"""A sample of five minutes is decoded, measured and written anew."""
ASK_S = 10.0
CONSENT_LACKS = {
    VOICE_STATE_AWAITING_CONSENT: "its speaker's consent was not recorded; without it no engine may use the sample.",
    VOICE_STATE_CONSENT_EXPIRED: "its speaker's consent has expired; no engine may use the sample any more.",
}
HOW_TO_CONSENT = (
    "Record what the speaker agreed to: POST /api/voices/{voice_id}/consent with who they are (`speaker`) and their "
    "`statement` (over gRPC GiveConsent), or clone again with it."
)
WAITS = "it waits for an engine that clones; none is there."
HOW_TO_CLONE = "It speaks as soon as one is: xtts is one (docs/VOICES.md)."
ALLOW = "Set allow_substitute to let another voice speak for it meanwhile."


@dataclass(frozen=True, slots=True)
class Lack:
    """What keeps a cloned voice from speaking, and what mends it; both empty where nothing does."""

    why: str = ""
    how: str = ""
    consent: bool = False  # it is the consent


@dataclass(frozen=True, slots=True)
class Own:
    """A cloned voice of the caller, and what it lacks."""

    voice: Voice
    lack: Lack
    told: WireVoice  # as its service told of it


@dataclass(frozen=True, slots=True)
class VoiceDesk:
    """The tts chain, as one caller asks it about voices."""

    chain: Chain
    table: VoiceTable
    book: CloneBook
    key_id: str
    request_id: str
    local_only: bool = False

    async def voice(self, voice_id: str, language: str, *, allow_substitute: bool = False) -> Voice:
        """The voice to speak with. A cloned one of the caller that lacks something is refused, unless another may.

        Raises `UnknownVoice`, naming the nearest voice the caller may see, `ConsentMissing` or `VoiceUnusable`.
        """
        if (known := self.table.find(voice_id, language, self._infos())) is not None:
            return known
        listed = await self._own(voice_id)
        voice = listed.as_voice(self.chain)
        lack = self.lack(listed, voice)
        if lack.why and not allow_substitute:
            said = f'The voice "{voice.voice_id}" is stored and cannot speak: {lack.why} {lack.how} {ALLOW}'
            raise (ConsentMissing if lack.consent else VoiceUnusable)(said, voice_id=voice.voice_id)
        return voice

    def order_of_rungs(self, voice: Voice, *, allow_substitute: bool) -> tuple[str, ...]:
        """Where another voice may speak for a cloned one: first those that can speak with it; else no matter."""
        able = voice.speakers and voice.state not in CONSENT_LACKS
        if not (voice.cloned and allow_substitute and able):
            return ()
        rungs = sorted(self.chain.rungs, key=lambda rung: rung.engine not in voice.speakers)
        return tuple(rung.name for rung in rungs)

    def lack(self, listed: Listed, voice: Voice) -> Lack:
        """What a cloned voice lacks."""
        if voice.state in CONSENT_LACKS:
            how = HOW_TO_CONSENT.format(voice_id=voice.voice_id)
            return Lack(CONSENT_LACKS[voice.state], how, consent=True)
        if voice.speakers:
            return Lack()
        trouble = listed.speaker_trouble(self.chain).rstrip(".")
        return Lack(f"{WAITS} {trouble}.".removesuffix(" ."), HOW_TO_CLONE)

    async def own(self) -> tuple[list[Own], list[str]]:
        """The caller's cloned voices; and what services could not list theirs, and why."""
        page = await self.book.of(self.key_id, self.chain, local_only=self.local_only)
        return [self.told(each) for each in page.voices], _failures(page)

    def told(self, listed: Listed) -> Own:
        """A voice, and what it lacks."""
        voice = listed.as_voice(self.chain)
        return Own(voice, self.lack(listed, voice), listed.voice)

    async def clone(self, settings: CloneVoiceSettings, sample: bytes, named: tuple[str, ...]) -> Answer[Own]:
        """Keep a sample, with the speaker's consent or to wait for it. Raises what is wrong with either."""
        self.check_free(settings.voice_id)
        settings.principal.key_id = self.key_id

        async def inputs(rung: Rung) -> AsyncGenerator[CloneVoiceInput]:
            told = CloneVoiceSettings()
            told.CopyFrom(settings)
            told.engine = rung.engine
            yield CloneVoiceInput(settings=told)
            for piece in pieces(sample):
                yield CloneVoiceInput(sample=piece)

        answer: Answer[CloneVoiceResponse] = await self._ask(self.taker(named), "CloneVoice", inputs, CLONE_S)
        return Answer(self._kept(answer.value, answer.provider), answer.provider)

    async def consent(self, voice_id: str, consent: Consent) -> Answer[Own]:
        """Record what the speaker of one of the caller's voices agreed to. Raises `UnknownVoice`."""
        listed = await self._own(voice_id)
        request = GiveConsentRequest(principal=self._principal, voice_id=listed.voice.voice_id, consent=consent)
        answer: Answer[GiveConsentResponse] = await self._ask(_at(listed), "GiveConsent", once(request))
        return Answer(self.told(replace(listed, voice=answer.value.voice)), answer.provider)

    async def delete(self, voice_id: str) -> Answer[str]:
        """Forget one of the caller's voices; gives its id. Raises `UnknownVoice`, also for a stranger's."""
        listed = await self._own(voice_id)
        request = DeleteVoiceRequest(principal=self._principal, voice_id=listed.voice.voice_id)
        answer: Answer[DeleteVoiceResponse] = await self._ask(_at(listed), "DeleteVoice", once(request))
        return Answer(listed.voice.voice_id, answer.provider)

    def check_free(self, voice_id: str) -> None:
        """Raise `InvalidArgument` for the id of a voice that is everybody's: a clone of that id could never speak."""
        taken = self.table.find(voice_id, "", self._infos()) if voice_id else None
        if taken is not None:
            raise InvalidArgument(
                f'"{taken.voice_id}" is a voice of this house. Choose another id.', field="voice_id", reason="taken"
            )

    def taker(self, named: tuple[str, ...]) -> Need:
        """Who is asked to clone."""
        return replace(takers(self.chain, named), local_only=self.local_only)

    async def home(self, voice_id: str) -> Need:
        """The service that keeps one of the caller's voices. Raises `UnknownVoice`."""
        return _at(await self._own(voice_id))

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Around what changes the caller's voices: the list is read anew after it, whatever came of it."""
        try:
            yield
        finally:
            self.book.forget(self.key_id)

    async def _own(self, voice_id: str) -> Listed:
        page, listed = await self.book.find(self.key_id, voice_id, self.chain, local_only=self.local_only)
        if listed is not None:
            return listed
        for failure in page.failures:
            if failure.keeps:
                raise failure.error  # it may well be there
        own = [each.voice.voice_id for each in page.voices]
        raise self.table.unknown(voice_id, self._infos(), own, "".join(f" {said}" for said in _failures(page)))

    def _kept(self, answer: CloneVoiceResponse, provider: str) -> Own:
        at = next(rung for rung in self.chain.rungs if rung.name == provider)
        service = frozenset(rung.name for rung in self.chain.rungs if rung.pool is at.pool)
        return self.told(Listed(answer.voice, service))

    def _infos(self) -> list[EngineInfo]:
        described = (rung.describe() for rung in self.chain.rungs)
        return [info for info in described if info is not None]

    @property
    def _principal(self) -> Principal:
        return Principal(key_id=self.key_id)

    async def _ask(self, need: Need, method: str, inputs: Any, within_s: float = ASK_S) -> Answer[Any]:
        call: Call[Any] = Call(method, inputs, lambda _message: True, Deadline.after(within_s), self.request_id)
        with self.changing():
            return await only(self.chain, need, call)


def _at(listed: Listed) -> Need:
    return Need(Modality.TTS, rungs=tuple(sorted(listed.rungs)), service_only=True)


def _failures(page: Page) -> list[str]:
    return [f"The cloned voices at {each.rung} could not be listed: {each.error.message}" for each in page.failures]
