"""Makes a pack of InsightFace's liveness add-on: its network as it is, and a manifest that says what it is shown.

What is declared is what InsightFace's own adapter does with it (insightface/addons/liveness.py of 2.1).
"""

import json
import shutil
from pathlib import Path

from core.packs.catalogue import MANIFEST

NETWORK = "liveness.onnx"
INPUT_PX = 80
#: Where the keypoints go: the face is close to the middle, and the crop some five times as wide as its eyes are apart.
TEMPLATE = [[32.03, 38.06], [47.89, 37.98], [40.01, 47.08], [33.50, 56.36], [46.63, 56.29]]
#: InsightFace judges no crop of which more lies outside the image.
MOST_OUTSIDE = 0.3


def build(ingredients: Path, destination: Path) -> None:
    """Write the pack's files; the same network gives the same bytes."""
    shutil.copyfile(ingredients / NETWORK, destination / NETWORK)
    (destination / MANIFEST).write_text(_manifest(), encoding="utf-8")


def _manifest() -> str:
    network = {
        "file": NETWORK,
        "input_size": [INPUT_PX, INPUT_PX],
        "colour": "rgb",
        "preprocessing": {"mean": 0.0, "std": 255.0},
        "template": TEMPLATE,
        "border": "replicate",
        "most_outside": MOST_OUTSIDE,
        "single_score": {"bona_fide": "high", "sigmoid": False},
    }
    document = {
        "manifest_version": 2,
        "model_id": "insightface-liveness",
        "display_name": "Liveness add-on of InsightFace",
        "tasks": {"liveness": {"networks": [network]}},
    }
    return json.dumps(document, indent=2) + "\n"
