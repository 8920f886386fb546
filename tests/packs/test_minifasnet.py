import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from core.errors import DownloadFailed, PackCorrupt
from core.packs.catalogue import find_pack
from core.settings import Settings
from tests.support.minifasnet import probabilities, small_weights
from tests.support.torch_files import as_pickles
from worker.packs import minifasnet
from worker.packs.install import fetch
from worker.packs.torch_weights import read_weights
from worker.packs.verify import faults, verify


def without_prefix(weights: dict[str, np.typing.NDArray[np.float32]]) -> dict[str, np.typing.NDArray[np.float32]]:
    return {name.removeprefix("module."): values for name, values in weights.items()}


def images(count: int) -> np.typing.NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (count, 80, 80, 3), np.uint8)


def run(path: Path, bgr: np.typing.NDArray[np.uint8]) -> np.typing.NDArray[np.float32]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"input": bgr.transpose(0, 3, 1, 2).astype(np.float32)})
    return np.asarray(result)


@pytest.fixture
def small_files(tmp_path: Path) -> Path:
    """Weights of two small networks, under the names of the real ones."""
    directory = tmp_path / "weights"
    directory.mkdir()
    for number, (source, _, _) in enumerate(minifasnet.NETWORKS):
        (directory / source).write_bytes(as_pickles(small_weights(number, gated=bool(number))))
    return directory


def test_the_built_networks_compute_what_the_weights_say(small_files: Path, tmp_path: Path) -> None:
    minifasnet.build(small_files, tmp_path)
    for source, built, _ in minifasnet.NETWORKS:
        weights, batch = read_weights(small_files / source), images(3)
        expected = [probabilities(weights, image) for image in batch]
        assert np.std(expected) > 0.02  # the images make a difference
        np.testing.assert_allclose(run(tmp_path / built, batch), expected, atol=1e-5)


def test_the_gate_makes_a_difference() -> None:
    gated = without_prefix(small_weights(1, gated=True))
    ungated = {name: values for name, values in gated.items() if "se_module" not in name}
    (image,) = images(1)
    assert np.abs(probabilities(gated, image) - probabilities(ungated, image)).max() > 1e-3


def test_the_same_weights_give_the_same_bytes_and_a_manifest_that_names_them(small_files: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        minifasnet.build(small_files, tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == sorted(file.name for file in find_pack("minifasnet").files)
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    declared = json.loads((tmp_path / "one" / "manifest.json").read_text())["tasks"]["liveness"]
    assert [network["expansion"] for network in declared["networks"]] == [2.7, 4.0]
    for network in declared["networks"]:
        assert network["sha256"] == hashlib.sha256((tmp_path / "one" / network["file"]).read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda w: w.pop("conv_34.conv_dw.bn.running_var"), "conv_34.conv_dw.bn.running_var is missing"),
        (lambda w: w.update({"classifier.weight": np.ones(3)}), "nothing is known of classifier.weight"),
        (lambda w: w.update({"conv1.conv.weight": np.ones((5, 3))}), r"conv1.conv has the shape \(5, 3\)"),
        (lambda w: w.update({"prob.weight": np.ones((3, 7))}), "these weights do not make a network"),
    ],
)
def test_other_weights_are_refused(change: object, why: str) -> None:
    weights = without_prefix(small_weights(0, gated=False))
    change(weights)  # type: ignore[operator]
    with pytest.raises(PackCorrupt, match=why):
        minifasnet.network(weights)


def test_other_weights_at_hand_are_no_pack(small_files: Path, settings: Settings) -> None:
    with pytest.raises(DownloadFailed, match=r"weights: .*MiniFASNetV2.pth"):
        fetch(find_pack("minifasnet"), settings.packs, at_hand=small_files)
    assert not (settings.packs.path / "minifasnet").exists()


def test_a_directory_at_hand_is_asked_and_nothing_else(tmp_path: Path, settings: Settings) -> None:
    mirrored = settings.but(pack_mirror="http://127.0.0.1:1/nowhere")
    with pytest.raises(DownloadFailed, match="does not exist") as refused:
        fetch(find_pack("minifasnet"), mirrored.packs, at_hand=tmp_path)
    assert "127.0.0.1" not in str(refused.value)


def test_the_authors_weights_give_the_bytes_in_the_list_and_compute_the_same(
    minifasnet_sources: Path, settings: Settings
) -> None:
    pack = find_pack("minifasnet")
    directory = fetch(pack, settings.packs, at_hand=minifasnet_sources)
    verify(pack, directory, settings.packs)
    assert faults(pack, directory) == []
    batch = images(4)
    for source, built, _ in minifasnet.NETWORKS:
        weights = read_weights(minifasnet_sources / source)
        expected = [probabilities(weights, image) for image in batch]
        np.testing.assert_allclose(run(directory / built, batch), expected, atol=1e-4)
    assert fetch(pack, settings.packs, at_hand=directory) == directory  # finished files will do as well
