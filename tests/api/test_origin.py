"""Without keys, no page of another site reads or submits anything; people, programs and our own page go on."""

import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from core.comparisons.store import JobStore
from core.settings import Settings
from tests.support.keyed import nobody

#: What a browser says, by what asks.
OUR_PAGE = {"Host": "127.0.0.1:8000", "Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
TYPED_IN = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FORM = {**LINK, "Origin": "https://evil.example"}
FRAME = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
SCRIPT = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}
NEIGHBOUR = {"Host": "localhost:8000", "Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"}


@pytest.fixture
def client(stores: Settings) -> FlaskClient:
    return create_app(stores).test_client()


def refused(answer: Any) -> tuple[int, dict[str, str]]:
    assert answer.mimetype == "application/problem+json"
    return answer.status_code, answer.json


def submit(client: FlaskClient, headers: dict[str, str]) -> Any:
    form = {side: (io.BytesIO(body), name) for side, (name, body) in nobody().items()}
    return client.post("/v1/comparisons", data=form, headers=headers)


OURS = (
    *("localhost", "localhost:8000", "LOCALHOST:80", "localhost.:8000"),
    *("127.0.0.1", "127.0.0.1:8000", "127.8.9.1:65535", "[::1]", "[::1]:8000"),
)
OTHERS = (
    *("rebound.evil.example", "rebound.evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example:8000"),
    *("192.168.0.7:8000", "0.0.0.0:8000", "[::]:8000", "[fe80::1]", "169.254.1.1", "2130706433", "127.1"),
    *("evil.example@localhost", "localhost:8000, evil.example", "localhost:x", "localhost/x", "a b", "[::1", "é"),
)


def test_every_name_of_loopback_is_ours_at_any_port(client: FlaskClient) -> None:
    for host in OURS:
        assert client.get("/v1/comparisons", headers={"Host": host}).status_code == 200, host


def test_a_name_that_was_made_to_lead_here_reads_nothing(client: FlaskClient) -> None:
    for host in OTHERS:
        for path in ("/v1/comparisons", "/", "/openapi.json", "/nowhere"):
            status, problem = refused(client.get(path, headers={"Host": host}))
            assert (status, problem["code"]) == (403, "host_unknown"), host
        for way in ("http://localhost", "LIKENESS_API_HOSTS", "LIKENESS_AUTH=on"):
            assert way in problem["detail"]


def test_programs_people_and_our_own_page_submit_and_read(client: FlaskClient) -> None:
    for headers in ({}, OUR_PAGE, TYPED_IN, {"Sec-Fetch-Site": "same-origin"}):
        accepted = submit(client, headers)
        assert accepted.status_code == 202, headers
        assert client.get(accepted.json["urls"]["self"], headers=headers).status_code == 200, headers


def test_a_page_of_another_site_submits_nothing(client: FlaskClient, stores: Settings) -> None:
    for headers in (
        *(FORM, LINK, SCRIPT, NEIGHBOUR, {"Origin": "null"}, {"Origin": "https://evil.example"}),
        *({"Sec-Fetch-Site": "x"}, {**OUR_PAGE, "Origin": "http://127.0.0.1:8001"}),
        {**OUR_PAGE, "Sec-Fetch-Site": "cross-site"},
    ):
        status, problem = refused(submit(client, headers))
        assert (status, problem["code"]) == (403, "other_site"), headers
        assert "LIKENESS_API_HOSTS" in problem["detail"]
    assert JobStore.of(stores).page(limit=1).jobs == ()


def test_nor_does_it_read(client: FlaskClient) -> None:
    for headers in (SCRIPT, FRAME, NEIGHBOUR, {"Sec-Fetch-Site": "same-site"}):
        for path in ("/v1/comparisons", "/docs", "/health"):
            assert client.get(path, headers=headers).status_code == 403, headers
            assert client.options(path, headers=headers).status_code == 403, headers


def test_a_link_to_us_on_another_site_opens(client: FlaskClient) -> None:
    assert client.get("/docs", headers=LINK).status_code == 200


def test_the_settings_name_further_hosts(stores: Settings) -> None:
    settings = stores.but(api_url="https://Faces.example:8443", api_hosts=("box.local", "pages.local:3000"))
    client = create_app(settings).test_client()
    for host in ("faces.example", "box.local", "BOX.local:9000", "pages.local:3000", "localhost"):
        assert client.get("/v1/comparisons", headers={"Host": host}).status_code == 200, host
    assert client.get("/v1/comparisons", headers={"Host": "pages.local:3001"}).status_code == 403
    known = {"Origin": "http://pages.local:3000", "Sec-Fetch-Site": "cross-site"}
    assert submit(client, known).status_code == 202
    assert submit(client, {**known, "Origin": "http://pages.local:3001"}).status_code == 403


def test_with_keys_on_the_name_does_not_matter_and_the_key_does(stores: Settings) -> None:
    client = create_app(stores.but(auth="on")).test_client()
    for headers in ({"Host": "faces.example"}, FORM):
        assert client.get("/health", headers=headers).status_code == 200
        assert submit(client, headers).status_code == 401
