"""Erasing a run: what it found, and that it was."""

from collections.abc import Iterable

from core.errors import LikenessError
from core.evaluations.calibrations import CalibrationStore
from core.evaluations.runs import RunKeys
from core.evaluations.store import RunStore
from core.storage.objects import Objects


class RunInUse(LikenessError):
    """The run has not ended, or a pack's thresholds rest on it."""

    code = "run_in_use"


def erase_run(
    run_id: str,
    *,
    runs: RunStore,
    calibrations: CalibrationStore,
    objects: Objects,
    digests: Iterable[str],
    force: bool = False,
) -> None:
    """Report, page, scores and measures, then the record. Raise RecordNotFound, StoreUnavailable, or RunInUse.

    `digests`: of the packs that are served. With `force`, one that has not ended is cancelled first; thresholds that
    were calibrated from it stay in force, and what they rest on can be looked up no more. Embeddings, which other runs
    on the same data set use, stay.
    """
    run = runs.get(run_id)
    if not run.status.is_terminal:
        if not force:
            raise RunInUse(f"the run is {run.status}: cancel it first, or force it")
        runs.cancel(run_id)
    if not force and (packs := calibrations.resting_on(run_id, digests)):
        raise RunInUse(
            f"the thresholds of {', '.join(packs)} rest on this run: calibrate from another one first, or force it; "
            "they then stay in force"
        )
    objects.delete(RunKeys(run_id).all)
    runs.erase(run_id)
