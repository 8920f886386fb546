"""A whole pack without a manifest, as buffalo_l is: InsightFace decides by each file what it is and what it takes.

Made of the zoo's two networks: the detector's is given in front what undoes InsightFace's (x - 127.5) / 128, the
recogniser subtracts and multiplies by itself, which InsightFace sees. So it must find what the zoo's own finds.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from core.packs.catalogue import Pack, find_pack, load_catalogue
from core.settings import Settings
from core.vocabulary import Compared, Policy
from worker.engine.contract import Acquired
from worker.engine.engine import Engine
from worker.packs.own import add_pack
from worker.packs.verify import verify

Sample = Callable[[str], bytes]


def undoing(path: Path, mean: float, std: float) -> onnx.ModelProto:
    """The network, which takes (x - mean) / std."""
    model = onnx.load(path)
    (given,) = model.graph.input
    for node in model.graph.node:
        node.input[:] = ["as it was" if name == given.name else name for name in node.input]
    for name, value in (("std", std), ("mean", mean)):
        model.graph.initializer.append(numpy_helper.from_array(np.float32(value), f"undone {name}"))
    model.graph.node.insert(0, helper.make_node("Mul", [given.name, "undone std"], ["scaled"]))
    model.graph.node.insert(1, helper.make_node("Add", ["scaled", "undone mean"], ["as it was"]))
    return model


@pytest.fixture(scope="module")
def bare(zoo: Pack, zoo_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    home = tmp_path_factory.mktemp("bare")
    source = home / "source"
    source.mkdir()
    onnx.save(undoing(zoo_directory / "yunet_2023mar_scrfd.onnx", 127.5, 128.0), source / "det.onnx")
    (recogniser,) = (file.name for file in zoo.files if "sface" in file.name)
    (source / "rec.onnx").write_bytes((zoo_directory / recogniser).read_bytes())
    settings = Settings(home=home, provider="cpu")
    add_pack("bare", source, settings.packs, licence="as the zoo's", commercial_use=True, threshold=0.4)
    pack, directory = find_pack("bare", load_catalogue(home)), settings.packs.path / "bare"
    assert not (directory / "manifest.json").exists()
    verify(pack, directory, settings.packs)
    engine = Engine.load(pack, directory, settings.engine)
    engine.warm_up()
    return engine


@pytest.mark.parametrize("name", ["obama.jpg", "biden.jpg", "six_faces.jpg"])
def test_it_finds_and_embeds_what_the_same_networks_do_with_one(
    bare: Engine, engine: Engine, sample: Sample, name: str
) -> None:
    found, expected = (one.acquire(sample(name), Policy.LARGEST) for one in (bare, engine))
    assert isinstance(found, Acquired)
    assert isinstance(expected, Acquired)
    assert found.face.faces_found == expected.face.faces_found
    np.testing.assert_allclose(found.face.box, expected.face.box, atol=1.0)
    assert found.face.detection_score == pytest.approx(expected.face.detection_score, abs=0.01)
    assert float(bare.embed([found.crop])[0] @ engine.embed([expected.crop])[0]) > 0.99


def test_two_photographs_are_compared(bare: Engine, engine: Engine, sample: Sample) -> None:
    pair = sample("obama.jpg"), sample("obama2.jpg")
    ours, theirs = (one.compare(*pair, Policy.LARGEST).outcome for one in (bare, engine))
    assert isinstance(ours, Compared)
    assert isinstance(theirs, Compared)
    assert ours.score == pytest.approx(theirs.score, abs=0.02)


def test_a_view_of_any_shape_is_seen(bare: Engine, sample: Sample) -> None:
    """Narrow ones go through one session, squares through one each: both ask what the detector takes."""
    for policy in Policy:
        assert bare.acquire(sample("six_faces.jpg"), policy)
