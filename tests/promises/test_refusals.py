"""What a worker refuses to start with: nothing is silently degraded."""

import shutil
from pathlib import Path

from tests.support.stack import Stack


def refusal(stack: Stack, **environment: str) -> str:
    """What a worker says when it refuses to start."""
    stack.start("worker", **environment)
    assert stack.processes["worker"].wait(60) != 0
    return stack.log("worker")


def test_a_worker_that_does_not_get_the_provider_it_was_asked_for_refuses_to_start(own_stack: Stack) -> None:
    assert "provider_unavailable" in refusal(own_stack, LIKENESS_PROVIDER="cuda")


def test_a_worker_refuses_a_pack_with_a_changed_byte(own_stack: Stack, tmp_path: Path, zoo_directory: Path) -> None:
    packs = tmp_path / "packs"
    shutil.copytree(zoo_directory, packs / "opencv-zoo")
    model = packs / "opencv-zoo" / "sface_2021dec.onnx"
    body = bytearray(model.read_bytes())
    body[len(body) // 2] ^= 1
    model.write_bytes(body)
    said = refusal(own_stack, LIKENESS_PACKS_DIR=str(packs))
    assert "pack_corrupt" in said
    assert "sface_2021dec.onnx" in said


def test_a_worker_refuses_a_non_commercial_pack_until_its_licence_is_accepted(own_stack: Stack) -> None:
    said = refusal(own_stack, LIKENESS_PACKS="buffalo_l", LIKENESS_DEFAULT_PACK="buffalo_l")
    assert "LIKENESS_ACCEPT_LICENCES=buffalo_l" in said
