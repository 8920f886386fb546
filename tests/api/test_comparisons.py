"""The comparison API against a running stack: real photographs, a real worker, a real pack."""

import io
import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image, ImageFilter

from core.storage.objects import ObjectStore
from tests.support.stack import Stack, eventually

Files = dict[str, tuple[str, bytes]]


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=60) as client:
        yield client


@pytest.fixture
def pair(samples: dict[str, Path]) -> Callable[[str, str], Files]:
    def files(reference: str, probe: str) -> Files:
        return {
            "reference": ("reference", samples[reference].read_bytes()),
            "probe": ("probe", samples[probe].read_bytes()),
        }

    return files


def submit(http: httpx.Client, files: Files, **form: str) -> dict[str, object]:
    answer = http.post("/v1/comparisons", files=files, data=form, headers={"Prefer": "wait=30"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_mated_and_a_non_mated_pair_are_decided_rightly(http: httpx.Client, pair: Callable[..., Files]) -> None:
    mated = submit(http, pair("obama.jpg", "obama2.jpg"))
    assert (mated["status"], mated["outcome"], mated["decision"]) == ("succeeded", "compared", "match")
    assert mated["score"] == pytest.approx(0.74, abs=0.02)
    non_mated = submit(http, pair("obama.jpg", "biden.jpg"))
    assert non_mated["decision"] == "non_match"
    assert non_mated["score"] == pytest.approx(0.13, abs=0.02)


def test_the_same_file_twice_scores_exactly_one(http: httpx.Client, pair: Callable[..., Files]) -> None:
    assert submit(http, pair("biden.jpg", "biden.jpg"))["score"] == 1.0


def test_a_result_says_what_it_rests_on(http: httpx.Client, pair: Callable[..., Files]) -> None:
    job = submit(http, pair("obama.jpg", "obama2.jpg"), metadata='{"case": "42"}')
    assert job["pack"] == "opencv-zoo"
    assert len(str(job["pack_digest"])) == 64
    assert job["provider"] == "cpu"
    assert job["policy"] == "largest"
    assert job["threshold"] == 0.363
    assert job["threshold_origin"]
    assert job["metadata"] == {"case": "42"}
    assert {"store", "queue", "fetch", "decode", "detect", "embed", "total"} <= set(job["timings_ms"])  # type: ignore[call-overload]
    assert set(job["faces"]) == {"reference", "probe"}  # type: ignore[call-overload]


def test_a_result_says_what_was_seen_on_each_side(http: httpx.Client, pair: Callable[..., Files]) -> None:
    job: Any = submit(http, pair("obama.jpg", "six_faces.jpg"))
    assert job["quality"] == "report"
    reference, probe = job["seen"]["reference"], job["seen"]["probe"]
    assert (reference["width"], reference["height"], reference["faces_found"]) == (910, 1137, 1)
    assert [face["chosen"] for face in probe["faces"]].count(True) == 1
    assert len(probe["faces"]) == probe["faces_found"] == 6
    assert reference["faces"][0]["box"] == pytest.approx(job["faces"]["reference"]["box"], abs=0.06)
    eyes = [reference["landmarks"][name] for name in ("right_eye", "left_eye")]
    assert reference["measures"]["inter_eye_distance_px"] == pytest.approx(math.dist(*eyes), abs=0.2)
    assert reference["warnings"] == probe["warnings"] == []


def test_quality_is_required_where_it_is_asked_for(http: httpx.Client, samples: dict[str, Path]) -> None:
    buffer = io.BytesIO()
    Image.open(samples["obama.jpg"]).filter(ImageFilter.GaussianBlur(15)).save(buffer, "PNG")
    files = {"reference": ("r", buffer.getvalue()), "probe": ("p", samples["obama2.jpg"].read_bytes())}
    reported: Any = submit(http, files)
    assert (reported["outcome"], reported["seen"]["reference"]["warnings"]) == ("compared", ["blurred"])
    refused: Any = submit(http, files, quality="require")
    assert (refused["outcome"], refused["score"], refused["quality"]) == ("not_acquired", None, "require")
    assert [(reason["side"], reason["reason"]) for reason in refused["reasons"]] == [("reference", "blurred")]
    assert refused["seen"] == reported["seen"]
    assert [*refused["faces"]] == ["probe"]


def test_a_quality_that_is_neither_is_refused(http: httpx.Client, pair: Callable[..., Files]) -> None:
    answer = http.post("/v1/comparisons", files=pair("obama.jpg", "obama2.jpg"), data={"quality": "best"})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/quality", "quality_unknown")
    assert error["detail"] == "must be one of report, require; found best"


def test_an_image_without_a_face_is_a_succeeded_job(http: httpx.Client, pair: Callable[..., Files]) -> None:
    job = submit(http, pair("obama.jpg", "no_face.png"))
    assert (job["status"], job["outcome"], job["score"], job["decision"]) == ("succeeded", "not_acquired", None, None)
    assert [(r["side"], r["reason"]) for r in job["reasons"]] == [("probe", "no_face")]  # type: ignore[attr-defined]


def test_six_faces_are_one_under_two_policies_and_none_under_the_third(
    http: httpx.Client, pair: Callable[..., Files]
) -> None:
    files = pair("obama.jpg", "six_faces.jpg")
    for policy in ("largest", "most_central"):
        job = submit(http, files, policy=policy)
        assert job["outcome"] == "compared"
        assert job["faces"]["probe"]["faces_found"] == 6  # type: ignore[index]
    refused = submit(http, files, policy="require_one")
    assert refused["outcome"] == "not_acquired"
    assert refused["reasons"][0]["reason"] == "multiple_faces"  # type: ignore[index]
    assert "6" in refused["reasons"][0]["detail"]  # type: ignore[index]


def test_a_truncated_photograph_is_an_outcome(http: httpx.Client, samples: dict[str, Path]) -> None:
    whole = samples["obama.jpg"].read_bytes()
    job = submit(http, {"reference": ("r", whole), "probe": ("p", whole[: len(whole) // 2])})
    assert job["outcome"] == "not_acquired"
    assert job["reasons"][0]["reason"] == "undecodable_image"  # type: ignore[index]


def test_a_photograph_turned_by_its_exif_tag_gives_the_same_decision(
    http: httpx.Client, samples: dict[str, Path]
) -> None:
    upright = Image.open(samples["obama2.jpg"])
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn me a quarter clockwise"
    buffer = io.BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(buffer, "JPEG", quality=95, exif=exif)
    job = submit(http, {"reference": ("r", samples["obama.jpg"].read_bytes()), "probe": ("p", buffer.getvalue())})
    assert job["decision"] == "match"
    assert job["score"] == pytest.approx(0.74, abs=0.03)


def test_accepting_names_the_job_and_where_to_follow_it(http: httpx.Client, pair: Callable[..., Files]) -> None:
    accepted = http.post("/v1/comparisons", files=pair("obama.jpg", "obama2.jpg"))
    assert accepted.status_code == 202
    job = accepted.json()
    assert accepted.headers["Location"] == f"/v1/comparisons/{job['id']}" == job["urls"]["self"]
    assert int(accepted.headers["Retry-After"]) >= 1
    ended = http.get(accepted.headers["Location"], params={"wait": 30}).json()
    assert ended["status"] == "succeeded"


def test_prefer_wait_is_applied_and_said_so(http: httpx.Client, pair: Callable[..., Files]) -> None:
    answer = http.post("/v1/comparisons", files=pair("obama.jpg", "obama2.jpg"), headers={"Prefer": "wait=30"})
    assert answer.headers["Preference-Applied"] == "wait=30"
    asynchronous = http.post(
        "/v1/comparisons", files=pair("obama.jpg", "obama2.jpg"), headers={"Prefer": "respond-async, wait=30"}
    )
    assert asynchronous.status_code == 202
    assert "Preference-Applied" not in asynchronous.headers


def test_wait_in_the_query_holds_the_answer_to_a_submission_as_well(
    http: httpx.Client, pair: Callable[..., Files]
) -> None:
    answer = http.post("/v1/comparisons?wait=30", files=pair("obama.jpg", "obama2.jpg"))
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    assert "Preference-Applied" not in answer.headers, "no preference was sent"


def test_a_job_that_did_not_change_answers_304(http: httpx.Client, pair: Callable[..., Files]) -> None:
    job = submit(http, pair("obama.jpg", "obama2.jpg"))
    first = http.get(job["urls"]["self"])  # type: ignore[index]
    again = http.get(job["urls"]["self"], headers={"If-None-Match": first.headers["ETag"]})  # type: ignore[index]
    assert (again.status_code, again.content) == (304, b"")


def test_the_images_are_gone_once_the_job_has_ended(
    http: httpx.Client, stack: Stack, pair: Callable[..., Files]
) -> None:
    submit(http, pair("obama.jpg", "obama2.jpg"))
    objects = ObjectStore(stack.settings.objects)

    def gone() -> None:
        assert list(objects.keys("comparisons/")) == []

    eventually(gone)


def test_jobs_are_listed_newest_first_page_by_page(http: httpx.Client, pair: Callable[..., Files]) -> None:
    ids = [submit(http, pair("obama.jpg", "obama2.jpg"))["id"] for _ in range(3)]
    first = http.get("/v1/comparisons", params={"limit": 2})
    assert [job["id"] for job in first.json()["jobs"]] == ids[::-1][:2]
    assert 'rel="next"' in first.headers["Link"]
    second = http.get("/v1/comparisons", params={"limit": 2, "cursor": first.json()["next_cursor"]})
    assert second.json()["jobs"][0]["id"] == ids[0]
    assert all(job["status"] == "succeeded" for job in http.get("/v1/comparisons?status=succeeded").json()["jobs"])


def test_an_erased_job_is_gone_and_its_id_answers_404(http: httpx.Client, pair: Callable[..., Files]) -> None:
    job = submit(http, pair("obama.jpg", "obama2.jpg"))
    assert http.delete(f"/v1/comparisons/{job['id']}").status_code == 204
    answer = http.get(f"/v1/comparisons/{job['id']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")


def test_a_terminal_job_cannot_be_cancelled(http: httpx.Client, pair: Callable[..., Files]) -> None:
    job = submit(http, pair("obama.jpg", "obama2.jpg"))
    answer = http.post(f"/v1/comparisons/{job['id']}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "transition_refused")
    assert http.get(f"/v1/comparisons/{job['id']}").json()["status"] == "succeeded"


def test_the_plain_call_answers_with_score_decision_and_a_sentence(
    http: httpx.Client, pair: Callable[..., Files]
) -> None:
    answer = http.post("/compare", files=pair("obama.jpg", "obama2.jpg")).json()
    assert answer["is_match"] is True
    assert answer["similarity_score"] == pytest.approx(0.74, abs=0.02)
    assert "match" in answer["message"]
    without = http.post("/compare", files=pair("no_face.png", "obama2.jpg")).json()
    assert (without["is_match"], without["similarity_score"]) == (None, None)
    assert "reference: no face" in without["message"]


def test_many_clients_at_once_all_get_their_own_answer(stack: Stack, pair: Callable[..., Files]) -> None:
    answers: list[dict[str, object]] = []

    def ask(number: int) -> None:
        with httpx.Client(base_url=stack.url, timeout=60) as own:
            files = pair("obama.jpg", "obama2.jpg" if number % 2 else "biden.jpg")
            answers.append(submit(own, files, metadata=json.dumps({"n": str(number)})))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 12
    for answer in answers:
        expected = "match" if int(answer["metadata"]["n"]) % 2 else "non_match"  # type: ignore[index]
        assert answer["decision"] == expected


def test_a_wait_ends_when_the_job_does_and_not_later(http: httpx.Client, pair: Callable[..., Files]) -> None:
    began = time.monotonic()
    submit(http, pair("obama.jpg", "obama2.jpg"))
    assert time.monotonic() - began < 20, "a 30 s wait must end with the job, which takes a fraction of a second"
