"""Comparisons of a worker, with what they are given and what they tell others."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import cast

from core.comparisons.images import ImageFacts
from core.comparisons.jobs import ComparisonRequest, Job, new_images_key
from core.comparisons.sealing import SealKey
from core.comparisons.store import JobStore
from core.evaluations.calibrations import CalibrationStore
from core.evaluations.standings import Standings
from core.liveness import NO_LIVENESS, Liveness
from core.quality import QualityRule
from core.settings import Settings
from core.storage.connection import connect
from core.storage.lifecycle import Status, new_id
from core.storage.objects import ObjectStore
from core.storage.records import Records
from core.vocabulary import EngineFacts, Policy, Threshold
from tests.support.uploads import sealing
from worker.comparing import Comparisons
from worker.engine.contract import Comparison, FaceEngine
from worker.engines import Engines
from worker.leases import Leases
from worker.quarantine import Quarantine
from worker.sleeping import SleepingEngine

REFERENCE, PROBE = b"the reference", b"the probe"
MAX_ATTEMPTS = 2
#: Longer than a busy machine keeps a thread from renewing it, three times as often.
LEASE_S = 1.5


class ScriptedEngine:
    """Invents a score after whatever the test makes happen at that moment; it holds every pack."""

    def __init__(self, engine: SleepingEngine) -> None:
        self._engine = engine
        self.meanwhile: Callable[[], object] = lambda: None
        self.compared: list[tuple[bytes, bytes]] = []

    def get(self, name: str) -> FaceEngine:
        return cast(FaceEngine, self)

    @property
    def facts(self) -> EngineFacts:
        return self._engine.facts

    def compare(
        self,
        reference: bytes,
        probe: bytes,
        policy: Policy,
        quality: QualityRule = QualityRule.REPORT,
        liveness: Liveness = NO_LIVENESS,
    ) -> Comparison:
        self.compared.append((reference, probe))
        self.meanwhile()
        return self._engine.compare(reference, probe, policy, quality, liveness)


@dataclass
class Bench:
    """Comparisons with what they were given, and what they told others."""

    settings: Settings
    engine: ScriptedEngine
    lease_s: float = 15.0
    erased: list[str] = field(default_factory=list)
    announced: list[Job] = field(default_factory=list)
    quarantine: Quarantine = field(default_factory=lambda: Quarantine(60))

    def __post_init__(self) -> None:
        of_jobs = self.settings.jobs.model_copy(update={"lease_s": self.lease_s})
        self.jobs = JobStore(self.settings.redis, of_jobs, self.settings.images)
        self.objects = ObjectStore(self.settings.objects)
        self.leases = Leases(self.jobs, self.lease_s)

    def comparisons(self, objects: ObjectStore | None = None, *, max_attempts: int = MAX_ATTEMPTS) -> Comparisons:
        return Comparisons(
            self.jobs,
            objects or self.objects,
            cast(Engines, self.engine),
            self.leases,
            self.quarantine,
            worker="engine@test",
            max_attempts=max_attempts,
            erase=self.erased.append,
            uploads=sealing(self.settings, objects or self.objects, self.erased.append),
            standings=Standings(CalibrationStore(self.settings.redis)),
            announce=self.announced.append,
        )

    def submitted(self, *, stored: bool = True, sealed: bool = True, expires_at: float | None = None) -> Job:
        """A queued job, with its images in the store unless the test wants them lost; 0.1.0 did not seal them."""
        reference, probe = (
            ImageFacts("image/jpeg", 1, 1, len(body), sha256(body).hexdigest()) for body in (REFERENCE, PROBE)
        )
        threshold = Threshold(0.0, "the test's")
        request = ComparisonRequest(
            "opencv-zoo",
            Policy.LARGEST,
            threshold,
            new_images_key(),
            reference,
            probe,
            metadata={},
            expires_at=expires_at,
        )
        key = SealKey.new() if sealed else None
        job = Job(new_id("cmp"), Status.QUEUED, 1, time.time(), request, seal_key=key)
        if stored:
            body = key.seal(REFERENCE, PROBE, name=job.id) if key else REFERENCE + PROBE
            self.objects.put(request.images_key, body)
        self.jobs.create(job)
        return self.jobs.get(job.id)

    def dies_with(self, job: Job) -> None:
        """A worker starts the job and is killed; its lease has run out."""
        self.jobs.start(job.id, f"engine@gone {new_id('x')}")
        client = connect(self.settings.redis)
        client.delete(Records(client, "job").lease_key(job.id))

    def ends(self, job: Job) -> Job:
        """The job after its end, of which others were told once."""
        ended = self.jobs.get(job.id)
        assert self.erased == [job.request.images_key]
        assert self.announced == [ended]
        assert self.leases.count == 0
        assert ended.seal_key is None, "forgotten with the ending"
        return ended

    def nothing_was_told(self) -> None:
        assert (self.erased, self.announced, self.leases.count) == ([], [], 0)


def code_of(failed: Job) -> str | None:
    return failed.failure.code if failed.failure else None
