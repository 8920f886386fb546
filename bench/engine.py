"""The engine alone: the same pack, settings and photographs in one process, with no service around it."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import mean

from bench.load import Measured, closed
from bench.photographs import Pair
from core.packs.catalogue import find_pack, load_catalogue
from core.settings import Settings
from core.vocabulary import Policy
from worker.engine.contract import Comparison, Unusable
from worker.engine.engine import Engine

STEPS = ("decode", "detect", "align", "embed", "score")


class EngineAlone:
    """The ceiling: what onnxruntime, OpenCV and our steps between them do on these cores."""

    def __init__(self, settings: Settings) -> None:
        self.pack = find_pack(settings.packs.default, load_catalogue(settings.home))
        self._engine = Engine.load(self.pack, settings.packs.path / self.pack.name, settings.engine)
        self._engine.warm_up()
        self.cores = settings.engine.threads

    @property
    def provider(self) -> str:
        """What it runs on."""
        return self._engine.facts.provider

    def compare(self, pair: Pair) -> Comparison:
        """One comparison."""
        return self._engine.compare(pair.reference, pair.probe, Policy.LARGEST)

    def measure(self, pairs: Sequence[Pair], *, for_s: float, threads: int | None = None) -> Measured:
        """As many threads as the worker computes with, or another number."""
        return closed(self.compare, pairs, clients=threads or self.cores, for_s=for_s)

    def steps_ms(self, pairs: Sequence[Pair], *, for_s: float) -> Mapping[str, float]:
        """Mean milliseconds of each step of a comparison while all cores compare, both sides together."""
        found: list[Mapping[str, float]] = []
        closed(lambda pair: found.append(self.compare(pair).timings_ms), pairs, clients=self.cores, for_s=for_s)
        return {step: mean(one[step] for one in found) for step in STEPS}

    def embed_all(self, images: Sequence[bytes]) -> tuple[float, int]:
        """Acquire and embed every image on all cores, as an evaluation does; seconds, and failures to acquire."""
        failures = 0

        def work(body: bytes) -> None:
            nonlocal failures
            acquired = self._engine.acquire(body, Policy.MOST_CENTRAL)
            if isinstance(acquired, Unusable):
                failures += 1
            else:
                self._engine.embed([acquired.crop])

        began = time.perf_counter()
        with ThreadPoolExecutor(self.cores) as pool:
            list(pool.map(work, images))
        return time.perf_counter() - began, failures
