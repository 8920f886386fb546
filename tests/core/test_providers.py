"""OpenVINO's scores are told apart by precision, and from everybody else's."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.evaluations.pipeline import Pipeline
from core.evaluations.scoring import differences
from core.providers import named
from core.vocabulary import Policy, Track

PIPELINE = Pipeline("zoo", "d" * 64, Track.RAW, False, Policy.LARGEST, 640, 0.7, 24, "cpu")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("flags\t\t: fpu avx512_bf16 sse", "openvino-bf16"),
        ("flags\t\t: fpu amx_bf16", "openvino-bf16"),
        ("Features\t: fp asimd bf16", "openvino-bf16"),
        ("flags\t\t: fpu avx2", "openvino-f32"),
        ("model name\t: a processor without bf16 and avx512_bf16", "openvino-f32"),
    ],
)
def test_openvino_is_named_by_the_precision_of_the_processor(tmp_path: Path, line: str, expected: str) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\n{line}\n")
    assert named("openvino", cpuinfo) == expected
    assert [named(asked, cpuinfo) for asked in ("auto", "cpu", "openvino-bf16")] == ["auto", "cpu", "openvino-bf16"]


def test_the_digest_of_a_pipeline_tells_them_apart() -> None:
    names = ("auto", "cpu", "openvino-bf16", "openvino-f32")
    assert len({replace(PIPELINE, provider=name).digest for name in names}) == len(names)


@pytest.mark.parametrize(
    ("calibrated", "service", "differs"),
    [
        ("cpu", "auto", False),  # no worker is up yet
        ("openvino-bf16", "openvino", False),
        ("openvino-bf16", "auto", True),  # which never chooses it
        ("openvino-bf16", "cpu", True),
        ("openvino-bf16", "openvino-f32", True),
        ("cpu", "openvino", True),
    ],
)
def test_thresholds_hold_for_the_precision_they_were_found_in(calibrated: str, service: str, differs: bool) -> None:
    found = differences(replace(PIPELINE, provider=calibrated), replace(PIPELINE, provider=service))
    assert [difference.field for difference in found] == (["provider"] if differs else [])
