"""What turns two images into a score."""

import os
from typing import Literal

from pydantic import Field

from core.settings.groups.group import setting
from core.settings.groups.home import HomeSettings
from core.settings.groups.images import ImageLimits
from core.settings.groups.quality import QualityLimits


class EngineSettings(HomeSettings, ImageLimits, QualityLimits):
    """What turns two images into a score."""

    kind: Literal["insightface", "sleeping"] = setting(
        "ENGINE",
        "insightface",
        description="`sleeping` invents its scores, for tries of everything else; on loopback only",
    )
    sleep_ms: float = Field(50.0, ge=0, description="How long the sleeping engine takes for a comparison, on average")
    provider: Literal["auto", "cpu", "cuda", "tensorrt", "openvino", "openvino-bf16", "openvino-f32", "triton"] = Field(
        "auto",
        description="Execution provider; one asked for by name and not got stops the worker. `openvino`: in bfloat16 "
        "where the processor has it. `triton`: at LIKENESS_TRITON_URL",
    )
    triton_url: str | None = Field(
        None, description="A Triton server's HTTP address, e.g. http://triton:8000; LIKENESS_PROVIDER=triton asks it"
    )
    triton_timeout_s: float = Field(10.0, gt=0, le=300, description="How long Triton may take for an answer")
    detection_size: int = Field(640, ge=32, le=2048, multiple_of=32, description="Detector input, pixels a side")
    detection_threshold: float | None = Field(
        None, gt=0, lt=1, description="Smallest detector score that counts as a face; default: the pack's"
    )
    min_face_px: int = Field(24, ge=1, description="Smallest usable face: its box's shorter side, in pixels")
    threads: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        validation_alias="LIKENESS_ENGINE_THREADS",
        ge=1,
        description="Images decoded and detected at a time, on a CPU also embedded; default: one a core",
    )
    intra_op_threads: int = Field(1, ge=1, description="Threads onnxruntime uses inside one inference")
    batch_size: int | None = Field(
        None, ge=1, le=32, description="Most faces in one inference; default: 32 on a GPU, 1 on a CPU"
    )
    batch_wait_ms: float | None = Field(
        None, ge=0, le=100, description="Time a GPU waits for a batch to fill; default: 2 on a GPU, 0 on a CPU"
    )
    gpu_memory_mb: int | None = Field(
        None, ge=256, description="Most memory one session's arena takes of a GPU, in MiB; default: no limit"
    )
