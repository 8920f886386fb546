"""A pack as a Triton model repository: a directory for each of its networks."""

import shutil
from pathlib import Path

from insightface.app import FaceAnalysis

from core.packs.catalogue import Pack
from worker.engine.triton import TASKS, model_name

#: Triton reads inputs and outputs from the graph itself; 0: shapes are as the graph has them, batch included.
CONFIG = 'name: "{name}"\nbackend: "onnxruntime"\nmax_batch_size: 0\n'


def write_repository(pack: Pack, directory: Path, destination: Path) -> list[Path]:
    """Write the networks of a verified pack below `destination`; return their directories."""
    app = FaceAnalysis(str(directory), allowed_modules=list(TASKS), providers=["CPUExecutionProvider"])
    written = []
    for task in TASKS:
        name = model_name(pack.name, task)
        version = destination / name / "1"
        version.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(app.models[task].model_file, version / "model.onnx")
        (version.parent / "config.pbtxt").write_text(CONFIG.format(name=name), encoding="utf-8")
        written.append(version.parent)
    return written
