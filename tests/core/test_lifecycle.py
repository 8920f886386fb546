"""The lifecycle on a real Redis: every step that the table does not list is refused, in every order."""

import os
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stack import Stack

from core.errors import JobNotFound, TransitionRefused
from core.lifecycle import LIFECYCLE, Status, Step, new_id
from core.records import Records, connect


@pytest.fixture(scope="module")
def records(stack: Stack) -> Records:
    return Records(connect(stack.settings), f"probe-{os.getpid()}")


@given(steps=st.lists(st.sampled_from(list(Step)), max_size=8))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_record_only_ever_takes_the_steps_of_the_table(records: Records, steps: list[Step]) -> None:
    record_id = new_id("t")
    records.create(record_id, {"created_at": 0})
    status = Status.QUEUED
    for step in steps:
        allowed, target = LIFECYCLE[step]
        if status in allowed:
            status = Status(records.step(step, record_id)["status"])
            assert status is target
        else:
            with pytest.raises(TransitionRefused, match=f"is {status}"):
                records.step(step, record_id)
        assert records.get(record_id)["status"] == status
        assert record_id in [i for i, _ in records.page(limit=100, status=status).records]
    records.erase(record_id)


def test_of_many_that_end_a_record_at_once_exactly_one_succeeds(records: Records) -> None:
    record_id = new_id("t")
    records.create(record_id, {"created_at": 0})
    records.step(Step.START, record_id)
    endings: list[str] = []
    barrier = threading.Barrier(12)

    def end(step: Step) -> None:
        barrier.wait()
        try:
            endings.append(records.step(step, record_id)["status"])
        except TransitionRefused:
            endings.append("refused")

    steps = [Step.SUCCEED, Step.FAIL, Step.CANCEL] * 4
    threads = [threading.Thread(target=end, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert endings.count("refused") == 11
    assert {records.get(record_id)["status"]} == {*endings} - {"refused"}


def test_an_unknown_record_has_one_name(records: Records) -> None:
    for call in (records.get, records.erase, lambda i: records.step(Step.START, i)):
        with pytest.raises(JobNotFound, match="t_nobody"):
            call("t_nobody")


def test_pages_list_every_record_once_newest_first(stack: Stack) -> None:
    fresh = Records(connect(stack.settings), f"pages-{os.getpid()}")
    ids = [f"t_{number:04d}" for number in range(25)]
    for record_id in ids:
        fresh.create(record_id, {"created_at": 0})
    seen: list[str] = []
    after = None
    while True:
        page = fresh.page(limit=10, after=after)
        seen += [record_id for record_id, _ in page.records]
        if (after := page.next_id) is None:
            break
    assert seen == ids[::-1]
