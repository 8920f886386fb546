"""What may be asked of an object store: one contract, held by S3 and by the memory that stands in for it."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.errors import ObjectNotFound, StoreUnavailable
from core.settings import Settings
from core.storage.memory import MemoryObjects
from core.storage.objects import Objects, ObjectStore

NOBODY = "http://127.0.0.1:1"
LONG_AGO_S, LATER_S = 60.0, -60.0


@pytest.fixture(params=["memory", "s3"])
def objects(request: pytest.FixtureRequest, objects_settings: Settings) -> Objects:
    return MemoryObjects() if request.param == "memory" else ObjectStore(objects_settings.objects)


@pytest.fixture(params=["memory", "s3"])
def away(request: pytest.FixtureRequest, objects_settings: Settings) -> Objects:
    if request.param == "s3":
        return ObjectStore(objects_settings.but(s3_endpoint=NOBODY).objects)
    objects = MemoryObjects()
    objects.put("a", b"was here before")
    objects.is_away = True
    return objects


@pytest.mark.parametrize("body", [b"", b"a body", bytes(range(256)) * 5000])
def test_what_was_put_is_given_back(objects: Objects, body: bytes) -> None:
    objects.put("a", body)
    assert objects.get("a") == body
    assert objects.exists("a")
    assert [*objects.older_than("", LATER_S)] == [("a", len(body))]


@pytest.mark.parametrize("body", [b"", b"a body", bytes(10_000_000)], ids=len)
def test_what_was_sealed_is_given_back(objects: Objects, body: bytes) -> None:
    objects.put("comparisons/a b+c", b"was here before")
    objects.put_sealed("comparisons/a b+c", body)
    assert objects.get("comparisons/a b+c") == body
    assert [*objects.older_than("comparisons/", LATER_S)] == [("comparisons/a b+c", len(body))]


@pytest.mark.parametrize("sizes", [(5, 0, 70_000), (65_536, 65_536), (3_000_000, 1, 200_000)])
def test_several_bodies_become_one_object_in_their_order(objects: Objects, sizes: Sequence[int]) -> None:
    bodies = [bytes([number]) * size for number, size in enumerate(sizes)]
    objects.put_sealed("comparisons/a", *bodies)
    assert objects.get("comparisons/a") == b"".join(bodies)
    assert objects.get_part("comparisons/a", sizes[0], sizes[-1]) == b"".join(bodies[1:])[: sizes[-1]]


def test_the_size_of_an_object_and_its_beginning_are_given_without_the_rest(objects: Objects) -> None:
    objects.put("a b", b"a body")
    assert objects.size_bytes("a b") == 6
    assert [objects.get_first("a b", most_bytes) for most_bytes in (1, 6, 700)] == [b"a", b"a body", b"a body"]
    for ask in (objects.size_bytes, lambda key: objects.get_first(key, 1)):
        with pytest.raises(ObjectNotFound, match="nobody"):
            ask("nobody's")


def test_put_replaces_what_was_there(objects: Objects) -> None:
    objects.put("a", b"first", "text/plain")
    objects.put("a", b"second")
    assert objects.get("a") == b"second"
    assert [*objects.keys("")] == ["a"]


def test_a_missing_object_has_one_name(objects: Objects) -> None:
    objects.put("a/b", b"")
    for key in ("b", "a/c", "a/b/c"):
        with pytest.raises(ObjectNotFound, match=repr(key)):
            objects.get(key)
        assert not objects.exists(key)


def test_a_deleted_object_is_missing_and_one_that_is_not_there_is_no_error(objects: Objects) -> None:
    for key in ("a", "b"):
        objects.put(key, b"body")
    objects.delete(key for key in ("a", "nobody's"))
    objects.delete(["a"])
    objects.delete([])
    with pytest.raises(ObjectNotFound):
        objects.get("a")
    assert [*objects.keys("")] == ["b"]


def test_keys_are_those_that_begin_with_the_prefix_however_deep(objects: Objects) -> None:
    for key in ("comparisons/a", "comparisons/b/c", "comparisons-else", "runs/comparisons/a"):
        objects.put(key, b"body")
    assert sorted(objects.keys("comparisons/")) == ["comparisons/a", "comparisons/b/c"]
    assert sorted(objects.keys("comparisons")) == ["comparisons-else", "comparisons/a", "comparisons/b/c"]
    assert [*objects.keys("nothing/")] == []


def test_age_is_counted_from_when_an_object_was_last_written(objects: Objects) -> None:
    for key in ("images/a", "images/b", "else/c"):
        objects.put(key, key.encode())
    assert [*objects.older_than("images/", LONG_AGO_S)] == []
    assert sorted(objects.older_than("images/", LATER_S)) == [("images/a", 8), ("images/b", 8)]


def test_a_list_is_read_while_others_write(objects: Objects) -> None:
    there = {f"there/{number}" for number in range(20)}
    for key in there:
        objects.put(key, b"body")
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            objects.put(f"there/new-{number % 50}", b"body")
            objects.delete([f"there/new-{(number + 25) % 50}"])
            number += 1

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        lists = [[*objects.keys("there/")] for _ in range(10)]
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    for found in lists:
        assert there <= {*found}


def test_a_store_that_is_there_answers_a_ping(objects: Objects) -> None:
    objects.ping()


def test_a_bucket_that_is_not_there_is_a_store_that_is_away(objects_settings: Settings) -> None:
    elsewhere = ObjectStore(objects_settings.but(s3_bucket="nobody-made-this").objects)
    for call in (
        elsewhere.ping,
        lambda: elsewhere.put("a", b"body"),
        lambda: elsewhere.put_sealed("a", b"body"),
        lambda: elsewhere.get("a"),
        lambda: [*elsewhere.keys("")],
    ):
        with pytest.raises(StoreUnavailable):
            call()


CALLS: dict[str, Callable[[Objects], Any]] = {
    "ping": lambda objects: objects.ping(),
    "put": lambda objects: objects.put("a", b"body"),
    "put_sealed": lambda objects: objects.put_sealed("a", b"body"),
    "get": lambda objects: objects.get("a"),
    "exists": lambda objects: objects.exists("a"),
    "keys": lambda objects: next(objects.keys(""), None),
    "older_than": lambda objects: next(objects.older_than("", LATER_S), None),
    "delete": lambda objects: objects.delete(["a"]),
}


def test_a_store_that_is_away_has_one_name(away: Objects) -> None:
    for name, call in CALLS.items():
        with pytest.raises(StoreUnavailable) as raised:
            call(away)
        assert raised.value.retryable, name


def test_of_a_store_that_is_away_nothing_is_asked_before_a_list_is_read(away: Objects) -> None:
    away.delete([])
    away.keys("")
    away.older_than("", LONG_AGO_S)


def test_an_outage_of_the_memory_loses_nothing_and_takes_nothing() -> None:
    objects = MemoryObjects()
    objects.put("a", b"before")
    objects.is_away = True
    for key in ("a", "b"):
        with pytest.raises(StoreUnavailable):
            objects.put(key, b"meanwhile")
    with pytest.raises(StoreUnavailable):
        objects.delete(["a"])
    objects.is_away = False
    assert [(key, objects.get(key)) for key in objects.keys("")] == [("a", b"before")]


KEYS = st.sampled_from([f"{folder}/{name}" for folder in ("comparisons", "runs/1", "runs/12") for name in "abc"])
STEPS = st.one_of(
    st.tuples(st.sampled_from(["put", "put_sealed"]), KEYS, st.binary(max_size=8)),
    st.tuples(st.just("delete"), st.lists(KEYS, max_size=3)),
    st.tuples(st.just("get"), KEYS),
    st.tuples(st.just("exists"), KEYS),
    st.tuples(st.just("keys"), st.sampled_from(["", "comparisons/", "runs/", "runs/1", "runs/1/", "c"])),
    st.tuples(st.just("older_than"), st.sampled_from(["", "runs/1"]), st.sampled_from([LONG_AGO_S, LATER_S])),
)


def answer_of(objects: Objects, step: tuple[Any, ...]) -> object:
    """What a step gives, in a form that can be compared."""
    name, *arguments = step
    try:
        answer = getattr(objects, name)(*arguments)
    except ObjectNotFound as missing:
        return str(missing)
    return sorted(answer) if name in ("keys", "older_than") else answer


@given(steps=st.lists(STEPS, max_size=12))
@hypothesis_settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_done_memory_and_s3_give_the_same_answers(
    objects_settings: Settings, steps: list[tuple[Any, ...]]
) -> None:
    memory, s3 = MemoryObjects(), ObjectStore(objects_settings.objects)
    s3.delete([*s3.keys("")])
    for step in steps:
        assert answer_of(memory, step) == answer_of(s3, step), step
    assert {key: memory.get(key) for key in memory.keys("")} == {key: s3.get(key) for key in s3.keys("")}
