"""The scores of the run that a pack's thresholds are from: what live scores are compared with, to notice drift."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import structlog

from core.errors import ObjectNotFound
from core.evaluations.calibrations import CalibrationStore
from core.evaluations.runs import RunKeys
from core.instruments.scores import shares
from core.messaging.presence import Presence
from core.settings import Settings
from core.storage.objects import Objects
from core.vocabulary import Decision

log = structlog.get_logger()

#: The shares of scores at most each bound, by what is decided of such pairs: mated ones match.
Distribution: TypeAlias = Mapping[Decision, Mapping[str, float]]


class ReferenceScores:
    """Read once a run, whose scores never change: when a worker holds a pack that was calibrated from it."""

    def __init__(self, settings: Settings, objects: Objects) -> None:
        self._presence = Presence(settings.redis)
        self._calibrations = CalibrationStore(settings.redis)
        self._objects = objects
        #: By pack: the run, and what its scores look like.
        self._known: dict[str, tuple[str, Distribution]] = {}

    def refresh(self) -> None:
        """Look for packs and calibrations that are new. Raise RedisUnavailable or StoreUnavailable."""
        known = {}
        for facts in self._presence.comparing():
            pack = facts.pack
            if calibration := self._calibrations.get(pack.digest):
                run_id = calibration.run_id
                before, distribution = self._known.get(pack.name, ("", {}))
                known[pack.name] = run_id, distribution if before == run_id else self._read(run_id)
        self._known = known

    def __iter__(self) -> Iterator[tuple[str, Distribution]]:
        """Packs and what the scores of their run look like, as of the last refresh."""
        return iter([(pack, distribution) for pack, (_, distribution) in self._known.items()])

    def _read(self, run_id: str) -> Distribution:
        try:
            text = self._objects.get(RunKeys(run_id).scores).decode()
        except ObjectNotFound:
            log.warning("reference_scores_missing", run_id=run_id)
            return {}
        scores: dict[Decision, list[float]] = {decision: [] for decision in Decision}
        for row in csv.DictReader(io.StringIO(text)):
            if row["score"]:  # none where a photograph gave no face
                scores[Decision.MATCH if row["mated"] == "1" else Decision.NON_MATCH].append(float(row["score"]))
        return {decision: shares(of) for decision, of in scores.items()}
