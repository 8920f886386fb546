"""How much of Redis a comparison takes: what docs/keys.md says, and what the default quota is reckoned with."""

import re
from dataclasses import replace

import pytest

from core.comparisons.store import JobStore
from core.settings import CHECKOUT, Settings
from core.storage.connection import connect
from core.vocabulary import Compared, Decision, EngineFacts, Face, PackIdentity, Policy, Result, Side, Threshold
from core.webhooks.endpoints import EndpointStore
from tests.support.receivers import job_that_calls_back
from tests.support.servers import Servers

PAGE = (CHECKOUT / "docs" / "keys.md").read_text(encoding="utf-8")
JOBS = 8
LONGEST = {f"k{number}": "x" * 110 for number in range(16)}
FACE = Face((1.0, 2.0, 3.0, 4.0), 0.9, 1, 320)
RESULT = Result(
    Compared(0.7),
    Decision.MATCH,
    Threshold(0.3, "the pack's"),
    Policy.LARGEST,
    EngineFacts(PackIdentity("opencv-zoo", "d" * 64), "cpu", 640, 0.6, 24),
    dict.fromkeys(Side, FACE),
    dict.fromkeys(("queue", "fetch", "total", "wait", "decode", "detect", "align", "embed", "score"), 1.5),
)
COMMON = {"case": "42"}
CASES = {
    "a comparison": (None, COMMON, 0),
    "with a callback": ("https://receiver.example/hook", COMMON, 0),
    "with the longest metadata and callback URL": (f"https://receiver.example/{'p' * 1900}", LONGEST, 0),
    "and an endpoint": (f"https://receiver.example/{'p' * 1900}", LONGEST, 1),
}
SAID_KB = dict(zip(CASES, (2.7, 4.5, 12.0, 15.5), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_a_comparison_takes_what_the_page_says(redis_server: Servers, case: str) -> None:
    url, metadata, endpoints = CASES[case]
    settings = redis_server.settings
    jobs, records = JobStore.of(settings), connect(settings.redis)
    for _ in range(endpoints):
        EndpointStore(settings.redis).create("ada", "https://receiver.example/")
    for _ in range(JOBS):
        job = job_that_calls_back(url, "ada")
        job = replace(job, request=replace(job.request, metadata=metadata))
        jobs.create(job)
        jobs.succeed(jobs.start(job.id, "engine@test"), RESULT)
    of_jobs = [key for key in records.scan_iter(count=1000) if not key.startswith("endpoint")]
    kb = sum(records.memory_usage(key, samples=0) for key in of_jobs) / JOBS / 1024
    assert 0.7 * SAID_KB[case] < kb < 1.1 * SAID_KB[case]


def test_the_page_and_the_quota_are_of_the_same_figures() -> None:
    limits = Settings().limits
    assert limits.key_comparisons_per_day == 10_000
    assert re.search(r"2\.7 KB a comparison, 4\.5 KB with a callback, 12 KB", PAGE)
    assert 0 < limits.key_comparisons_per_day * SAID_KB["with the longest metadata and callback URL"] < 200 * 1024, (
        "a day of the worst key is less than 200 MB"
    )
