"""The path from two images to a score."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Self, TypeVar

import numpy as np

from core import traces
from core.comparisons.images import ImageHeader, least_scale, read_header
from core.errors import ImageRejected, ImageTooLarge, LivenessNotInstalled
from core.liveness import NO_LIVENESS, Liveness, PadResult
from core.packs.catalogue import Pack, directory_identity
from core.quality import QualityRule
from core.score import comparison_scores
from core.settings.groups import EngineSettings
from core.vocabulary import (
    Compared,
    EngineFacts,
    Face,
    FailureToAcquire,
    NotAcquired,
    Policy,
    Reason,
    Side,
)
from worker.engine.align import align, align_for
from worker.engine.batcher import Batcher
from worker.engine.contract import Acquired, Comparison, Embeddings, Image, Priority, Unusable
from worker.engine.decode import DecodedImage, scale_to_crop, scale_to_detect
from worker.engine.detect import Detector
from worker.engine.embed import INSIGHTFACES
from worker.engine.failures import failures
from worker.engine.inputs import NetworkInput
from worker.engine.liveness import LivenessNetworks
from worker.engine.looks import Looks, NoSight
from worker.engine.models import load_models
from worker.engine.quality import see
from worker.engine.select import too_small
from worker.engine.timing import Stopwatch
from worker.engine.turns import Machine, Turns

T = TypeVar("T")


class Engine:
    """One model pack in memory. Any number of threads may call it at a time."""

    def __init__(
        self,
        detector: Detector,
        batcher: Batcher,
        facts: EngineFacts,
        cores: Turns,
        settings: EngineSettings,
        liveness: LivenessNetworks | None = None,
        network_input: NetworkInput = INSIGHTFACES,
    ) -> None:
        self.facts = facts
        self._input = network_input
        self._detector = detector
        self._looks = Looks(detector, facts.clear_detection_score)
        self._batcher = batcher
        self._cores = cores
        self._settings = settings
        self._liveness = liveness
        self._helpers = ThreadPoolExecutor(cores.places, thread_name_prefix="side")

    @classmethod
    def load(
        cls,
        pack: Pack,
        directory: Path,
        settings: EngineSettings,
        machine: Machine | None = None,
        liveness: LivenessNetworks | None = None,
    ) -> Self:
        """Load a pack whose digests have been verified. Raises what `load_models` raises.

        Engines of one process share its `machine`, and what judges liveness where that may be asked for.
        """
        models = load_models(pack, directory, settings)
        facts = EngineFacts(
            pack=directory_identity(pack),
            provider=models.provider,
            detection_size=settings.detection_size,
            detection_threshold=settings.detection_threshold or pack.detection_threshold,
            min_face_px=settings.min_face_px,
            clear_detection_score=pack.clear_detection_score,
        )
        machine = machine or Machine.of(settings.threads)
        return cls(
            models.detector,
            Batcher.of(models.recogniser, machine, facts.provider, settings),
            facts,
            machine.cores,
            settings,
            liveness,
            models.recogniser.input,
        )

    def warm_up(self) -> float:
        """Run both models on a black image, in every batch size that will be run; return the milliseconds."""
        start = perf_counter()
        for size in self._detector.sizes:
            self._detector.find_at(size, np.zeros((size, size, 3), np.uint8))
        crop = np.zeros((self._input.size, self._input.size, 3), np.uint8)
        for batch in self._batcher.sizes:
            self._batcher.embed([crop] * batch, Priority.EVALUATION)
        self._batcher.embed_now([crop] * len(Side))
        if self._liveness:
            self._liveness.warm_up()
        return (perf_counter() - start) * 1000

    @property
    def takes_insightfaces_crops(self) -> bool:
        """Whether a crop that was aligned elsewhere, as InsightFace aligns it, is what the recogniser wants."""
        return self._input.is_insightfaces

    def acquire(self, body: bytes, policy: Policy, *, is_judged: bool = False) -> Acquired | Unusable:
        """Find the one face that counts. An image that gives none is a result, never an exception.

        `is_judged`: its liveness too. Raise LivenessNotInstalled where nothing judges.
        """
        networks, watch = self._networks() if is_judged else None, Stopwatch()
        with self._turn(None, watch, Priority.EVALUATION):
            found = self._acquire(body, policy, watch, networks)
        traces.marked(watch.marks)  # within the caller's span, whose thread this is
        return found

    def not_acquired(self, detail: str) -> PadResult:
        """What is said of the liveness of an image that gave no usable face. Raise LivenessNotInstalled."""
        return self._networks().not_acquired(detail)

    def embed(self, crops: Sequence[Image]) -> Embeddings:
        """Rows in the order of the crops, each of length 1."""
        return self._batcher.embed(crops, Priority.EVALUATION)

    def judge(self, body: bytes, policy: Policy) -> PadResult:
        """Whether the face that counts in an image is a living one. Raise LivenessNotInstalled."""
        pad = self.acquire(body, policy, is_judged=True).pad
        assert pad is not None
        return pad

    def compare(
        self,
        reference: bytes,
        probe: bytes,
        policy: Policy,
        quality: QualityRule = QualityRule.REPORT,
        liveness: Liveness = NO_LIVENESS,
    ) -> Comparison:
        """Compare two images; nothing is embedded unless both give a face, of the quality and liveness required.

        On idle cores both sides are worked on at once, which halves the latency. On busy ones a comparison keeps its
        turn to the end: 4 threads that changed places at every step made 12 % fewer comparisons than 2 on 2 cores.
        """
        networks = {side: self._networks() for side in Side if liveness.judges(side)}
        bodies = {Side.REFERENCE: reference, Side.PROBE: probe}
        watches = {side: Stopwatch() for side in Side}
        whole, since = Stopwatch(), time.monotonic()

        def acquire(side: Side) -> Acquired | Unusable:
            return self._acquire(bodies[side], policy, watches[side], networks.get(side))

        def acquire_in_turn(side: Side) -> Acquired | Unusable:
            with self._turn(since, watches[side]):
                return acquire(side)

        with whole.step("total"):
            if self._cores.free < 2 and self._batcher.runs_within(self._cores):
                with self._turn(since, whole):
                    sides = {side: acquire(side) for side in Side}
                    failed = failures(sides, quality, liveness.rule, self._settings)
                    outcome = _outcome(sides, failed, self._batcher.embed_now, whole)
            else:
                sides = self._both(acquire_in_turn)
                failed = failures(sides, quality, liveness.rule, self._settings)
                outcome = _outcome(sides, failed, lambda crops: self._embed_both(crops, since), whole)
        for side, watch in watches.items():
            whole.add(watch.laps_ms)
            whole.marks += [replace(mark, name=f"{mark.name} {side}") for mark in watch.marks]
        failed_sides = {failure.side for failure in failed}
        faces = {side: a.face for side, a in sides.items() if isinstance(a, Acquired) and side not in failed_sides}
        seen = {side: acquired.seen for side, acquired in sides.items() if acquired.seen}
        pad = {side: judged for side in networks if (judged := sides[side].pad)}
        return Comparison(outcome, faces, whole.laps_ms, seen, pad, tuple(whole.marks))

    def _networks(self) -> LivenessNetworks:
        if self._liveness is None:
            raise LivenessNotInstalled
        return self._liveness

    @contextmanager
    def _turn(self, since: float | None, watch: Stopwatch, priority: Priority = Priority.INTERACTIVE) -> Iterator[None]:
        with watch.step("wait"):
            self._cores.line_up(priority, since).wait()
        try:
            yield
        finally:
            self._cores.give_back()

    def _embed_both(self, crops: Sequence[Image], since: float) -> Embeddings:
        if self._batcher.largest > 1:
            return self._batcher.embed(crops, Priority.INTERACTIVE, since)
        pair = dict(zip(Side, crops, strict=True))
        rows = self._both(lambda side: self._batcher.embed([pair[side]], Priority.INTERACTIVE, since))
        return np.concatenate([*rows.values()])

    def _both(self, work: Callable[[Side], T]) -> dict[Side, T]:
        """Both sides at once where cores are idle; else in turn, with fewer switches."""
        if self._cores.free < 2:
            return {side: work(side) for side in Side}
        reference = self._helpers.submit(work, Side.REFERENCE)
        probe = work(Side.PROBE)
        return {Side.REFERENCE: reference.result(), Side.PROBE: probe}

    def _header(self, body: bytes) -> ImageHeader:
        return read_header(
            body,
            max_bytes=self._settings.max_image_bytes,
            max_pixels=self._settings.max_image_pixels,
            max_reduced_pixels=self._settings.max_reduced_pixels,
            formats=self._settings.image_formats,
        )

    def _acquire(
        self, body: bytes, policy: Policy, watch: Stopwatch, networks: LivenessNetworks | None = None
    ) -> Acquired | Unusable:
        found = self._found(body, policy, watch, networks)
        if networks and isinstance(found, Unusable):
            return replace(found, pad=networks.not_acquired(found.detail))
        return found

    def _found(
        self, body: bytes, policy: Policy, watch: Stopwatch, networks: LivenessNetworks | None
    ) -> Acquired | Unusable:
        try:
            with watch.step("decode"):
                header = self._header(body)
                least = least_scale(header, self._settings.max_image_pixels)
                scale = max(
                    least, scale_to_detect(header, self.facts.detection_size, self._detector.first_size(policy))
                )
                decoded = DecodedImage.of(body, header, scale)
            with watch.step("detect"):
                sight, shape = self._looks.at(decoded, policy), (decoded.height, decoded.width)
            faces = sight.detections.faces
            if isinstance(sight, NoSight):
                return replace(sight.why, seen=see(shape, faces))
            chosen = sight.chosen
            if unusable := too_small(chosen, self.facts.min_face_px):
                return replace(unusable, seen=see(shape, faces))
            if (scale := max(least, scale_to_crop(chosen.shorter_side, self._input.size))) < decoded.scale:
                with watch.step("decode"):
                    decoded = DecodedImage.of(body, header, scale)
        except ImageRejected as error:
            too_large = isinstance(error, ImageTooLarge)
            reason = Reason.IMAGE_TOO_LARGE if too_large else Reason.UNDECODABLE_IMAGE
            return Unusable(reason, str(error))
        with watch.step("align"):
            keypoints = decoded.inside(chosen.keypoints)
            crop = align(decoded.pixels, keypoints)
            seen = see(shape, faces, chosen, crop, self._settings)  # measures are of InsightFace's crop, for any pack
            if not self._input.is_insightfaces:
                crop = align_for(self._input, decoded.pixels, keypoints)
        face = Face(
            chosen.box, chosen.score, len(faces), sight.detections.size, turned_deg=round(sight.turned_deg) % 360
        )
        if networks is None:
            return Acquired(face, crop, watch.laps_ms, seen)
        with watch.step("liveness"):
            pad = networks.judge(decoded.pixels, keypoints)
        return Acquired(face, crop, watch.laps_ms, seen, pad)


def _outcome(
    sides: Mapping[Side, Acquired | Unusable],
    failed: tuple[FailureToAcquire, ...],
    embed: Callable[[Sequence[Image]], Embeddings],
    watch: Stopwatch,
) -> Compared | NotAcquired:
    if failed:
        return NotAcquired(failed)
    with watch.step("embed"):
        reference, probe = embed([acquired.crop for acquired in sides.values() if isinstance(acquired, Acquired)])
    with watch.step("score"):
        return Compared(float(comparison_scores([reference], [probe])[0]))
