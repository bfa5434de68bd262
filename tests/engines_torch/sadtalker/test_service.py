"""The engine as the service runs it: a random release, a real child process, films through gRPC."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from fractions import Fraction
from pathlib import Path

import av
import grpc.aio
import numpy as np
import pytest
from tests.fakes.sadtalker_release import make
from grpc_health.v1 import health_pb2, health_pb2_grpc

from svc_video.engine import SLOW, EngineContext, Job, SadTalkerPlace
from svc_video.engines.sadtalker import motion, pace
from svc_video.engines.sadtalker.engine import SadTalkerEngine
from svc_video.portraits.avatars import shipped
from svc_video.speech import Speech
from troupe.v1 import engine_pb2, video_pb2, video_pb2_grpc
from troupe.wire.channels import open_channel
from troupe.wire.errors import CheckpointNotFound, EngineMissing

BLOCKED = ("torchvision", "torchaudio", "librosa", "kornia", "basicsr", "gfpgan", "facexlib")
PORTRAIT = next(iter(shipped()))
