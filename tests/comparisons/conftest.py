"""The use case of a submission, with what it is given and what it tells others."""

import io
from dataclasses import dataclass, field
from typing import Any

import pytest
from PIL import Image

from core.comparisons.jobs import Job
from core.comparisons.store import JobStore
from core.comparisons.submission import Accepting, FieldRefused, Rules, Submission
from core.comparisons.submitting import Submitting
from core.evaluations.calibrations import CalibrationStore
from core.evaluations.scoring import Scoring
from core.liveness import NO_LIVENESS, Liveness
from core.messaging.broker import BROKER_DATABASE
from core.messaging.place import Place
from core.packs.catalogue import Pack
from core.settings import Settings
from core.settings.groups import ImageLimits
from core.storage.connection import connect
from core.storage.idempotency import Claim, Claims
from core.storage.memory import MemoryObjects
from core.storage.messages import Message
from core.vocabulary import EngineFacts, Policy
from core.webhooks.destinations import DestinationRules
from tests.support.servers import Servers

LIMITS = ImageLimits(max_image_bytes=20_000, max_image_pixels=10_000, max_reduced_pixels=0)
CALLBACK = "https://receiver.example/events"
REQUEST = "a fingerprint of the request"


def image(shade: int, side: int = 64) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (side, side), (shade, shade, shade)).save(body, "JPEG")
    return body.getvalue()


REFERENCE, PROBE = image(200), image(40)


def message(job: Job, place: Place) -> Message:
    return Message(place.queue, job.id)


@dataclass
class Door:
    """The use case with what it was given, and what it has told the broker."""

    settings: Settings
    zoo: Pack
    destinations: DestinationRules | None = field(default_factory=DestinationRules)
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    running: tuple[EngineFacts, ...] = ()
    liveness_pack: str | None = None
    liveness: Liveness = NO_LIVENESS

    def __post_init__(self) -> None:
        self.jobs = JobStore.of(self.settings)
        self.calibrations = CalibrationStore(self.settings.redis)
        self.claims = Claims(self.settings.redis, self.settings.jobs)
        self.records: Any = connect(self.settings.redis)
        rules = Rules(
            {self.zoo.name: self.zoo},
            self.zoo.name,
            Policy.MOST_CENTRAL,
            LIMITS,
            self.destinations,
            liveness_pack=self.liveness_pack,
            default_liveness=self.liveness,
        )
        self.scoring = Scoring(self.settings.engine, lambda: self.running)
        self.accepting = Accepting(rules, self.calibrations, self.scoring)
        self.broker: Any = connect(self.settings.redis, BROKER_DATABASE)
        self.submitting = Submitting(self.jobs, self.objects, compose=message)

    @property
    def enqueued(self) -> list[tuple[str, str]]:
        """Every message, and on which queue."""
        return [(text, queue) for queue in self.broker.keys("*") for text in self.broker.lrange(queue, 0, -1)]

    def refuses(self, **asked: object) -> FieldRefused:
        with pytest.raises(FieldRefused) as refused:
            self.accepting.accept(submission(**asked))
        self.holds_nothing()
        return refused.value

    def holds_nothing(self, *but: str) -> None:
        """No image, no job, nothing enqueued; on Redis these keys at most."""
        self.objects.is_away = False
        assert [*self.objects.keys("")] == []
        assert {*self.records.keys("*")} == {*but}
        assert self.enqueued == []

    def claim(self) -> Claim:
        claim = self.claims.claim("ada", "a key", REQUEST)
        assert isinstance(claim, Claim)
        return claim


def submission(**asked: Any) -> Submission:
    return Submission(**{"reference": REFERENCE, "probe": PROBE, **asked})


@pytest.fixture
def door(redis_server: Servers, zoo: Pack) -> Door:
    return Door(redis_server.settings, zoo)
