"""What InsightFace makes of a directory or a name, for whoever fetches and adds packs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from insightface.app import FaceAnalysis
from insightface.utils.storage import model_zoo_download_url

from core.errors import PackCorrupt
from core.packs.catalogue import LICENCE, MANIFEST

TASKS = ("detection", "recognition")


@dataclass(frozen=True, slots=True)
class PackContents:
    """The files that a detector and a recogniser need, relative to their directory, and the embedding's length."""

    files: tuple[str, ...]
    embedding_dimension: int


def inspect_pack(directory: Path) -> PackContents:
    """Load the pack and embed one empty crop. Raise PackCorrupt where InsightFace loads no detector and recogniser."""
    if not directory.is_dir():
        raise PackCorrupt(f"{directory} is not a directory")
    try:
        app = FaceAnalysis(str(directory), allowed_modules=list(TASKS), providers=["CPUExecutionProvider"])
        recogniser = app.models["recognition"]
        width, height = recogniser.input_size
        dimension = int(recogniser.get_feat(np.zeros((height, width, 3), np.uint8)).shape[-1])
    except Exception as error:  # whatever a foreign model file makes the libraries raise
        raise PackCorrupt(
            f"InsightFace loads no detector and recogniser from {directory}: {type(error).__name__}: {error}"
        ) from error
    needed = [Path(app.models[task].model_file) for task in TASKS]
    root = Path(app.model_dir)
    if app.model_package is not None:
        needed += [task.path for task in app.model_package.tasks.values()]
        needed += [root / MANIFEST, app.model_package.license_path]
    needed += [root / LICENCE]
    files = sorted({path.relative_to(root).as_posix() for path in needed if path.is_file()})
    return PackContents(tuple(files), dimension)


def release_url(archive: str) -> str:
    """Where InsightFace's own downloader would fetch this archive."""
    return str(model_zoo_download_url(archive))
