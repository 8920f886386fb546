"""A record comes to be once, and together with the claim it is made for."""

import time
from typing import Any

import pytest

from core.storage.idempotency import Claim, Claims, IdempotencyInFlight, Known
from core.storage.lifecycle import Status, Step, new_id
from core.storage.records import Records
from tests.support.servers import Servers


@pytest.fixture
def claims(redis_server: Servers) -> Claims:
    return Claims(redis_server.settings.redis, redis_server.settings.jobs)


def test_created_twice_a_record_stays_what_it_has_become(records: Records) -> None:
    record_id = new_id("t")
    records.create(record_id, {"created_at": 0}, owner="ada")
    records.step(Step.CANCEL, record_id)
    records.create(record_id, {"created_at": 1}, owner="bob")
    fields = records.get(record_id)
    assert (fields["status"], fields["created_at"], fields["owner"]) == (Status.CANCELLED, "0", "ada")
    assert record_id not in records.ids(Status.QUEUED)
    assert not records.page(limit=10, owner="bob").records


def test_a_record_and_its_claim_are_written_in_one_step(records: Records, claims: Claims, client: Any) -> None:
    claim = claims.claim("ada", new_id("key"), "a request")
    assert isinstance(claim, Claim)
    record_id = new_id("t")
    records.create(record_id, {"created_at": 0}, claim=claim)
    written = client.hgetall(claim.key)
    assert written["subject"] == record_id
    assert float(written["leased_until"]) > time.time()


def test_a_claim_knows_what_was_made_for_it(records: Records, claims: Claims) -> None:
    key, record_id = new_id("key"), new_id("t")
    claim = claims.claim("ada", key, "a request")
    assert isinstance(claim, Claim)
    records.create(record_id, {"created_at": 0}, claim=claim)
    assert claims.claim("ada", key, "a request") == Known(record_id)


def test_nothing_is_recorded_for_a_claim_that_has_passed_to_another(records: Records, claims: Claims) -> None:
    key, record_id = new_id("key"), new_id("t")
    lost = claims.claim("ada", key, "a request")
    assert isinstance(lost, Claim)
    claims.release(lost)
    claims.claim("ada", key, "a request")
    with pytest.raises(IdempotencyInFlight):
        records.create(record_id, {"created_at": 0}, claim=lost)
    assert record_id not in records.ids(*Status)


def test_a_creation_whose_answer_was_lost_may_be_sent_again(records: Records, claims: Claims) -> None:
    claim = claims.claim("ada", new_id("key"), "a request")
    assert isinstance(claim, Claim)
    record_id = new_id("t")
    for _ in range(2):
        records.create(record_id, {"created_at": 0}, claim=claim)
    assert records.ids(Status.QUEUED).count(record_id) == 1
