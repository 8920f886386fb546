import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from insightface.app import FaceAnalysis

from core.errors import PackCorrupt, PackMissing
from core.packs.catalogue import Pack
from core.settings import Settings
from worker.packs.verify import faults, verify


@pytest.fixture
def copy(zoo_directory: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(zoo_directory, tmp_path / "copy"))


def test_a_pack_that_is_not_there_is_missing(zoo: Pack, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(PackMissing, match="likeness packs fetch opencv-zoo"):
        verify(zoo, tmp_path / "nowhere", settings.packs)


def test_one_changed_bit_is_found_and_does_not_load(zoo: Pack, settings: Settings, copy: Path) -> None:
    verify(zoo, copy, settings.packs)
    model = copy / "sface_2021dec.onnx"
    body = bytearray(model.read_bytes())
    body[len(body) // 2] ^= 1
    model.write_bytes(body)
    with pytest.raises(PackCorrupt, match=r"sface_2021dec\.onnx has SHA-256 \w{64}, expected \w{64}"):
        verify(zoo, copy, settings.packs)
    with pytest.raises(RuntimeError, match="SHA-256 mismatch"):  # InsightFace's own check, by our manifest
        FaceAnalysis(str(copy), providers=["CPUExecutionProvider"])


def test_everything_that_is_wrong_is_named_at_once(zoo: Pack, copy: Path) -> None:
    (copy / "yunet_2023mar_scrfd.onnx").unlink()
    (copy / "manifest.json").write_text("{}")
    (copy / "extra").mkdir()
    (copy / "extra" / "more.onnx").touch()
    wrong = faults(zoo, copy)
    assert [fault.split()[0] for fault in wrong] == ["yunet_2023mar_scrfd.onnx", "manifest.json", "extra/more.onnx"]


@pytest.mark.parametrize("name", ["genderage.onnx", "GENDERAGE.ONNX", "manifest.json"])
def test_what_would_change_a_packs_loading_is_a_fault(
    make_pack: Callable[..., Pack], tmp_path: Path, name: str
) -> None:
    (tmp_path / "det.onnx").write_bytes(b"detector")
    (tmp_path / "README").touch()
    pack = make_pack("legacy", {"det.onnx": b"detector"})
    assert faults(pack, tmp_path) == []
    (tmp_path / name).touch()
    assert faults(pack, tmp_path) == [f"{name} is not in the list"]
