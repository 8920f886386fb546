"""Who gets in, for what, and whose jobs they see."""

import json
import time

import httpx
import pytest
from click.testing import CliRunner

from core.comparisons.store import JobStore
from core.errors import KeyUnknown
from core.keys.keys import new_token
from core.keys.store import KeyStore
from likeness.cli.main import likeness
from tests.support.keyed import Files, NewKey, with_key
from tests.support.stack import Stack

STRANGE = ["", "Basic YTpi", "Bearer", "lk_0123456789ab_x"]
INVALID = ["Bearer x", "Bearer lk_", f"Bearer lk_{12 * '0'}_{43 * 'A'}", "Bearer lk_zz_" + "a" * 43, "bearer ümlaut"]


@pytest.mark.parametrize(
    ("header", "code"), [*((h, "key_missing") for h in STRANGE), *((h, "key_invalid") for h in INVALID)]
)
def test_without_a_good_key_there_is_only_a_401(secured: Stack, header: str, code: str) -> None:
    headers = [(b"Authorization", header.encode())] if header else []
    answer = httpx.get(f"{secured.url}/v1/packs", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="likeness"')


def test_a_wrong_secret_says_no_more_than_an_unknown_key(secured: Stack, new_key: NewKey) -> None:
    key, _ = new_key("read")
    KeyStore(secured.settings.redis).revoke(key.id)

    def said(token: str) -> dict[str, object]:
        with with_key(secured, token) as client:
            answer = client.get("/v1/packs")
        return {**answer.json(), "request_id": "", "header": answer.headers["WWW-Authenticate"]}

    assert said(f"lk_{key.id}_{new_token().secret}") == said(str(new_token()))


def test_what_is_open_needs_no_key(secured: Stack) -> None:
    for path in ("/", "/docs", "/health", "/ready", "/openapi.json"):
        assert httpx.get(secured.url + path).status_code == 200, path
    assert 'id="key"' in httpx.get(secured.url).text
    assert httpx.get(f"{secured.url}/nowhere").status_code == 404


def test_a_large_upload_without_a_key_gets_its_401_and_not_a_broken_connection(secured: Stack) -> None:
    files = {"reference": ("r", bytes(9 * 2**20)), "probe": ("p", bytes(9 * 2**20))}
    for _ in range(5):
        assert httpx.post(f"{secured.url}/v1/comparisons", files=files, timeout=30).status_code == 401


def test_a_call_beyond_the_scopes_is_403_and_names_the_scope(new_key: NewKey, pair: Files) -> None:
    _, reader = new_key("read", "evaluate")
    answer = reader.post("/v1/comparisons", files=pair)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert "scope submit" in answer.json()["detail"]
    assert 'scope="submit"' in answer.headers["WWW-Authenticate"]
    assert reader.get("/v1/comparisons").status_code == 200


def test_one_key_never_meets_the_jobs_of_another(new_key: NewKey, pair: Files) -> None:
    mine, me = new_key("submit", "read")
    _, other = new_key("submit", "read")
    _, admin = new_key("admin")
    job = me.post("/v1/comparisons", files=pair, headers={"Prefer": "wait=30"}).json()
    here = job["urls"]["self"]
    unknown = other.get("/v1/comparisons/cmp_nobody").json()
    for answer in (other.get(here), other.post(f"{here}/cancel"), other.delete(here), other.get(f"{here}?wait=1")):
        assert answer.status_code == 404
        assert answer.json() == {
            **unknown,
            "detail": unknown["detail"].replace("cmp_nobody", job["id"]),
            "instance": answer.json()["instance"],
            "request_id": answer.json()["request_id"],
        }
    assert other.get("/v1/comparisons").json() == {"jobs": [], "next_cursor": None}
    assert other.get("/v1/comparisons?status=succeeded").json()["jobs"] == []
    assert [j["id"] for j in me.get("/v1/comparisons").json()["jobs"]] == [job["id"]]
    assert admin.get(here).status_code == 200
    assert job["id"] in [j["id"] for j in admin.get("/v1/comparisons").json()["jobs"]]
    assert me.delete(here).status_code == 204
    assert me.get(here).status_code == 404
    assert mine.id


def test_a_plain_call_belongs_to_its_key_too(secured: Stack, new_key: NewKey, pair: Files) -> None:
    key, me = new_key("submit")
    answer = me.post("/compare", files=pair)
    assert answer.status_code == 200
    assert JobStore.of(secured.settings).get(answer.json()["job_id"]).owner == key.id


def test_a_revoked_key_is_refused_from_the_next_call_on(secured: Stack, new_key: NewKey) -> None:
    key, client = new_key("read")
    assert client.get("/v1/packs").status_code == 200
    KeyStore(secured.settings.redis).revoke(key.id)
    answer = client.get("/v1/packs")
    assert (answer.status_code, answer.json()["code"]) == (401, "key_revoked")


def test_an_expired_key_is_refused(new_key: NewKey) -> None:
    _, client = new_key("read", expires_at=time.time() - 1)
    answer = client.get("/v1/packs")
    assert (answer.status_code, answer.json()["code"]) == (401, "key_expired")


def test_a_rotated_key_sees_its_jobs_and_the_old_one_works_as_long_as_it_may(
    secured: Stack, new_key: NewKey, pair: Files
) -> None:
    key, old = new_key("submit", "read", comparisons_per_day=7)
    job = old.post("/v1/comparisons", files=pair).json()
    keys = KeyStore(secured.settings.redis)
    second, token = keys.rotate(key.id, overlap_s=60)
    assert (second.owner, second.scopes, second.comparisons_per_day) == (key.id, key.scopes, 7)
    with with_key(secured, str(token)) as new:
        assert new.get(job["urls"]["self"]).status_code == 200
        assert old.get(job["urls"]["self"]).status_code == 200
        third, token = keys.rotate(second.id)
        assert new.get(job["urls"]["self"]).json()["code"] == "key_revoked"
    with with_key(secured, str(token)) as newest:
        assert newest.get(job["urls"]["self"]).status_code == 200
    assert third.owner == key.id
    assert keys.get(key.id).expires_at == pytest.approx(time.time() + 60, abs=20)


def test_the_last_use_of_a_key_is_known_and_its_secret_is_nowhere(secured: Stack, new_key: NewKey) -> None:
    key, client = new_key("read")
    client.get("/v1/packs")
    stored = KeyStore(secured.settings.redis).get(key.id)
    assert stored.last_used_at == pytest.approx(time.time(), abs=20)
    token = client.headers["Authorization"].removeprefix("Bearer ")
    assert token.rpartition("_")[2] not in json.dumps(str(stored)) + secured.log("api")


def test_an_operator_makes_lists_rotates_and_revokes_keys(secured: Stack) -> None:
    def keys(*words: str) -> str:
        done = CliRunner().invoke(likeness, ["keys", *words], env=secured.environment, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    limits = ("--rate", "90", "--bytes", "7000000")
    made = json.loads(keys("create", "shop", "--scope", "submit", "--scope", "read", *limits, "--json"))
    assert (made["scopes"], made["state"]) == (["read", "submit"], "active")
    assert (made["requests_per_minute"], made["upload_bytes_per_minute"]) == (90, 7_000_000)
    listed = {key["id"]: key for key in json.loads(keys("list", "--json"))}
    assert listed[made["id"]]["name"] == "shop"
    assert "key" not in listed[made["id"]]
    assert made["id"] in keys("list")  # whole: it is what `rotate` and `revoke` take
    token = keys("rotate", made["id"]).strip()
    listing = secured.likeness("jobs", "--json", LIKENESS_API_KEY=token)
    assert (listing.returncode, listing.stdout) == (0, ""), listing.stderr
    keys("revoke", token.split("_")[1])
    refused = secured.likeness("jobs", LIKENESS_API_KEY=token)
    assert (refused.returncode, "revoked" in refused.stderr) == (1, True)
    with pytest.raises(KeyUnknown, match="no key has the id"):
        keys("revoke", "nobody")
    with pytest.raises(KeyUnknown, match="only an active key is rotated"):
        keys("rotate", made["id"])


def test_keys_cannot_be_turned_off_for_an_api_that_others_reach(secured: Stack) -> None:
    command = ("gunicorn", "--config", "python:api.serving.gunicorn", "api.app:create_app()")
    refused = secured.run(*command, LIKENESS_AUTH="off", LIKENESS_API_BIND="0.0.0.0:1")
    assert refused.returncode != 0
    assert "keys can be turned off on loopback only" in refused.stderr
