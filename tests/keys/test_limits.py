"""Rates, quotas, the length of the queue, and whose turn it is."""

import re

from tests.support.keyed import Files, NewKey


def test_a_key_over_its_rate_is_told_when_to_come_back(new_key: NewKey) -> None:
    _, client = new_key("read", requests_per_minute=3)
    _, other = new_key("read", requests_per_minute=3)
    for left in (2, 1, 0):
        answer = client.get("/v1/comparisons")
        assert answer.status_code == 200
        assert answer.headers["RateLimit-Policy"] == '"requests";q=3;w=60'
        assert re.fullmatch(rf'"requests";r={left};t=\d+', answer.headers["RateLimit"])
        assert (answer.headers["X-RateLimit-Limit"], answer.headers["X-RateLimit-Remaining"]) == ("3", str(left))
    answer = client.get("/v1/comparisons")
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert other.get("/v1/comparisons").status_code == 200, "the limit is a key's own"


def test_what_a_key_may_not_do_counts_as_a_request_too(new_key: NewKey) -> None:
    _, client = new_key("read", requests_per_minute=2)
    answers = [client.post("/v1/evaluations", json={}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [403, 403, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]


def test_a_key_without_limits_of_its_own_has_the_deployments(new_key: NewKey) -> None:
    _, client = new_key("read")
    assert client.get("/v1/comparisons").headers["RateLimit-Policy"] == '"requests";q=600;w=60'


def test_a_key_without_a_quota_of_its_own_has_the_deployments(new_key: NewKey, pair: Files) -> None:
    _, client = new_key("submit")
    accepted = client.post("/v1/comparisons", files=pair)
    assert '"comparisons";q=10000;w=86400' in accepted.headers["RateLimit-Policy"]
    assert '"comparisons";r=9999;' in accepted.headers["RateLimit"]
    _, client = new_key("submit", comparisons_per_day=0)
    assert "comparisons" not in client.post("/v1/comparisons", files=pair).headers["RateLimit-Policy"]


def test_only_accepted_comparisons_count_against_the_quota(new_key: NewKey, pair: Files) -> None:
    _, client = new_key("submit", comparisons_per_day=2)
    for _ in range(3):
        refused = client.post("/v1/comparisons", files={**pair, "probe": ("p", b"no image")})
        assert refused.status_code == 415
    accepted = [client.post("/v1/comparisons", files=pair) for _ in range(2)]
    assert [answer.status_code for answer in accepted] == [202, 202]
    assert '"comparisons";q=2;w=86400' in accepted[0].headers["RateLimit-Policy"]
    assert '"comparisons";r=1;' in accepted[0].headers["RateLimit"]
    answer = client.post("/compare", files=pair)
    assert (answer.status_code, answer.json()["code"]) == (429, "quota_exceeded")
    assert 86000 < int(answer.headers["Retry-After"]) <= 86400
