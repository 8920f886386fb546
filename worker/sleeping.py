"""A stand-in for a model: it sleeps, and invents a score. For tries of everything around it, by a setting, on loopback.

Its scores are chance, so that running a job twice shows: two runs give two scores. Results say `sleeping` for their
provider and `no-model` for the digest of the pack.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

import numpy as np

from core.errors import SettingsInvalid
from core.liveness import NO_LIVENESS, Liveness, NotJudged, PadResult, PadVerdict
from core.quality import QualityRule
from core.settings import Settings
from core.settings.groups import EngineSettings
from core.vocabulary import Compared, EngineFacts, Face, PackIdentity, Policy, Side
from worker.engine.contract import Acquired, Comparison, Embeddings, Image, Unusable

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SleepingEngine:
    """Decides nothing about anybody."""

    def __init__(self, pack: str, settings: EngineSettings) -> None:
        self._sleep_s = settings.sleep_ms / 1000
        self.facts = EngineFacts(
            pack=PackIdentity(pack, "no-model"),
            provider="sleeping",
            detection_size=settings.detection_size,
            detection_threshold=settings.detection_threshold or 0.5,
            min_face_px=settings.min_face_px,
        )

    @classmethod
    def load(cls, pack: str, settings: Settings) -> "SleepingEngine":
        """Raise SettingsInvalid unless everything is on this machine: invented scores must not decide elsewhere."""
        named = [
            ("API_URL", urlsplit(settings.api.url).hostname),
            *(("REDIS_URL", host) for host in settings.redis.hosts),
            *(("BROKER_URL", host) for host in settings.broker.hosts),
        ]
        for what, host in named:
            if host not in LOOPBACK:
                raise SettingsInvalid(
                    f"LIKENESS_ENGINE=sleeping invents its scores and is for this machine only; "
                    f"LIKENESS_{what} names the host {host!r}"
                )
        return cls(pack, settings.engine)

    @property
    def takes_insightfaces_crops(self) -> bool:
        """It takes anything."""
        return True

    def warm_up(self) -> float:
        """Nothing is cold."""
        return 0.0

    def acquire(self, body: bytes, policy: Policy, *, is_judged: bool = False) -> Acquired | Unusable:
        """Sleep for about half as long as a comparison takes, and find a face in whatever it is: a person's."""
        time.sleep(self._sleep_s / 2 * random.uniform(0.5, 1.5))  # noqa: S311
        face = Face((0.0, 0.0, 1.0, 1.0), 1.0, 1, self.facts.detection_size)
        pad = self._pad(PadVerdict.BONA_FIDE, 1.0) if is_judged else None
        return Acquired(face, np.zeros((112, 112, 3), np.uint8), {}, pad=pad)

    def not_acquired(self, detail: str) -> PadResult:
        """Of a photograph that was refused."""
        return replace(self._pad(PadVerdict.NOT_JUDGED), reason=NotJudged.NOT_ACQUIRED, detail=detail)

    def embed(self, crops: Sequence[Image]) -> Embeddings:
        """Directions by chance."""
        rows = np.random.default_rng().normal(size=(len(crops), 8))
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    def compare(
        self,
        reference: bytes,
        probe: bytes,
        policy: Policy,
        quality: QualityRule = QualityRule.REPORT,
        liveness: Liveness = NO_LIVENESS,
    ) -> Comparison:
        """Sleep for about as long as the setting says, then draw a score. Whoever is judged is a person."""
        seconds = self._sleep_s * random.uniform(0.5, 1.5)  # noqa: S311
        time.sleep(seconds)
        score = random.uniform(-1, 1)  # noqa: S311
        pad = {side: self._pad(PadVerdict.BONA_FIDE, 1.0) for side in Side if liveness.judges(side)}
        return Comparison(Compared(score), {}, {"total": seconds * 1000}, pad=pad)

    def _pad(self, verdict: PadVerdict, score: float | None = None) -> PadResult:
        return PadResult(verdict, score, 0.5, "sleeping", self.facts.pack.digest)
