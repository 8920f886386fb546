"""Where a job waits, by what its key has open, and in which order what waits is taken."""

from dataclasses import replace
from typing import Any

import pytest

from core.comparisons.images import ImageFacts
from core.comparisons.jobs import NOT_FETCHED, Job
from core.comparisons.lanes import PRIORITIES, place_of
from core.comparisons.waiting import Waiting
from core.messaging.broker import Queues, Tasks, celery_app, enqueue
from core.messaging.place import Place
from core.uploads.upload import Upload
from tests.support.receivers import job_that_calls_back
from tests.support.servers import Servers

SHARE = 4
FIRST = Place(Queues.COMPARISONS)
JOB = job_that_calls_back(None)


def second(priority: int) -> Place:
    return Place(Queues.COMPARISONS_BUSY, priority)


def job_with(media_type: str, width: int, height: int, size_bytes: int = 1000) -> Job:
    return replace(JOB, request=replace(JOB.request, probe=ImageFacts(media_type, width, height, size_bytes, "d")))


@pytest.mark.parametrize(
    ("held", "place"),
    [(0, FIRST), (3, FIRST), (4, second(0)), (15, second(0)), (16, second(3)), (64, second(6)), (256, second(9))],
)
def test_the_more_a_key_has_open_the_further_back_its_next_job_waits(held: int, place: Place) -> None:
    assert place_of(JOB, Waiting(held, held, held), SHARE) == place


@pytest.mark.parametrize(("held", "place"), [(15, FIRST), (16, second(3)), (256, second(9))])
def test_a_key_that_is_held_up_by_another_is_not_taken_for_busy(held: int, place: Place) -> None:
    assert place_of(JOB, Waiting(1000, held, held), SHARE) == place
    assert place_of(JOB, Waiting(2 * 15, 15, 15), SHARE) == second(0), "half of what waits is its own"


def test_without_keys_there_is_one_lane() -> None:
    for waiting in (None, Waiting(5000, None, None)):
        assert place_of(JOB, waiting, SHARE) == FIRST


@pytest.mark.parametrize(
    ("job", "place"),
    [
        (job_with("image/png", 8000, 5000), second(0)),
        (job_with("image/heic", 4032, 4033), second(0)),
        (job_with("image/png", 4000, 4000), FIRST),
        (job_with("image/jpeg", 12000, 9000), FIRST),
        (job_with("image/jpeg", 1000, 1000, 12 * 2**20 + 1), second(0)),
        (job_with("image/jpeg", 1000, 1000, 11 * 2**20), FIRST),
    ],
    ids=[
        "a large PNG",
        "a large HEIC",
        "one of 16 megapixels",
        "a JPEG, which is decoded reduced",
        "a long way to the worker",
        "a shorter one",
    ],
)
def test_a_dear_job_does_not_stand_before_anybody(job: Job, place: Place) -> None:
    assert place_of(job, Waiting(0, 0, 0), SHARE) == place


@pytest.mark.parametrize(
    ("media_type", "size_bytes", "place"),
    [
        ("image/jpeg", 11 * 2**20, FIRST),
        ("image/jpeg", 12 * 2**20 + 1, second(0)),
        ("image/png", 100_000, second(0)),
        ("image/heic", 100_000, second(0)),
    ],
)
def test_an_image_that_nobody_has_read_yet_may_be_as_dear_as_its_kind_can_be(
    media_type: str, size_bytes: int, place: Place
) -> None:
    job = replace(JOB, request=replace(JOB.request, reference=NOT_FETCHED, probe=NOT_FETCHED))
    upload = Upload("upl_1", "key", size_bytes, media_type, created_at=0, expires_at=1)
    assert place_of(job, Waiting(0, 0, 0), SHARE, announced=[upload.announced]) == place
    assert place_of(job, Waiting(0, 0, 0), SHARE) == FIRST, "of one that is to be fetched nothing is known"


def test_what_waits_in_the_second_lane_is_taken_by_priority_and_then_in_order(redis_server: Servers) -> None:
    app = celery_app("lanes", redis_server.settings)
    sent = [(f"{number} at {priority}", priority) for number in range(2) for priority in reversed(PRIORITIES)]
    for job_id, priority in sent:
        enqueue(app, Tasks.COMPARE, job_id, queue=Queues.COMPARISONS_BUSY, priority=priority)
    taken: list[str] = []
    with app.connection_for_read() as connection, connection.channel() as channel:
        while (message := channel.basic_get(Queues.COMPARISONS_BUSY)) is not None:
            body: Any = message.decode()
            taken.append(body[0][0])
    assert taken == [job_id for job_id, _ in sorted(sent, key=lambda job: job[1])]
