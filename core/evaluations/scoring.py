"""How this deployment scores a comparison, and whether a run scored the same way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.evaluations.pipeline import Pipeline
from core.packs.catalogue import Pack, directory_identity
from core.providers import may_be
from core.settings.groups import EngineSettings
from core.vocabulary import EngineFacts, Policy, Track

#: What a comparison's score depends on beside images and pack, and what decides it in a deployment.
SCORED_BY = {
    "policy": "the policy",
    "detection_size": "LIKENESS_DETECTION_SIZE",
    "detection_threshold": "LIKENESS_DETECTION_THRESHOLD",
    "min_face_px": "LIKENESS_MIN_FACE_PX",
    "clear_detection_score": "the pack list's clear_detection_score",
    "provider": "LIKENESS_PROVIDER",
    "track": "the track",
    "flip": "flip",
    "pack_digest": "the pack's files",
    "version": "the version of Likeness (its pipeline's)",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which two pipelines score differently."""

    #: Of `Pipeline`.
    field: str
    #: There, and here.
    theirs: object
    ours: object

    def __str__(self) -> str:
        return f"{SCORED_BY[self.field]} was {self.theirs}, here it is {self.ours}"


def differences(theirs: Pipeline, ours: Pipeline) -> tuple[Difference, ...]:
    """In what the scores of two pipelines may differ; a provider that is not chosen yet may be any."""
    values = ((name, getattr(theirs, name), getattr(ours, name)) for name in SCORED_BY)
    return tuple(
        Difference(name, there, here)
        for name, there, here in values
        if there != here and not (name == "provider" and (may_be(there, here) or may_be(here, there)))
    )


class Scoring:
    """How comparisons are scored here: as the workers say that run, and where none does, as the settings do."""

    def __init__(self, engine: EngineSettings, running: Callable[[], Sequence[EngineFacts]]) -> None:
        self._engine = engine
        self._running = running

    def of(self, pack: Pack, policy: Policy) -> tuple[Pipeline, ...]:
        """One pipeline, or one each where workers are not alike. Raise RecordsUnavailable."""
        identity, engine = directory_identity(pack), self._engine
        by_settings = EngineFacts(
            pack=identity,
            provider=engine.provider,
            detection_size=engine.detection_size,
            detection_threshold=engine.detection_threshold or pack.detection_threshold,
            min_face_px=engine.min_face_px,
            clear_detection_score=pack.clear_detection_score,
        )
        running = {facts for facts in self._running() if facts.pack == identity}
        return tuple(pipeline_of(facts, policy) for facts in running or {by_settings})


def pipeline_of(facts: EngineFacts, policy: Policy) -> Pipeline:
    """How an engine scores a comparison."""
    return Pipeline(
        pack=facts.pack.name,
        pack_digest=facts.pack.digest,
        track=Track.RAW,
        flip=False,
        policy=policy,
        detection_size=facts.detection_size,
        detection_threshold=facts.detection_threshold,
        min_face_px=facts.min_face_px,
        provider=facts.provider,
        clear_detection_score=facts.clear_detection_score,
    )
