"""The plain synchronous service: one process, one endpoint, the answer in the response.

FastAPI, because that is what InsightFace's own server, InsightFace-REST and Immich are made of; a plain `def` endpoint,
which it runs in its pool of 40 threads.
"""

import warnings
from pathlib import Path
from typing import Annotated

import click
import cv2
import numpy as np
import onnxruntime
import uvicorn  # type: ignore[import-not-found]
from fastapi import FastAPI, File, HTTPException  # type: ignore[import-not-found]
from insightface.app import FaceAnalysis
from insightface.app.common import Face

MODULES = ["detection", "recognition"]
PROVIDERS = ["CPUExecutionProvider"]
DETECTION_SIZE = (640, 640)


def load(pack: Path, threads: int | None, detection_threshold: float) -> FaceAnalysis:
    """Load both models once and run each once."""
    options = {}
    if threads is not None:
        options["sess_options"] = onnxruntime.SessionOptions()
        options["sess_options"].intra_op_num_threads = threads
    analysis = FaceAnalysis(str(pack), allowed_modules=MODULES, providers=PROVIDERS, **options)
    analysis.prepare(ctx_id=0, det_thresh=detection_threshold, det_size=DETECTION_SIZE)
    analysis.get(np.zeros((*DETECTION_SIZE, 3), np.uint8))
    analysis.models["recognition"].get_feat(np.zeros((112, 112, 3), np.uint8))
    return analysis


def create_app(analysis: FaceAnalysis, threshold: float) -> FastAPI:
    """The two endpoints."""
    app = FastAPI()

    @app.post("/compare")
    def compare(reference: Annotated[bytes, File()], probe: Annotated[bytes, File()]) -> dict[str, float | bool]:
        a, b = (largest_face(analysis, body, side) for body, side in ((reference, "reference"), (probe, "probe")))
        score = float(a.normed_embedding @ b.normed_embedding)
        return {"score": score, "match": score >= threshold}

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ready"}

    return app


def largest_face(analysis: FaceAnalysis, body: bytes, side: str) -> Face:
    """Only that face is embedded: without `max_num` InsightFace would embed every face of the image."""
    image = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise HTTPException(422, f"the {side} is no image")
    if not (faces := analysis.get(image, max_num=1, det_metric="max")):
        raise HTTPException(422, f"no face was found in the {side}")
    return faces[0]


@click.command()
@click.option(
    "--pack", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True, help="Its folder."
)
@click.option("--port", default=8090, show_default=True, help="Where it listens, on 127.0.0.1.")
@click.option("--threshold", default=0.363, show_default=True, help="From this score on two faces match.")
@click.option("--detection-threshold", default=0.5, show_default=True, help="From this score on a face is one.")
@click.option("--threads", type=click.IntRange(1), help="onnxruntime's intra-op threads; its own choice by default.")
def main(pack: Path, port: int, threshold: float, detection_threshold: float, threads: int | None) -> None:
    """Serve POST /compare, and GET /health once the models are warm."""
    warnings.simplefilter("ignore", FutureWarning)  # insightface on scikit-image
    app = create_app(load(pack, threads, detection_threshold), threshold)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
