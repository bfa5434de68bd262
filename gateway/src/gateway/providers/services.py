"""The three services: what each is called on the wire and in its certificate."""

from __future__ import annotations

from typing import Any

from gateway.routing.need import Modality
from troupe.v1 import speech_pb2, speech_pb2_grpc, text_pb2, text_pb2_grpc, video_pb2, video_pb2_grpc

SERVICES: dict[Modality, Any] = {
    Modality.TEXT: text_pb2.DESCRIPTOR.services_by_name["Text"],
    Modality.TTS: speech_pb2.DESCRIPTOR.services_by_name["Speech"],
    Modality.VIDEO: video_pb2.DESCRIPTOR.services_by_name["Video"],
}
CERTIFIED: dict[Modality, str] = {Modality.TEXT: "svc-text", Modality.TTS: "svc-tts", Modality.VIDEO: "svc-video"}
"""What the certificate of each service must say: its own name, since targets are addresses."""

STUBS: dict[Modality, Any] = {
    Modality.TEXT: text_pb2_grpc.TextStub,
    Modality.TTS: speech_pb2_grpc.SpeechStub,
    Modality.VIDEO: video_pb2_grpc.VideoStub,
}
