"""What clients read while the servers behind the API are away: that they are, and not where they are."""

import io

import pytest

from api.app import create_app
from core.settings import Settings
from tests.support.keyed import nobody


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
