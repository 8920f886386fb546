"""The path from two images to a score."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Self

import numpy as np

from core.comparison import (
    Compared,
    EngineFacts,
    Face,
    FailureToAcquire,
    NotAcquired,
    Policy,
    Reason,
    Side,
)
from core.errors import ImageRejected, ImageTooLarge
from core.images import inspect
from core.packs import Pack, directory_identity
from core.settings import Settings
from worker.engine.align import CROP_SIZE, align
from worker.engine.contract import Acquired, Comparison, Embedder, Embeddings, Image
from worker.engine.decode import decode
from worker.engine.detect import Detector
from worker.engine.models import load_models
from worker.engine.score import cosine
from worker.engine.select import Unusable, select
from worker.engine.timing import Stopwatch

LARGEST_WARM_UP_BATCH = 2  # a comparison embeds its two crops at once


class Engine:
    """One model pack in memory. Any number of threads may call it at a time."""

    def __init__(
        self,
        detector: Detector,
        embedder: Embedder,
        facts: EngineFacts,
        *,
        max_image_bytes: int,
        max_image_pixels: int,
    ) -> None:
        self.facts = facts
        self._detector = detector
        self._embedder = embedder
        self._max_image_bytes = max_image_bytes
        self._max_image_pixels = max_image_pixels

    @classmethod
    def load(cls, pack: Pack, directory: Path, settings: Settings) -> Self:
        """Load a pack whose digests have been verified. Raises what `load_models` raises."""
        models = load_models(pack, directory, settings)
        facts = EngineFacts(
            pack=directory_identity(pack),
            provider=models.provider,
            detection_size=settings.detection_size,
            detection_threshold=settings.detection_threshold or pack.detection_threshold,
            min_face_px=settings.min_face_px,
        )
        return cls(
            models.detector,
            models.recogniser,
            facts,
            max_image_bytes=settings.max_image_bytes,
            max_image_pixels=settings.max_image_pixels,
        )

    def warm_up(self) -> float:
        """Run both models on a black image, in every batch size a comparison uses; return the milliseconds."""
        start = perf_counter()
        for size in self._detector.sizes:
            self._detector.find(np.zeros((size, size, 3), np.uint8))
        crop = np.zeros((CROP_SIZE, CROP_SIZE, 3), np.uint8)
        for batch in range(1, LARGEST_WARM_UP_BATCH + 1):
            self._embedder.embed([crop] * batch)
        return (perf_counter() - start) * 1000

    def acquire(self, body: bytes, policy: Policy, side: Side) -> Acquired | FailureToAcquire:
        """Find the one face that counts. An image that gives none is a result, never an exception."""
        return self._acquire(body, policy, side, Stopwatch())

    def embed(self, crops: Sequence[Image]) -> Embeddings:
        """Rows in the order of the crops, each of length 1."""
        return self._embedder.embed(crops)

    def compare(self, reference: bytes, probe: bytes, policy: Policy) -> Comparison:
        """Compare two images; nothing is embedded unless both give a face."""
        watch = Stopwatch()
        with watch.step("total"):
            sides = {
                Side.REFERENCE: self._acquire(reference, policy, Side.REFERENCE, watch),
                Side.PROBE: self._acquire(probe, policy, Side.PROBE, watch),
            }
            acquired = {side: found for side, found in sides.items() if isinstance(found, Acquired)}
            failures = tuple(found for found in sides.values() if isinstance(found, FailureToAcquire))
            outcome = NotAcquired(failures) if failures else self._score(acquired, watch)
        return Comparison(outcome, {side: found.face for side, found in acquired.items()}, watch.laps_ms)

    def _score(self, acquired: dict[Side, Acquired], watch: Stopwatch) -> Compared:
        with watch.step("embed"):
            embeddings = self.embed([acquired[Side.REFERENCE].crop, acquired[Side.PROBE].crop])
        with watch.step("score"):
            return Compared(cosine(*embeddings))

    def _acquire(self, body: bytes, policy: Policy, side: Side, watch: Stopwatch) -> Acquired | FailureToAcquire:
        try:
            with watch.step("decode"):
                limits = {"max_bytes": self._max_image_bytes, "max_pixels": self._max_image_pixels}
                image = decode(body, inspect(body, **limits))
        except ImageRejected as error:
            too_large = isinstance(error, ImageTooLarge)
            reason = Reason.IMAGE_TOO_LARGE if too_large else Reason.UNDECODABLE_IMAGE
            return FailureToAcquire(side, reason, str(error))
        with watch.step("detect"):
            faces = self._detector.find(image)
            chosen = select(faces, policy, image.shape, min_face_px=self.facts.min_face_px)
        if isinstance(chosen, Unusable):
            return FailureToAcquire(side, chosen.reason, chosen.detail)
        with watch.step("align"):
            crop = align(image, chosen.keypoints)
        face = Face(chosen.box, chosen.score, len(faces), self._detector.size_for(image))
        return Acquired(face, crop, watch.laps_ms)
