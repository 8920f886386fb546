"""The images on their way in: looked at one by one, and spooled until all are known to be right."""

from collections import Counter
from collections.abc import Callable
from typing import BinaryIO

from core.comparisons.images import ImageFacts, inspect
from core.errors import ImageRejected
from core.vocabulary import Track
from evaluator.datasets.benchmark import Benchmark
from evaluator.datasets.faults import DatasetInvalid, Fault
from evaluator.datasets.pairs import PairList

ALIGNED_SIDE_PX = 112


class Intake:
    """Checked images by id. Memory holds one at a time; `spool`, a temporary file, holds them all."""

    def __init__(self, spool: BinaryIO, *, max_image_bytes: int, max_image_pixels: int) -> None:
        self.sha256: dict[str, str] = {}
        self._spool = spool
        self._max_bytes = max_image_bytes
        self._max_pixels = max_image_pixels
        self._places: dict[str, tuple[int, int]] = {}

    def take(self, benchmark: Benchmark, arrived: Callable[[int], None]) -> None:
        """Take every image the pairs want, telling `arrived` how many there are by now.

        Raise DatasetInvalid naming each image that is missing, is no image, or is no crop on the aligned track.
        """
        source = benchmark.images
        wanted = set(benchmark.pairs.image_ids)
        faults: dict[str, Fault] = {}
        for image_id, body in source.images(wanted):
            try:
                if isinstance(body, Fault):
                    faults[image_id] = body
                    continue
                facts = inspect(body, max_bytes=self._max_bytes, max_pixels=self._max_pixels)
            except ImageRejected as error:
                faults[image_id] = Fault(source.name, None, f"{image_id}: {error}")
                continue
            if what := _unfit(facts, benchmark.track):
                faults[image_id] = Fault(source.name, None, f"{image_id} {what}")
                continue
            self._keep(image_id, body, facts.sha256)
            arrived(len(self.sha256))
        missing = _missing(benchmark.pairs, wanted - self.sha256.keys() - faults.keys(), source.name)
        if faults or missing:
            raise DatasetInvalid([*missing, *(faults[image_id] for image_id in sorted(faults))])

    def read(self, image_id: str) -> bytes:
        """An image that was taken."""
        start, size = self._places[image_id]
        self._spool.seek(start)
        return self._spool.read(size)

    def _keep(self, image_id: str, body: bytes, sha256: str) -> None:
        self._places[image_id] = (self._spool.tell(), len(body))
        self._spool.write(body)
        self.sha256[image_id] = sha256


def _unfit(facts: ImageFacts, track: Track) -> str | None:
    if track is Track.ALIGNED and (facts.width, facts.height) != (ALIGNED_SIDE_PX, ALIGNED_SIDE_PX):
        return f"is {facts.width}x{facts.height}; an aligned crop is {ALIGNED_SIDE_PX}x{ALIGNED_SIDE_PX}"
    return None


def _missing(pairs: PairList, missing: set[str], where: str) -> list[Fault]:
    """A fault for each missing image, at the first line that wants it."""
    wanted_by = Counter(image for pair in pairs.pairs for image in {pair.reference, pair.probe})
    faults = []
    for row, pair in enumerate(pairs.pairs):
        for image_id in (pair.reference, pair.probe):
            if image_id in missing:
                missing.remove(image_id)
                what = f"{image_id} is not in {where}; pairs that want it: {wanted_by[image_id]}"
                faults.append(Fault(pairs.source, pairs.line_of(row), what))
    return faults
