"""How many engines a process holds, whatever it is asked for."""

import gc
from weakref import ref

import pytest

from core.settings import Settings
from tests.support.servers import settings_of
from worker.engines import MOST_GUESTS, Engines


@pytest.fixture
def settings() -> Settings:
    """Of an engine that takes no memory: it is counted here, not weighed."""
    where = {"LIKENESS_API_URL": "http://127.0.0.1:1", "LIKENESS_REDIS_URL": "redis://127.0.0.1:1"}
    return settings_of({**where, "LIKENESS_ENGINE": "sleeping", "LIKENESS_DETECTION_SIZE": "640"})


def sizes(engines: Engines) -> list[tuple[str, int]]:
    return [(facts.pack.name, facts.detection_size) for facts in engines.facts]


def test_of_all_detection_sizes_that_were_ever_asked_for_the_last_two_are_kept(settings: Settings) -> None:
    engines = Engines(settings)
    seen = [ref(engines.get("zoo", detection_size=32 * number)) for number in range(1, 65)]
    gc.collect()
    assert sizes(engines) == [("zoo", 2016), ("zoo", 2048)]
    assert sum(engine() is not None for engine in seen) == MOST_GUESTS, "the others are gone"


def test_those_that_were_loaded_at_start_stay(settings: Settings) -> None:
    engines = Engines(settings)
    engines.load(("one", "two", "three"))
    loaded = [engines.get(name) for name in ("one", "two", "three")]
    for number in range(1, 10):
        engines.get("one", detection_size=32 * number)
    assert [engines.get(name) for name in ("one", "two", "three")] == loaded
    assert sizes(engines) == [("one", 640), ("two", 640), ("three", 640), ("one", 256), ("one", 288)]


def test_the_one_that_was_asked_for_longest_ago_goes(settings: Settings) -> None:
    engines = Engines(settings)
    for size in (32, 64, 32, 96):
        engines.get("zoo", detection_size=size)
    assert sizes(engines) == [("zoo", 32), ("zoo", 96)]


def test_an_engine_that_is_worked_with_is_never_there_twice(settings: Settings) -> None:
    engines = Engines(settings)
    at_work = engines.get("zoo", detection_size=32)
    for size in (64, 96, 128):
        engines.get("zoo", detection_size=size)
    assert ("zoo", 32) not in sizes(engines)
    assert engines.get("zoo", detection_size=32) is at_work
    assert sizes(engines) == [("zoo", 128), ("zoo", 32)]


def test_an_engine_that_nobody_works_with_is_not_loaded_again_when_it_is_asked_for(settings: Settings) -> None:
    engines = Engines(settings)
    loaded = ref(engines.get("zoo", detection_size=32))
    assert engines.get("zoo", detection_size=32) is loaded(), "no shard was in hand, and the next one loaded the pack"
