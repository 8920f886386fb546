"""DeepFace on the pack's own YuNet and SFace: one process that compares pair after pair.

Prints one line of JSON. `faces_missed` counts the pairs without a decision, for which DeepFace found no face.
"""

import io
import json
import logging
import os
import shutil
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import click
import numpy as np
import onnx
from onnx import numpy_helper
from onnx.shape_inference import infer_shapes
from onnx.utils import Extractor

# The names that DeepFace looks for before it would download.
YUNET = "face_detection_yunet_2023mar.onnx"
SFACE = "face_recognition_sface_2021dec.onnx"
YUNET_OUTPUTS = [f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in (8, 16, 32)]
YUNET_INPUT = (1, 3, 640, 640)

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def lay_out_weights(pack: Path, home: Path) -> None:
    """Put the weights of an `opencv-zoo` pack where DeepFace looks for them."""
    path = pack / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if manifest.get("model_id") != "opencv-zoo":
        raise click.ClickException(f"{pack} is no opencv-zoo pack, and DeepFace has no other models of ours")
    detector, recogniser = (pack / manifest["tasks"][task]["file"] for task in ("detection", "recognition"))
    weights = home / ".deepface" / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    onnx.save(scrfd_as_yunet(onnx.load(detector)), weights / YUNET)
    shutil.copyfile(recogniser, weights / SFACE)


def scrfd_as_yunet(model: onnx.ModelProto) -> onnx.ModelProto:
    """Undo the pack's recipe: OpenCV decodes YuNet's own twelve outputs, and feeds it BGR."""
    for dimension, size in zip(model.graph.input[0].type.tensor_type.shape.dim, YUNET_INPUT, strict=True):
        dimension.dim_value = size
    yunet = Extractor(infer_shapes(model)).extract_model(["input"], YUNET_OUTPUTS)
    (first,) = (node for node in yunet.graph.node if "input" in node.input)
    (colours,) = (weights for weights in yunet.graph.initializer if weights.name == first.input[1])
    swapped = np.ascontiguousarray(numpy_helper.to_array(colours)[:, ::-1])
    colours.CopyFrom(numpy_helper.from_array(swapped, colours.name))
    return yunet


def deepface(home: Path, detection_threshold: float) -> Callable[[bytes, bytes], float | None]:
    """DeepFace.verify of two encoded photographs: their cosine, or None where it finds no face."""
    # Read when DeepFace is imported, or by its detector at every call.
    os.environ |= {
        "DEEPFACE_HOME": str(home),
        "DEEPFACE_BACKEND_ENGINE": "onnx",
        "DEEPFACE_LOG_LEVEL": str(logging.ERROR),
        "yunet_score_threshold": str(detection_threshold),
    }
    from deepface import DeepFace  # type: ignore[import-not-found]
    from deepface.modules.exceptions import FaceNotDetected  # type: ignore[import-not-found]

    def score(reference: bytes, probe: bytes) -> float | None:
        images = io.BytesIO(reference), io.BytesIO(probe)
        try:
            decision = DeepFace.verify(*images, model_name="SFace", detector_backend="yunet", silent=True)
        except ValueError as error:
            if isinstance(error.__cause__, FaceNotDetected):
                return None
            raise
        return 1 - float(decision["distance"])

    return score


@click.command()
@click.option("--pack", type=FOLDER, required=True, help="The folder of an opencv-zoo pack.")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), required=True, help="DeepFace's own folder.")
@click.option("--pair", "pairs", type=(FILE, FILE), multiple=True, required=True, help="Two photographs; repeatable.")
@click.option("--seconds", default=10.0, show_default=True, help="How long it is measured.")
@click.option("--detection-threshold", default=0.9, show_default=True, help="From this score on a face is one.")
def main(pack: Path, home: Path, pairs: list[tuple[Path, Path]], seconds: float, detection_threshold: float) -> None:
    """Compare the pairs in turn for so long; measured from the encoded photographs to the decision."""
    lay_out_weights(pack, home)
    score = deepface(home, detection_threshold)
    photographs = [(reference.read_bytes(), probe.read_bytes()) for reference, probe in pairs]
    scores = [score(*pair) for pair in photographs]
    latencies_ms: list[float] = []
    missed = 0
    began = ended = time.perf_counter()
    for pair in cycle(photographs):
        started = ended
        missed += score(*pair) is None
        ended = time.perf_counter()
        latencies_ms.append((ended - started) * 1000)
        if ended - began >= seconds:
            break
    p50, p95 = np.percentile(latencies_ms, [50, 95])
    figures = {
        "per_s": len(latencies_ms) / (ended - began),
        "p50_ms": float(p50),
        "p95_ms": float(p95),
        "comparisons": len(latencies_ms),
        "faces_missed": missed,
        "scores": scores,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
