"""Whoever waits for a record's end is told of it with the news, and only asks where the news does not say."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from core.storage.lifecycle import Status, Step, new_id
from core.storage.records import Fields, Records
from tests.support.stack import eventually


@contextmanager
def waiting(records: Records, client: Any, record_id: str) -> Iterator[Future[Fields]]:
    """Somebody who has looked once, in vain, and waits; what was asked of the server is counted from there."""
    with ThreadPoolExecutor(1) as pool:
        client.config_resetstat()
        told = pool.submit(records.wait, record_id, 30)
        eventually(lambda: looks(client) >= 1 or pytest.fail("nobody looks"))
        yield told


def looks(client: Any) -> int:
    """How often a whole record was asked for, from within scripts too."""
    return int(client.info("commandstats").get("cmdstat_hgetall", {"calls": 0})["calls"])


def recorded(records: Records, **fields: str) -> str:
    record_id = new_id("t")
    records.create(record_id, {"created_at": 0, **fields})
    return record_id


def test_the_news_is_the_record_as_it_ended(records: Records, client: Any) -> None:
    record_id = recorded(records, name='Zoë, "quoted", \x1b')
    with waiting(records, client, record_id) as told:
        records.step(Step.CANCEL, record_id, {"failure": "{}"}, brief=True)
        found = told.result(timeout=30)
        assert looks(client) == 2, "the one who waits, once, and the script that ended it"
    assert found == records.get(record_id)
    assert found["status"] == Status.CANCELLED


@pytest.mark.parametrize("news", [Status.CANCELLED, ""])
def test_news_that_is_no_record_has_him_look_for_himself(records: Records, client: Any, news: str) -> None:
    """As the version before publishes it."""
    record_id = recorded(records)
    with waiting(records, client, record_id) as told:
        client.hset(records.key(record_id), mapping={"status": Status.CANCELLED})
        client.publish(f"probe-ended:{record_id}", news)
        assert told.result(timeout=30) == records.get(record_id)


def test_a_large_record_is_not_sent_to_everybody_who_listens(records: Records, client: Any) -> None:
    record_id = recorded(records, rows="x" * 20_000)
    with client.pubsub() as listening, waiting(records, client, record_id) as told:
        listening.subscribe(f"probe-ended:{record_id}")
        records.step(Step.CANCEL, record_id)
        assert told.result(timeout=30)["rows"] == "x" * 20_000
        eventually(lambda: heard(listening) == [Status.CANCELLED] or pytest.fail("nothing was heard"))


def heard(listening: Any) -> list[str]:
    message: Mapping[str, Any] | None = listening.get_message(timeout=1)
    return [message["data"]] if message and message["type"] == "message" else []


def test_bytes_that_are_no_text_come_through(records: Records, client: Any) -> None:
    record_id = recorded(records)
    client.hset(records.key(record_id), "name", b"\xff\xfe")
    with waiting(records, client, record_id) as told:
        records.step(Step.CANCEL, record_id)
        assert told.result(timeout=30)["name"] == records.get(record_id)["name"]
