"""What clients read while the servers behind the API are away: that they are, and not where they are."""

import io

import pytest

from api.app import create_app
from core.settings import Settings
from core.storage.connection import connect
from tests.support.keyed import nobody
from tests.support.servers import Servers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/ready"),
        ("GET", "/v1/comparisons"),
        ("POST", "/v1/comparisons"),
        ("POST", "/compare"),
        ("GET", "/v1/packs"),
        ("GET", "/v1/webhook-deliveries"),
        ("GET", "/v1/evaluations"),
    ],
)
def test_an_outage_does_not_tell_where_our_servers_are(method: str, path: str) -> None:
    away = Settings(
        redis_url="redis://:a-password@127.0.0.1:1",
        s3_endpoint="http://127.0.0.1:1",
        s3_access_key="key",
        s3_secret_key="secret",
    )
    form = {name: (io.BytesIO(body), filename) for name, (filename, body) in nobody().items()}
    with create_app(away).test_client() as client:
        answer = client.open(path, method=method, data=form if method == "POST" else None)
    assert answer.status_code == 503
    said = answer.get_data(as_text=True)
    assert "did not answer" in said
    for inner in ("127.0.0.1", "a-password", "Errno", "Error 111"):
        assert inner not in said, said


def test_readiness_warns_before_the_server_of_the_records_is_full(redis_server: Servers) -> None:
    records = connect(redis_server.settings.redis)
    settings = redis_server.settings.but(s3_endpoint="http://127.0.0.1:1", s3_access_key="k", s3_secret_key="s")

    def said() -> dict[str, object]:
        with create_app(settings).test_client() as client:  # one process gives the same answer for a second
            return dict(client.get("/ready").get_json()["checks"]["job_store"])

    assert said() == {"ok": True, "detail": "answers"}, "without a limit"
    used = records.info("memory")["used_memory"]
    records.config_set("maxmemory", 10 * used)
    assert said() == {"ok": True, "detail": "answers"}
    records.config_set("maxmemory", int(1.1 * used))
    warned = said()
    assert warned["ok"] is True, "it still does what it is asked"
    assert "% of its memory is used" in str(warned["detail"])
