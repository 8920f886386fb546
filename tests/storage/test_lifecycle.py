"""The lifecycle on a real Redis: every step that the table does not list is refused, in every order."""

import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import JobBegunBefore, JobHeld, RecordNotFound, TransitionRefused
from core.storage.lifecycle import EXCLUSIVE, LIFECYCLE, Lease, Status, Step, new_id
from core.storage.records import Records
from tests.support.stack import eventually


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


LEASED = st.tuples(st.sampled_from(list(Step)), st.sampled_from(["ada", "bob"]), st.booleans())


@given(steps=st.lists(LEASED, max_size=10))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_the_holder_of_a_live_lease_starts_or_requeues_and_an_attempt_counts_once(
    records: Records, client: Any, steps: list[tuple[Step, str, bool]]
) -> None:
    """Each step is taken by somebody; with `lapsed`, the lease has run out before."""
    record_id = new_id("t")
    records.create(record_id, {"created_at": 0})
    status, holder, attempts = Status.QUEUED, None, 0
    for step, who, lapsed in steps:
        if lapsed:
            client.delete(records.lease_key(record_id))
            holder = None
        allowed, target = LIFECYCLE[step]
        taking = 1 if step is Step.START else 0
        if status not in allowed:
            expected = TransitionRefused
        elif step in EXCLUSIVE and holder not in (None, who):
            expected = JobHeld
        else:
            after = records.step(step, record_id, attempts=taking, lease=Lease(who, 60))
            attempts += step is Step.START and holder is None
            status = target
            holder = who if status is Status.RUNNING else None
            assert int(after.get("attempts", 0)) == attempts
            assert client.get(records.lease_key(record_id)) == holder
            continue
        with pytest.raises(expected):
            records.step(step, record_id, attempts=taking, lease=Lease(who, 60))
    records.erase(record_id)
    client.delete(records.lease_key(record_id))


def test_what_was_begun_before_is_told_apart_from_an_answer_that_was_lost(records: Records, client: Any) -> None:
    record_id, ada = new_id("t"), Lease("ada", 60)
    records.create(record_id, {"created_at": 0})
    for _ in range(2):  # the second time because no answer came: the same attempt
        after = records.step(Step.START, record_id, attempts=1, lease=ada, only_first=True)
        assert after["attempts"] == "1"
    client.delete(records.lease_key(record_id))
    before = records.get(record_id)
    with pytest.raises(JobBegunBefore, match=record_id):
        records.step(Step.START, record_id, attempts=1, lease=Lease("bob", 60), only_first=True)
    assert records.get(record_id) == before
    assert client.get(records.lease_key(record_id)) is None
    records.step(Step.START, record_id, attempts=1, lease=Lease("bob", 60))
    records.step(Step.REQUEUE, record_id, attempts=-2, lease=Lease("bob", 60))
    records.step(Step.START, record_id, attempts=1, lease=ada, only_first=True)


def test_a_lease_runs_out_by_itself_and_is_renewed_by_its_holder_alone(records: Records) -> None:
    record_id = new_id("t")
    records.create(record_id, {"created_at": 0})
    records.step(Step.START, record_id, {"worker": "ada"}, lease=Lease("ada", 0.2))
    assert records.renew(record_id, Lease("bob", 60)) is False
    assert records.renew(record_id, Lease("ada", 0.2)) is True

    def bob_takes_over() -> None:
        try:
            records.step(Step.START, record_id, {"worker": "bob"}, lease=Lease("bob", 60))
        except JobHeld as error:
            raise AssertionError from error

    eventually(bob_takes_over)
    assert records.renew(record_id, Lease("ada", 60)) is False, "who was taken for dead holds nothing any more"
    with pytest.raises(JobHeld, match="bob"):
        records.step(Step.REQUEUE, record_id, lease=Lease("ada", 60))


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
        with pytest.raises(RecordNotFound, match="t_nobody"):
            call("t_nobody")


def test_pages_list_every_record_once_newest_first(records: Records) -> None:
    ids = [f"t_{number:04d}" for number in range(25)]
    for record_id in ids:
        records.create(record_id, {"created_at": 0})
    seen: list[str] = []
    after = None
    while True:
        page = records.page(limit=10, after=after)
        seen += [record_id for record_id, _ in page.records]
        if (after := page.next_id) is None:
            break
    assert seen == ids[::-1]
