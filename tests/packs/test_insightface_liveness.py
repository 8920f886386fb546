"""The pack of InsightFace's add-on, but for its weights: a network of the same interface is fetched in their place."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from insightface.addons.catalog import ADDON_CATALOG
from insightface.addons.liveness import DEFAULT_THRESHOLD

from core.errors import DownloadFailed, LicenceNotAccepted
from core.packs.catalogue import Pack, PackFile, PackSource, find_pack
from core.settings import Settings
from tests.support.aligned_liveness_pack import single_score
from worker.engine.liveness import LivenessNetworks
from worker.packs.install import fetch
from worker.packs.verify import verify

from .conftest import FileServer, digest

NAME = "insightface-liveness"


@pytest.fixture
def accepted(settings: Settings) -> Settings:
    return settings.but(accept_licences=NAME)


@pytest.fixture
def stood_in(server: FileServer) -> Pack:
    """The listed pack with another network."""
    body = single_score().SerializeToString()
    server.files["/liveness.onnx"] = body
    pack, network = find_pack(NAME), PackFile("liveness.onnx", digest(body))
    files = tuple(network if file.name == network.name else file for file in pack.files)
    source = PackSource("url", {network.name: f"{server.url}/liveness.onnx"})
    return replace(pack, files=files, ingredients=(network,), sources=(source,))


def test_it_is_listed_as_insightface_lists_it() -> None:
    pack, theirs = find_pack(NAME), ADDON_CATALOG["liveness"]
    assert pack.ingredients == (PackFile(theirs.filename, theirs.sha256),)
    assert pack.ingredients[0] in pack.files
    assert [source.options for source in pack.sources] == [{theirs.filename: theirs.url}]
    assert pack.threshold.value == DEFAULT_THRESHOLD


def test_it_is_not_fetched_before_its_licence_is_accepted(
    stood_in: Pack, settings: Settings, server: FileServer
) -> None:
    with pytest.raises(LicenceNotAccepted, match=f"LIKENESS_ACCEPT_LICENCES={NAME}"):
        fetch(stood_in, settings.packs)
    assert server.asked == []


def test_what_is_fetched_has_the_listed_manifest_and_judges(stood_in: Pack, accepted: Settings) -> None:
    directory = fetch(stood_in, accepted.packs)
    verify(stood_in, directory, accepted.packs)
    result = LivenessNetworks.load(stood_in, directory).judge(
        np.full((300, 300, 3), 99, np.uint8),
        [(130.0, 130.0), (162.0, 130.0), (146.0, 148.0), (133.0, 167.0), (159.0, 167.0)],
    )
    assert (result.pack, result.threshold) == (NAME, 0.8)
    assert result.score is not None


def test_the_network_at_hand_is_all_it_needs(stood_in: Pack, accepted: Settings, tmp_path: Path) -> None:
    (tmp_path / "liveness.onnx").write_bytes(single_score().SerializeToString())
    verify(stood_in, fetch(stood_in, accepted.packs, at_hand=tmp_path), accepted.packs)


def test_another_network_under_its_name_is_refused(accepted: Settings, tmp_path: Path) -> None:
    (tmp_path / "liveness.onnx").write_bytes(single_score().SerializeToString())
    with pytest.raises(DownloadFailed, match=r"liveness\.onnx"):
        fetch(find_pack(NAME), accepted.packs, at_hand=tmp_path)
