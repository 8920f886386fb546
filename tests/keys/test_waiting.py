"""Places for requests that wait: one owner never has them all, and `/compare` has one before it accepts anything."""

import io
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from api.door.services import Services
from api.door.waiters import NoPlaceToWait, Waiters
from core.comparisons.store import JobStore
from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.settings import Settings
from tests.support.keyed import nobody

THREADS = 8


@pytest.fixture
def waiters() -> Iterator[tuple[Waiters, ExitStack]]:
    with ExitStack() as until_the_end:
        yield Waiters(THREADS), until_the_end


def test_an_owner_has_a_quarter_of_the_threads_and_all_together_three(waiters: tuple[Waiters, ExitStack]) -> None:
    places, taken = waiters
    for owner in ("ada", "bob", "cleo"):
        for _ in range(2):
            taken.enter_context(places.place(owner))
        if owner != "cleo":
            with pytest.raises(NoPlaceToWait, match="2 requests of this key"), places.place(owner):
                pass
    with pytest.raises(NoPlaceToWait, match="6 requests of all callers"), places.place("dora"):
        pass
    taken.close()
    with places.place("dora"), places.place("ada"):
        pass


def test_without_keys_there_is_nobody_to_be_fair_to(waiters: tuple[Waiters, ExitStack]) -> None:
    places, taken = waiters
    for _ in range(6):
        taken.enter_context(places.place(None))
    with pytest.raises(NoPlaceToWait), places.place(None):
        pass


def test_a_place_is_free_again_after_an_error() -> None:
    places = Waiters(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="it broke"), places.place("ada"):
            raise ValueError("it broke")


@pytest.fixture
def door(stores: Settings) -> Iterator[tuple[Services, FlaskClient]]:
    app = create_app(stores.but(auth="on", api_threads=THREADS, max_wait_s=0.05))
    with app.test_client() as client:
        yield app.extensions["likeness"], client


def compare(client: FlaskClient, token: object, **headers: str) -> tuple[int, str]:
    form = {name: (io.BytesIO(body), filename) for name, (filename, body) in nobody().items()}
    answer = client.post("/compare", data=form, headers={"Authorization": f"Bearer {token}", **headers})
    if answer.status_code == 503:
        assert int(answer.headers["Retry-After"]) >= 1
    return answer.status_code, answer.get_json()["code"]


def test_compare_accepts_nothing_when_it_may_not_wait_for_it(
    door: tuple[Services, FlaskClient], stores: Settings
) -> None:
    services, client = door
    jobs, keys = JobStore.of(stores), KeyStore(stores.redis)
    (ada, adas), (_, bobs) = (keys.create(name, [Scope.SUBMIT, Scope.READ], comparisons_per_day=1) for name in "ab")
    with ExitStack() as taken:
        for _ in range(2):
            taken.enter_context(services.waiters.place(ada.owner))
        for headers in ({}, {"Idempotency-Key": "k"}):
            assert compare(client, adas, **headers) == (503, "no_place_to_wait")
        assert jobs.waiting().in_all == 0
        assert [*services.objects.keys("")] == []
        assert compare(client, bobs) == (504, "not_ended_in_time"), "another key's places are its own"
    assert compare(client, adas, **{"Idempotency-Key": "k"}) == (504, "not_ended_in_time"), "refused, it was free again"
    assert compare(client, adas, **{"Idempotency-Key": "k"}) == (504, "not_ended_in_time")
    assert (jobs.waiting(ada.owner).of_owner, jobs.waiting().in_all) == (1, 2)


def test_compare_finds_room_again_when_the_others_have_gone(
    door: tuple[Services, FlaskClient], stores: Settings
) -> None:
    services, client = door
    _, token = KeyStore(stores.redis).create("a", [Scope.SUBMIT])
    for _ in range(2 * THREADS):
        assert compare(client, token) == (504, "not_ended_in_time")
    with services.waiters.place("anybody"):
        pass
