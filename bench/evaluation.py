"""A benchmark on the workers beside the engine alone; then in company, where its scores must be the same bytes."""

import hashlib
import json
import tarfile
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

from bench.engine import EngineAlone
from bench.load import Measured, closed
from bench.photographs import Pair
from bench.stack import BenchStack
from core.evaluations.requesting import request_run
from core.evaluations.runs import Run, RunKeys
from core.evaluations.store import RunStore
from core.messaging.broker import celery_app, enqueue
from core.storage.lifecycle import Status
from core.storage.objects import ObjectStore
from core.vocabulary import Policy
from evaluator.datasets import PairList, canonical_csv, import_dataset, read_benchmark

NAME = "bench"


class RunFailed(Exception):
    """The evaluation run did not succeed."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is evaluated: an archive of images and the pairs among them."""

    name: str
    archive: Path
    pairs: PairList

    @property
    def bodies(self) -> list[bytes]:
        """Every image that a pair names, once."""
        wanted = set(self.pairs.image_ids)
        return [body for name, body in _members(self.archive) if name in wanted]


class Evaluations:
    """Runs of one subject on a running stack."""

    def __init__(self, stack: BenchStack, engine: EngineAlone, subject: Subject) -> None:
        self._settings = stack.settings
        self._objects = ObjectStore(stack.settings.objects)
        self._runs = RunStore(stack.settings.redis)
        self._engine = engine
        listed = stack.home / "pairs.csv"
        listed.write_bytes(canonical_csv(subject.pairs))
        import_dataset(self._objects, NAME, read_benchmark("csv", listed, subject.archive), replace=True)

    def cold(self) -> tuple[float, Run]:
        """Seconds from the request to the stored report, nothing reused; and the run."""
        self._objects.delete(list(self._objects.keys("embeddings/")))
        return self.cached()

    def cached(self) -> tuple[float, Run]:
        """The same with the embeddings of the run before."""
        began = time.perf_counter()
        run_id = request_run(
            self._runs,
            self._objects,
            partial(enqueue, celery_app("bench", self._settings)),
            dataset=NAME,
            pack=self._engine.pack,
            flip=False,
            policy=Policy.MOST_CENTRAL,
            detection_size=self._settings.engine.detection_size,
        ).id
        while not (run := self._runs.get(run_id)).status.is_terminal:
            time.sleep(0.05)
        if run.status is not Status.SUCCEEDED:
            raise RunFailed(f"the run {run_id} is {run.status}: {run.failure}")
        return time.perf_counter() - began, run

    def report(self, run: Run) -> Mapping[str, Any]:
        """Its report."""
        found: Mapping[str, Any] = json.loads(self._objects.get(RunKeys(run.id).report))
        return found

    def scores_sha256(self, run: Run) -> str:
        """The digest of its score file."""
        return hashlib.sha256(self._objects.get(RunKeys(run.id).scores)).hexdigest()


def beside_the_engine(evaluations: Evaluations, engine: EngineAlone, subject: Subject) -> tuple[dict[str, Any], Run]:
    """A cold run and the engine alone over the same images."""
    bodies = subject.bodies
    evaluations.cold()  # a worker loads the pack with its first run; the engine alone has long done so
    engine_s, _ = engine.embed_all(bodies)
    run_s, run = evaluations.cold()
    cached_s, _ = evaluations.cached()
    accuracy = evaluations.report(run)["metrics"]["accuracy_10fold"]
    figures = {
        "dataset": subject.name,
        "images": len(bodies),
        "pairs": len(subject.pairs.pairs),
        "engine_s": engine_s,
        "run_s": run_s,
        "cached_s": cached_s,
        "accuracy": accuracy.get("mean"),
        "accuracy_std": accuracy.get("std"),
    }
    return figures, run


def in_company(
    evaluations: Evaluations, compare: Callable[[Pair], object], pairs: list[Pair], idle: Measured
) -> tuple[dict[str, Any], Run]:
    """A cold run while a client compares one pair after the other."""
    rounds: list[Measured] = []
    over = Event()

    def ask() -> None:
        while not over.is_set():
            rounds.append(closed(compare, pairs, clients=1, for_s=3))

    client = Thread(target=ask)
    client.start()
    try:
        run_s, run = evaluations.cold()
    finally:
        over.set()
        client.join()
    return {
        "run_s": run_s,
        "idle_p95_ms": idle.p95_ms,
        "busy_p95_ms": max(one.p95_ms for one in rounds),
        "comparisons_per_s": sum(one.requests for one in rounds) / (3 * len(rounds)),
        "rounds": [asdict(one) for one in rounds],
    }, run


def _members(archive: Path) -> list[tuple[str, bytes]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as members:
            return [(name, members.read(name)) for name in members.namelist()]
    with tarfile.open(archive) as tar:
        files = ((member, tar.extractfile(member)) for member in tar if member.isfile())
        return [("/".join(member.name.split("/")[-2:]), file.read()) for member, file in files if file]
