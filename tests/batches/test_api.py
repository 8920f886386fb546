"""Batches against a running stack: real photographs, a real embedder, a real pack."""

import csv
import io
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.storage.connection import connect
from core.storage.objects import ObjectStore
from tests.batches.conftest import accepted, ended, listed, rows, submit
from tests.support.stack import Stack, eventually
from tests.support.submitting import photograph

SAME = (
    *("outcome", "score", "decision", "threshold", "threshold_origin", "calibrated_fmr", "reasons", "faces", "seen"),
    *("pack", "pack_digest", "policy", "quality", "provider", "detection_size", "detection_threshold", "error"),
)
ONE_PAIR = listed([{"reference": "obama", "probe": "obama2"}])


def pairs_of(*names: str) -> bytes:
    return listed(
        [{"reference": one, "probe": two, "custom_id": f"{one} {two}"} for one, two in combinations(names, 2)]
    )


def test_every_pair_of_a_batch_has_the_facts_of_a_single_comparison_to_the_last_bit(
    http: httpx.Client, samples: dict[str, Path]
) -> None:
    names = ("obama", "obama2", "biden", "six_faces", "nobody")
    photographs = {name: samples[f"{name}.jpg"].read_bytes() for name in names[:-1]}
    photographs["nobody"] = photograph()
    form: dict[str, Any] = {"policy": "largest", "quality": "require", "threshold": "0.41"}
    batch = accepted(submit(http, photographs, pairs_of(*names), **form))
    assert (batch["pairs"], batch["photographs"], batch["counts"]["done"]) == (10, 5, 0)
    done = ended(http, batch["id"])
    found = rows(http, batch["id"], limit="3")
    assert [row["custom_id"] for row in found] == [f"{one} {two}" for one, two in combinations(names, 2)]
    for row, (one, two) in zip(found, combinations(names, 2), strict=True):
        files = {"reference": ("r", photographs[one]), "probe": ("p", photographs[two])}
        single = http.post("/v1/comparisons", files=files, data=form, headers={"Prefer": "wait=30"}).json()
        assert {name: row[name] for name in SAME} == {name: single[name] for name in SAME}, (one, two)
    assert (done["status"], done["counts"]["done"]) == ("succeeded", 10)
    decided = [row["decision"] or row["outcome"] for row in found]
    counts = {"match": "matches", "non_match": "non_matches", "not_acquired": "not_acquired"}
    assert {counts[what]: decided.count(what) for what in counts} == {
        name: done["counts"][name] for name in counts.values()
    }
    assert {"match", "not_acquired"} <= set(decided), "the photographs show both"


def test_one_reference_is_compared_with_each_of_the_others_without_a_list(
    http: httpx.Client, photographs: dict[str, bytes]
) -> None:
    sent = {"reference": photographs["obama"], "two": photographs["obama2"], "biden": photographs["biden"]}
    batch = accepted(submit(http, sent))
    ended(http, batch["id"])
    found = rows(http, batch["id"])
    assert [(row["custom_id"], row["reference"], row["probe"]) for row in found] == [
        ("two", "reference", "two"),
        ("biden", "reference", "biden"),
    ]
    assert [row["decision"] for row in found] == ["match", "non_match"]


def test_a_pair_that_cannot_be_judged_is_a_row_and_the_batch_succeeds(
    http: httpx.Client, photographs: dict[str, bytes]
) -> None:
    sent = {**photographs, "a text": b"this is no photograph", "cut": photographs["biden"][:4000], "empty": b""}
    pairs = [
        {"reference": "obama", "probe": "a text"},
        {"reference": "cut", "probe": "obama2"},
        {"reference": "empty", "probe": "empty"},
        {"reference": "biden", "probe": "biden"},
    ]
    batch = accepted(submit(http, sent, listed(pairs)))
    done = ended(http, batch["id"])
    assert (done["status"], done["error"], done["counts"]["not_acquired"]) == ("succeeded", None, 3)
    found = rows(http, batch["id"])
    assert [row["custom_id"] for row in found] == ["1", "2", "3", "4"]
    assert [[(r["side"], r["reason"]) for r in row["reasons"]] for row in found] == [
        [("probe", "undecodable_image")],
        [("reference", "undecodable_image")],
        [("reference", "undecodable_image"), ("probe", "undecodable_image")],
        [],
    ]
    assert found[3]["score"] == 1.0, "a photograph beside itself"


def test_rows_are_read_as_a_page_as_json_lines_and_as_csv_alike(
    http: httpx.Client, photographs: dict[str, bytes]
) -> None:
    pairs = [
        {"reference": "obama", "probe": "=HYPERLINK(1)", "custom_id": "=1+1"},
        {"reference": "obama", "probe": "biden", "custom_id": 'with "quotes", and a comma'},
    ]
    lines = "\n".join(json.dumps(pair) for pair in pairs).encode()
    sent = {"=HYPERLINK(1)": photographs["obama2"], **{name: photographs[name] for name in ("obama", "biden")}}
    batch = accepted(submit(http, sent, lines))
    ended(http, batch["id"])
    found = rows(http, batch["id"])
    url = f"/v1/batches/{batch['id']}/results"
    by_line = [json.loads(line) for line in http.get(url, params={"format": "jsonl"}).text.splitlines()]
    assert by_line == found
    answer = http.get(url, params={"format": "csv"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    cells = list(csv.DictReader(io.StringIO(answer.text)))
    assert [float(row["score"]) for row in cells] == [row["score"] for row in found], "to the last bit"
    assert [row["custom_id"] for row in cells] == ["'=1+1", 'with "quotes", and a comma'], "nothing a spreadsheet runs"
    assert cells[0]["probe"] == "'=HYPERLINK(1)"
    assert found[0]["custom_id"] == "=1+1"


def test_the_same_request_twice_is_one_batch(http: httpx.Client, photographs: dict[str, bytes]) -> None:
    headers = {"Idempotency-Key": "a batch of ours".replace(" ", "-")}
    first = submit(http, photographs, pairs_of(*photographs), headers=headers)
    again = submit(http, photographs, pairs_of(*photographs), headers=headers)
    assert (again.status_code, again.text) == (202, first.text)
    assert again.headers["Idempotent-Replayed"] == "true"
    other = submit(http, {**photographs, "biden": photographs["obama"]}, pairs_of(*photographs), headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    ended(http, accepted(first)["id"])
    assert http.delete(f"/v1/batches/{first.json()['id']}").status_code == 204
    gone = submit(http, photographs, pairs_of(*photographs), headers=headers)
    assert gone.status_code == 404


def test_an_erased_batch_leaves_nothing_in_the_bucket_and_nothing_among_the_records(
    http: httpx.Client, photographs: dict[str, bytes], batching: Stack
) -> None:
    batch = accepted(submit(http, photographs, pairs_of(*photographs)))
    ended(http, batch["id"])
    assert rows(http, batch["id"])
    assert http.delete(f"/v1/batches/{batch['id']}").status_code == 204
    for path in ("", "/results"):
        assert http.get(f"/v1/batches/{batch['id']}{path}").status_code == 404
    redis = connect(batching.settings.redis)
    assert list(redis.scan_iter(f"*{batch['id']}*")) == []

    def nothing_is_left() -> None:
        assert list(ObjectStore(batching.settings.objects).keys("batches/")) == []

    eventually(nothing_is_left)


def test_an_ended_batch_has_forgotten_what_opened_its_photographs_and_has_no_shards(
    http: httpx.Client, photographs: dict[str, bytes], batching: Stack
) -> None:
    batch = accepted(submit(http, photographs, pairs_of(*photographs)))
    ended(http, batch["id"])
    redis = connect(batching.settings.redis)
    assert redis.hget(f"batch:{batch['id']}", "seal_key") == ""
    assert list(redis.scan_iter(f"shard*{batch['id']}*")) == []
    for key in ("", ":rows", ":photographs"):
        assert redis.ttl(f"batch:{batch['id']}{key}") > 0, "what it found goes with it"


def test_batches_are_listed_newest_first_by_pages(http: httpx.Client, photographs: dict[str, bytes]) -> None:
    ids = [accepted(submit(http, photographs, pairs_of(*photographs)))["id"] for _ in range(3)]
    page = http.get("/v1/batches", params={"limit": 2}).json()
    assert [batch["id"] for batch in page["batches"]] == ids[:0:-1]
    following = http.get("/v1/batches", params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert following["batches"][0]["id"] == ids[0]
    for batch_id in ids:
        ended(http, batch_id)


@pytest.mark.parametrize(
    ("pairs", "status", "code", "said"),
    [
        (b"", 422, "pairs_empty", "pairs"),
        (b"[]", 422, "pairs_empty", "no pair"),
        (b"[1]", 422, "pair_invalid", "pairs/0: must be an object"),
        (b"[{", 422, "pairs_invalid", "neither JSON nor JSON Lines"),
        (b"\xff", 422, "pairs_invalid", "UTF-8"),
        (listed([{"reference": "obama"}]), 422, "field_missing", "pairs/0/probe"),
        (listed([{"reference": "obama", "probe": 7}]), 422, "pair_invalid", "found a number"),
        (listed([{"reference": "obama", "probe": "nobody"}]), 422, "photograph_missing", "'nobody'"),
        (listed([{"reference": "obama", "probe": "biden", "id": "1"}]), 422, "field_unknown", "pairs/0/id"),
        (listed([{"reference": "obama", "probe": "biden", "custom_id": ""}]), 422, "name_invalid", "found 0"),
        (listed([{"reference": "obama", "probe": "biden", "custom_id": "x"}] * 2), 422, "custom_id_twice", "pair 1"),
        (ONE_PAIR, 422, "photograph_unused", "biden"),
        (listed([{"reference": "obama", "probe": "biden"}] * 41), 422, "too_many_pairs", "LIKENESS_MAX_BATCH_PAIRS"),
        (b" " * 40 * 513, 422, "pairs_too_large", "LIKENESS_MAX_BATCH_PAIRS"),
    ],
)
def test_a_list_that_cannot_be_taken_says_where_and_why(
    http: httpx.Client, photographs: dict[str, bytes], pairs: bytes, status: int, code: str, said: str
) -> None:
    answer = submit(http, photographs, pairs)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert said in answer.json()["detail"], answer.text
    assert answer.json()["errors"][0]["pointer"].startswith(("/pairs", "/biden"))


def test_a_form_that_cannot_be_taken_says_which_part_and_which_limit(
    http: httpx.Client, photographs: dict[str, bytes], batching: Stack
) -> None:
    def refused(answer: httpx.Response) -> tuple[int, str, str]:
        problem = answer.json()
        return answer.status_code, problem["code"], problem["detail"]

    small = photographs["biden"][:600]
    status, code, detail = refused(submit(http, {f"p{n}": small for n in range(13)}))
    assert (status, code) == (413, "too_many_photographs")
    assert "13 photographs; at most 12" in detail
    assert "LIKENESS_MAX_BATCH_PHOTOGRAPHS" in detail
    with httpx.Client(base_url=batching.url) as alone:  # of what is too large, the connection goes
        status, code, detail = refused(submit(alone, {"reference": bytes(3_000_001), "probe": small}))
    assert (status, code) == (413, "body_too_large")
    assert "LIKENESS_MAX_BATCH_BYTES" in detail
    assert refused(submit(http, {"threshold": small}))[:2] == (422, "name_reserved")
    assert refused(submit(http, {"reference": small}))[:2] == (422, "pairs_empty")
    assert refused(submit(http, {"one": small, "two": small}))[:2] == (422, "part_missing")
    assert refused(submit(http, photographs, ONE_PAIR, treshold="1"))[:2] == (422, "field_unknown")
    assert refused(submit(http, photographs, ONE_PAIR, threshold="2"))[:2] == (422, "threshold_out_of_range")
    assert refused(submit(http, photographs, ONE_PAIR, pack="none"))[:2] == (422, "pack_unknown")
    twice = [("obama", ("a", small)), ("obama", ("b", small))]
    assert refused(http.post("/v1/batches", files=twice))[:2] == (422, "field_twice")
    assert refused(http.post("/v1/batches", json={}))[:2] == (415, "content_type_unsupported")


def test_what_is_no_batch_is_not_found_and_a_foreign_cursor_is_refused(http: httpx.Client) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/results")):
        answer = http.request(method, f"/v1/batches/bat_0{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
    batch: Any = http.get("/v1/batches", params={"limit": 1}).json()["batches"][0]
    for cursor in ("nonsense", "YmF0XzFfOQ", ""):
        answer = http.get(f"/v1/batches/{batch['id']}/results", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


def test_nothing_is_stored_of_what_was_refused(
    batching: Stack, http: httpx.Client, photographs: dict[str, bytes]
) -> None:
    """After all of the above: what ended is erased, and what was refused never lay there."""
    submit(http, photographs, ONE_PAIR)

    def nothing_is_left() -> None:
        assert list(ObjectStore(batching.settings.objects).keys("batches/")) == []

    eventually(nothing_is_left)
    assert connect(batching.settings.redis).zcard("shards:all") == 0
