"""The reaper looks in two ways, and what is wrong with one of them does not keep it from the other."""

import pytest

from core.comparisons.store import JobStore
from core.errors import RecordsUnavailable
from core.messaging.broker import Tasks
from core.storage.connection import connect
from courier.lost_jobs import LostJobs
from courier.reaper import reap
from tests.storage.test_fitness import acl_user
from tests.support.receivers import job_that_calls_back
from tests.support.servers import Servers


def test_who_may_not_ask_for_the_uptime_still_finds_jobs_without_a_message(redis_server: Servers) -> None:
    settings = redis_server.settings
    job = job_that_calls_back(None)
    JobStore.of(settings).create(job)
    without_info = acl_user(settings, connect(settings.redis), "-info")
    courier = settings.courier.model_copy(update={"reaper_patience_s": 0.0})
    enqueued: list[tuple[str, ...]] = []

    def enqueue(
        task: str, *args: str, queue: str | None = None, priority: int = 0, expires_s: float | None = None
    ) -> None:
        enqueued.append((task, *args))

    with pytest.raises(RecordsUnavailable, match=r"NOPERM .*'info'"):
        reap(LostJobs(without_info.redis, settings.jobs, courier), enqueue)
    assert enqueued == [(Tasks.COMPARE, job.id)]
