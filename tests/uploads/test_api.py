"""Uploads through all processes: what a submission may name, and what is left of it."""

import base64
import hashlib

import httpx
import pytest

from core.comparisons.erasure import erase_due
from core.comparisons.store import JobStore
from core.storage.connection import connect
from core.storage.lifecycle import new_id
from core.storage.objects import ObjectStore
from tests.support.stack import Stack, eventually
from tests.support.uploads import opened, put, uploaded
from tests.uploads.conftest import compared, gone, image, refused

ONE, TWO = image(40), image(200)


def of_nobody() -> str:
    return new_id("upl")


def test_two_uploads_are_compared_and_nothing_of_them_stays_in_clear(
    http: httpx.Client, uploading: Stack, objects: ObjectStore
) -> None:
    ids = uploaded(http, ONE), uploaded(http, TWO)
    answer = compared(http, *ids)
    assert answer.status_code == 200, answer.text
    job = answer.json()
    assert (job["status"], job["outcome"]) == ("succeeded", "compared")
    request = JobStore.of(uploading.settings).get(job["id"]).request
    assert [request.reference.sha256, request.probe.sha256] == [hashlib.sha256(b).hexdigest() for b in (ONE, TWO)]
    assert request.uploads == {}
    gone(objects, *ids)
    assert http.get(f"/v1/uploads/{ids[0]}").json()["used_by"] == job["id"]
    assert http.get(f"/v1/uploads/{ids[0]}").json()["url"] is None, "an address is shown once"


@pytest.mark.parametrize("side", ["reference", "probe"])
def test_one_image_may_be_uploaded_and_the_other_sent(http: httpx.Client, side: str, objects: ObjectStore) -> None:
    upload = uploaded(http, ONE)
    other = "probe" if side == "reference" else "reference"
    by_json = http.post(
        "/v1/comparisons", json={side: upload, other: base64.b64encode(TWO).decode()}, headers={"Prefer": "wait=30"}
    )
    assert by_json.json()["outcome"] == "compared", by_json.text
    form = http.post("/compare", data={side: uploaded(http, ONE)}, files={other: ("two.jpg", TWO)})
    assert form.status_code == 200, form.text
    assert form.json()["similarity_score"] is not None
    gone(objects, upload)


def test_a_batch_names_uploads_beside_files(http: httpx.Client, objects: ObjectStore, jobs: JobStore) -> None:
    ids = {name: uploaded(http, image(shade)) for name, shade in (("a", 1), ("b", 2), ("c", 3))}
    pairs = '{"reference": "a", "probe": "b"}\n{"reference": "a", "probe": "sent"}\n{"reference": "c", "probe": "b"}'
    answer = http.post("/v1/batches", data={**ids, "pairs": pairs}, files={"sent": ("sent.jpg", TWO)})
    assert answer.status_code == 202, answer.text
    batch = http.get(f"/v1/batches/{answer.json()['id']}", params={"wait": 30}).json()
    assert (batch["status"], batch["counts"]["compared"]) == ("succeeded", 3)
    gone(objects, *ids.values(), jobs=jobs)
    assert http.get(f"/v1/uploads/{ids['a']}").json()["used_by"] == batch["id"]


def test_the_short_form_takes_uploads_alone(http: httpx.Client) -> None:
    opened_at_once = http.post(
        "/v1/uploads", json={"uploads": [{"size_bytes": len(image(n)), "media_type": "image/jpeg"} for n in range(5)]}
    )
    assert opened_at_once.status_code == 201, opened_at_once.text
    uploads = opened_at_once.json()["uploads"]
    assert {put(upload, image(n)).status_code for n, upload in enumerate(uploads)} == {200}
    names = ["reference", *"abcd"]
    # Every part without a filename: httpx would otherwise send no multipart form.
    parts = [(name, (None, upload["id"])) for name, upload in zip(names, uploads, strict=True)]
    answer = http.post("/v1/batches", files=parts)
    assert answer.status_code == 202, answer.text
    batch = http.get(f"/v1/batches/{answer.json()['id']}", params={"wait": 30}).json()
    assert (batch["status"], batch["pairs"], batch["counts"]["compared"]) == ("succeeded", 4, 4)


def test_an_upload_is_named_once_and_a_repeated_request_gets_the_same_answer(http: httpx.Client) -> None:
    ids = uploaded(http, ONE), uploaded(http, TWO)
    key = {"Idempotency-Key": f"key {ids[0]}".replace(" ", "-")}
    first = compared(http, *ids, **key)
    again = compared(http, *ids, **key)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    detail = refused(compared(http, *ids), 422, "upload_used", "/reference")
    assert first.json()["id"] in detail
    refused(compared(http, uploaded(http, ONE), ids[1]), 422, "upload_used", "/probe")


def test_the_same_photographs_put_once_more_are_the_same_request_where_their_digests_were_announced(
    http: httpx.Client,
) -> None:
    def ids() -> tuple[str, ...]:
        return tuple(uploaded(http, body, sha256=hashlib.sha256(body).hexdigest()) for body in (ONE, TWO))

    key = {"Idempotency-Key": of_nobody()}
    first = compared(http, *ids(), **key)
    assert compared(http, *ids(), **key).json() == first.json()
    refused(compared(http, *reversed(ids()), **key), 422, "idempotency_key_reused")


def test_one_upload_cannot_be_both_images(http: httpx.Client) -> None:
    upload = uploaded(http, ONE)
    assert "reference names the same upload" in refused(compared(http, upload, upload), 422, "upload_used", "/probe")
    assert compared(http, upload, uploaded(http, TWO)).status_code == 200, "what was refused has used nothing"


def test_another_keys_upload_looks_like_none(http: httpx.Client, other: httpx.Client) -> None:
    mine, nobodys = uploaded(http, ONE), of_nobody()
    told = {}
    for upload in (mine, nobodys):
        told[upload] = [
            refused(compared(other, upload, uploaded(other, TWO)), 422, "upload_unknown", "/reference"),
            refused(other.get(f"/v1/uploads/{upload}"), 404, "upload_not_found"),
            refused(other.delete(f"/v1/uploads/{upload}"), 404, "upload_not_found"),
        ]
    assert [text.replace(mine, nobodys) for text in told[mine]] == told[nobodys]
    assert compared(http, mine, uploaded(http, TWO)).status_code == 200


def test_what_was_not_put_yet_is_refused_and_may_be_named_once_it_is(http: httpx.Client) -> None:
    upload = opened(http, ONE)
    sent = base64.b64encode(TWO).decode()
    assert "nothing has been put there yet" in refused(
        compared(http, upload["id"], sent), 422, "upload_missing", "/reference"
    )
    assert put(upload, ONE).status_code == 200
    assert compared(http, upload["id"], sent).status_code == 200


def test_an_upload_whose_time_is_over_is_refused(http: httpx.Client, uploading: Stack) -> None:
    upload = uploaded(http, ONE)
    connect(uploading.settings.redis).hset(f"upload:{upload}", "expires_at", 1)
    detail = refused(compared(http, upload, uploaded(http, TWO)), 422, "upload_expired", "/reference")
    assert "LIKENESS_UPLOADS_EXPIRE_S" in detail
    assert http.get(f"/v1/uploads/{upload}").json()["status"] == "expired"


@pytest.mark.parametrize(
    ("body", "media_type", "code", "said"),
    [
        (b"hello, this is text and no photograph", "image/jpeg", "image_unsupported", "the bytes begin with"),
        (image(1, "PNG"), "image/jpeg", "upload_differs", "image/jpeg was announced, and image/png was put"),
    ],
    ids=["a text", "another format"],
)
def test_what_is_not_the_photograph_that_was_announced_ends_the_job(
    http: httpx.Client, objects: ObjectStore, body: bytes, media_type: str, code: str, said: str
) -> None:
    upload = uploaded(http, body, media_type)
    job = compared(http, uploaded(http, ONE), upload).json()
    assert (job["status"], job["error"]["code"]) == ("failed", code)
    assert f"probe: {said}" in job["error"]["message"]
    gone(objects, upload)


def test_a_photograph_with_another_digest_ends_the_job(http: httpx.Client) -> None:
    upload = uploaded(http, ONE, sha256=hashlib.sha256(TWO).hexdigest())
    job = compared(http, upload, uploaded(http, TWO)).json()
    assert job["error"] == {
        "code": "upload_differs",
        "message": "reference: what was put has another SHA-256 than was announced",
    }


def test_in_a_batch_only_the_pairs_of_a_bad_upload_say_so(http: httpx.Client) -> None:
    good, bad = uploaded(http, ONE), uploaded(http, b"text" * 100)
    wrong = uploaded(http, image(1, "PNG"))
    parts = [(n, (None, i)) for n, i in (("reference", good), ("bad", bad), ("wrong", wrong))]
    answer = http.post("/v1/batches", files=[*parts, ("two", ("two.jpg", TWO))])
    batch = http.get(f"/v1/batches/{answer.json()['id']}", params={"wait": 30}).json()
    assert batch["status"] == "succeeded"
    rows = {row["probe"]: row for row in http.get(f"/v1/batches/{batch['id']}/results").json()["results"]}
    assert rows["bad"]["reasons"][0]["reason"] == "undecodable_image"
    assert rows["wrong"]["error"]["code"] == "upload_differs"
    assert rows["two"]["outcome"] == "compared"


def test_an_upload_that_nobody_named_can_be_erased(http: httpx.Client, objects: ObjectStore, jobs: JobStore) -> None:
    upload = uploaded(http, ONE)
    assert http.delete(f"/v1/uploads/{upload}").status_code == 204
    gone(objects, upload, jobs=jobs)
    refused(http.get(f"/v1/uploads/{upload}"), 404, "upload_not_found")
    used = uploaded(http, ONE)
    compared(http, used, uploaded(http, TWO))
    refused(http.delete(f"/v1/uploads/{used}"), 422, "upload_used")


def test_erasing_or_cancelling_the_job_erases_its_uploads(
    http: httpx.Client, objects: ObjectStore, jobs: JobStore
) -> None:
    ids = uploaded(http, ONE), uploaded(http, TWO)
    job = compared(http, *ids, Prefer="respond-async").json()
    assert http.delete(f"/v1/comparisons/{job['id']}").status_code == 204
    gone(objects, *ids, jobs=jobs)

    def all_sealed_images_are_gone() -> None:
        erase_due(jobs, objects)
        assert [*objects.keys("comparisons/")] == []

    eventually(all_sealed_images_are_gone)
