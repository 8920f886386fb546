"""What InsightFace makes of a directory or a name, for whoever fetches and adds packs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from insightface.app import FaceAnalysis
from insightface.utils.storage import model_zoo_download_url

from core.errors import PackCorrupt
from core.packs.catalogue import LICENCE, MANIFEST, PackKind
from worker.engine.embed import Recogniser
from worker.engine.inputs import NetworkInput, tasks_of
from worker.engine.liveness import TASK as LIVENESS
from worker.engine.liveness import load_networks
from worker.engine.models import require_as_declared

TASKS = ("detection", "recognition")


@dataclass(frozen=True, slots=True)
class PackContents:
    """The files that a pack's networks need, relative to its directory, and the embedding's length."""

    files: tuple[str, ...]
    #: 0 where nothing is embedded.
    embedding_dimension: int
    kind: PackKind = PackKind.RECOGNITION


def inspect_pack(directory: Path) -> PackContents:
    """Load the pack and run it. Raise PackCorrupt where InsightFace loads no detector and recogniser, or a liveness
    pack's networks do not give what its manifest declares.
    """
    if not directory.is_dir():
        raise PackCorrupt(f"{directory} is not a directory")
    if (declared := tasks_of(directory).get(LIVENESS)) is not None:
        return _inspect_liveness(directory, declared)
    if not any(directory.rglob("*.onnx")):
        raise PackCorrupt(
            f"{directory} has no .onnx file; a pack is a directory with a detector and a recogniser in it"
        )
    try:
        app = FaceAnalysis(str(directory), allowed_modules=list(TASKS), providers=["CPUExecutionProvider"])
        recognition = app.models["recognition"]
    except Exception as error:  # whatever a foreign model file makes the libraries raise
        raise PackCorrupt(
            f"InsightFace loads no detector and recogniser from {directory}: "
            f"{str(error) or 'one of the two is not there'} ({type(error).__name__})"
        ) from error
    declared = tasks_of(directory).get("recognition", {})
    dimension = _tried(recognition, declared, f"the recogniser in {directory}")
    needed = [Path(app.models[task].model_file) for task in TASKS]
    root = Path(app.model_dir)
    if app.model_package is not None:
        needed += [task.path for task in app.model_package.tasks.values()]
        needed += [root / MANIFEST, app.model_package.license_path]
    needed += [root / LICENCE]
    files = sorted({path.relative_to(root).as_posix() for path in needed if path.is_file()})
    return PackContents(tuple(files), dimension)


def _tried(recognition: Any, declared: Mapping[str, Any], who: str) -> int:
    """The length of an embedding, after a self-test: two crops, together and one by one, as the manifest declares."""
    network_input = NetworkInput.of(declared, "tasks.recognition")
    require_as_declared(recognition, network_input, who)
    size = network_input.size
    random = np.random.default_rng(0)
    crops = [np.full((size, size, 3), 90, np.uint8), random.integers(0, 256, (size, size, 3), np.uint8)]
    try:
        recogniser = Recogniser(recognition, (), network_input)
        together = recogniser.embed(crops)
        apart = np.concatenate([recogniser.embed([crop]) for crop in crops])
    except Exception as error:  # onnxruntime's errors have no common class
        raise PackCorrupt(f"{who} does not run on {size}x{size} faces: {error!r}") from error
    if not np.allclose(together, apart, atol=1e-3):
        raise PackCorrupt(f'{who} gives other embeddings for two faces at once than one by one: declare `"batch": 1`')
    if np.allclose(apart[0], apart[1], atol=1e-6):
        raise PackCorrupt(f"{who} gives one embedding for any face")
    dimension = int(together.shape[1])
    if declared.get("embedding_dimension", dimension) != dimension:
        raise PackCorrupt(
            f"{who} is declared to give {declared['embedding_dimension']} dimensions (tasks.recognition."
            f"embedding_dimension); it gives {dimension}"
        )
    return dimension


def _inspect_liveness(directory: Path, declared: Mapping[str, Any]) -> PackContents:
    networks = load_networks(directory, declared)
    random = np.random.default_rng(0)
    for network in networks:
        size = network.input.size
        images = (np.zeros((size, size, 3), np.uint8), random.integers(0, 256, (size, size, 3), np.uint8))
        if len({network.score(image) for image in images}) == 1:
            raise PackCorrupt(f"a network of {directory} gives one score for any image: {network.score(images[0]):g}")
    files = {str(network["file"]) for network in declared["networks"]} | {MANIFEST}
    if (directory / LICENCE).is_file():
        files.add(LICENCE)
    return PackContents(tuple(sorted(files)), 0, PackKind.LIVENESS)


def release_url(archive: str) -> str:
    """Where InsightFace's own downloader would fetch this archive."""
    return str(model_zoo_download_url(archive))
