"""What a worker does with a liveness that is asked for."""

from dataclasses import replace

import pytest

from core.comparisons.jobs import Job
from core.errors import LivenessNotInstalled
from core.liveness import Liveness, LivenessRule, LivenessSides, PadVerdict
from core.settings import Settings
from core.storage.lifecycle import Status, new_id
from core.vocabulary import Side
from tests.support.comparing import PROBE, REFERENCE, Bench, ScriptedEngine, code_of
from worker.sleeping import SleepingEngine


@pytest.fixture
def bench(stores: Settings) -> Bench:
    settings = stores.but(sleep_ms=1)
    return Bench(settings, ScriptedEngine(SleepingEngine("opencv-zoo", settings.engine)))


def asking(bench: Bench, liveness: Liveness) -> Job:
    job = bench.submitted()
    asked = replace(job, id=new_id("cmp"), version=1, request=replace(job.request, liveness=liveness), seal_key=None)
    bench.objects.put(asked.request.images_key, REFERENCE + PROBE)
    bench.jobs.create(asked)
    return bench.jobs.get(asked.id)


def test_liveness_is_asked_of_the_engine_and_told_in_the_result(bench: Bench) -> None:
    job = asking(bench, Liveness(LivenessRule.REPORT, LivenessSides.PROBE))
    bench.comparisons().run(job.id)
    ended = bench.ends(job)
    assert ended.result
    assert {side: pad.verdict for side, pad in ended.result.pad.items()} == {Side.PROBE: PadVerdict.BONA_FIDE}


def test_a_worker_that_cannot_judge_liveness_fails_the_job_and_never_leaves_it_out(bench: Bench) -> None:
    def refuse() -> None:
        raise LivenessNotInstalled

    bench.engine.meanwhile = refuse
    job = asking(bench, Liveness(LivenessRule.REQUIRE))
    bench.comparisons().run(job.id)
    ended = bench.ends(job)
    assert (ended.status, code_of(ended)) == (Status.FAILED, "liveness_not_installed")
    assert ended.failure
    assert "LIKENESS_LIVENESS_PACK" in ended.failure.message
