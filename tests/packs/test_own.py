import shutil
from pathlib import Path

import pytest
from insightface.app import FaceAnalysis

from core.errors import LicenceNotAccepted, PackCorrupt, PackUnknown, SettingsInvalid
from core.packs.catalogue import Pack, find_pack, load_catalogue
from core.settings import Settings
from worker.packs.own import add_pack
from worker.packs.verify import faults, verify


@pytest.fixture
def legacy(zoo_directory: Path, tmp_path: Path) -> Path:
    """By file, without a manifest, and with what must not come along."""
    directory = tmp_path / "legacy"
    directory.mkdir()
    shutil.copy(zoo_directory / "yunet_2023mar_scrfd.onnx", directory / "det.onnx")
    shutil.copy(zoo_directory / "sface_2021dec.onnx", directory / "rec.onnx")
    shutil.copy(zoo_directory / "sface_2021dec.onnx", directory / "rec_too.onnx")
    (directory / "MODEL.LICENSE").write_text("all yours")
    (directory / "notes.txt").write_text("private")
    return directory


def test_an_added_pack_is_listed_with_every_digest_and_loads(legacy: Path, settings: Settings) -> None:
    added = add_pack(
        "mine",
        legacy,
        settings.packs,
        licence='ours, "1.0" é😀',
        commercial_use=True,
        threshold=0.5,
        threshold_origin="our trial",
    )
    assert find_pack("mine", load_catalogue(settings.home)) == added
    assert added.licence == 'ours, "1.0" é😀'
    assert (added.threshold.value, added.threshold.origin) == (0.5, "our trial")
    assert added.embedding_dimension == 128
    assert [file.name for file in added.files] == ["MODEL.LICENSE", "det.onnx", "rec.onnx"]
    directory = settings.packs.path / "mine"
    verify(added, directory, settings.packs)
    assert sorted(path.name for path in directory.iterdir()) == ["MODEL.LICENSE", "det.onnx", "rec.onnx"]
    assert set(FaceAnalysis(str(directory), providers=["CPUExecutionProvider"]).models) == {"detection", "recognition"}


def test_a_pack_with_a_manifest_keeps_it(zoo: Pack, zoo_directory: Path, settings: Settings) -> None:
    added = add_pack("zoo2", zoo_directory, settings.packs, licence="as it was", commercial_use=True, threshold=0.363)
    assert set(added.files) == set(zoo.files)


def test_packs_are_added_one_after_the_other(legacy: Path, settings: Settings) -> None:
    for name in ("one", "two"):
        add_pack(name, legacy, settings.packs, licence="ours", commercial_use=True, threshold=0.5)
    assert list(load_catalogue(settings.home))[-2:] == ["one", "two"]
    assert "one" not in load_catalogue()


def test_an_added_pack_that_is_not_for_commerce_needs_acceptance_too(legacy: Path, settings: Settings) -> None:
    added = add_pack("mine", legacy, settings.packs, licence="research", commercial_use=False, threshold=0.5)
    with pytest.raises(LicenceNotAccepted, match="LIKENESS_ACCEPT_LICENCES=mine"):
        verify(added, settings.packs.path / "mine", settings.packs)


@pytest.mark.parametrize("name", ["buffalo_l", "../mine", "mine/too", "Mine", "", ".mine"])
def test_a_name_that_is_taken_or_no_name_is_refused(legacy: Path, settings: Settings, name: str) -> None:
    with pytest.raises(SettingsInvalid):
        add_pack(name, legacy, settings.packs, licence="ours", commercial_use=True, threshold=0.5)
    assert not settings.home.exists()


def test_a_threshold_that_is_no_cosine_is_refused_and_nothing_is_left(legacy: Path, settings: Settings) -> None:
    with pytest.raises(SettingsInvalid, match=r"cosine, -1\.\.1, not 40"):
        add_pack("mine", legacy, settings.packs, licence="ours", commercial_use=True, threshold=40)
    assert not (settings.packs.path / "mine").exists()
    with pytest.raises(PackUnknown):
        find_pack("mine", load_catalogue(settings.home))


@pytest.mark.parametrize("missing", ["det.onnx", "rec.onnx"])
def test_a_directory_without_detector_or_recogniser_is_refused(legacy: Path, settings: Settings, missing: str) -> None:
    (legacy / missing).unlink()
    (legacy / "rec_too.onnx").unlink()
    with pytest.raises(PackCorrupt, match="no detector and recogniser"):
        add_pack("mine", legacy, settings.packs, licence="ours", commercial_use=True, threshold=0.5)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "det.onnx").write_bytes(b"this is not ONNX")
    with pytest.raises(PackCorrupt, match="no detector and recogniser"):
        add_pack("mine", tmp_path, settings.packs, licence="ours", commercial_use=True, threshold=0.5)
    with pytest.raises(PackCorrupt, match="is not a directory"):
        add_pack("mine", tmp_path / "nowhere", settings.packs, licence="ours", commercial_use=True, threshold=0.5)


def test_changing_the_added_pack_is_found(legacy: Path, settings: Settings) -> None:
    added = add_pack("mine", legacy, settings.packs, licence="ours", commercial_use=True, threshold=0.5)
    directory = settings.packs.path / "mine"
    shutil.copy(legacy / "rec_too.onnx", directory)
    assert faults(added, directory) == ["rec_too.onnx is not in the list"]
