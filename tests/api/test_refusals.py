"""Each request that is refused has a problem document with a code of its own."""

import io
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image

from tests.support.stack import Stack

Files = dict[str, tuple[str, bytes]]


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=60) as client:
        yield client


def small_jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, "JPEG")
    return buffer.getvalue()


GOOD = ("image.jpg", small_jpeg())


@pytest.mark.parametrize(
    ("files", "form", "status", "code"),
    [
        ({"reference": GOOD}, {}, 422, "part_missing"),
        ({"reference": GOOD, "probe": ("p", b"")}, {}, 422, "part_empty"),
        ({"reference": GOOD, "probe": ("p", b"hello, this is text")}, {}, 415, "image_unsupported"),
        ({"reference": GOOD, "probe": ("p", b"\xff\xd8" + bytes(10 * 2**20))}, {}, 413, "image_too_large"),
        ({"reference": GOOD, "probe": ("p", bytes(22 * 2**20))}, {}, 413, "body_too_large"),
        ({"reference": GOOD, "probe": GOOD}, {"pack": "nobody"}, 422, "pack_unknown"),
        ({"reference": GOOD, "probe": GOOD}, {"policy": "prettiest"}, 422, "policy_unknown"),
        ({"reference": GOOD, "probe": GOOD}, {"threshold": "1.5"}, 422, "threshold_out_of_range"),
        ({"reference": GOOD, "probe": GOOD}, {"threshold": "nan"}, 422, "threshold_out_of_range"),
        ({"reference": GOOD, "probe": GOOD}, {"threshold": "high"}, 422, "threshold_invalid"),
        ({"reference": GOOD, "probe": GOOD}, {"target_fmr": "0"}, 422, "target_fmr_out_of_range"),
        ({"reference": GOOD, "probe": GOOD}, {"target_fmr": "0.001"}, 422, "pack_not_calibrated"),
        ({"reference": GOOD, "probe": GOOD}, {"threshold": "0.3", "target_fmr": "0.1"}, 422, "threshold_ambiguous"),
        ({"reference": GOOD, "probe": GOOD}, {"metadata": "[1]"}, 422, "metadata_invalid"),
        ({"reference": GOOD, "probe": GOOD}, {"metadata": "x" * 3000}, 422, "metadata_too_large"),
        ({"reference": GOOD, "probe": GOOD}, {"treshold": "0.3"}, 422, "field_unknown"),
    ],
)
def test_each_bad_submission_has_its_own_code(
    http: httpx.Client, files: Files, form: dict[str, str], status: int, code: str
) -> None:
    answer = http.post("/v1/comparisons", files=files, data=form)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert problem["detail"]


def test_a_pixel_bomb_is_refused_at_the_door(http: httpx.Client) -> None:
    buffer = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(buffer, "PNG")
    answer = http.post("/v1/comparisons", files={"reference": GOOD, "probe": ("bomb.png", buffer.getvalue())})
    assert (answer.status_code, answer.json()["code"]) == (413, "image_too_large")
    assert "30000x30000" in answer.json()["detail"]


def test_a_body_that_is_no_form_is_refused(http: httpx.Client) -> None:
    answer = http.post("/v1/comparisons", content=b"{}", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "part_missing")


@pytest.mark.parametrize("path", ["/nowhere", "/v1/comparisons/cmp_nobody", "/v1/comparisons?cursor=x"])
def test_every_error_is_a_problem_document(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code in (404, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code


def test_a_request_id_is_given_back(http: httpx.Client) -> None:
    assert http.get("/health", headers={"X-Request-Id": "mine-1"}).headers["X-Request-Id"] == "mine-1"
    assert http.get("/health", headers={"X-Request-Id": "not an id"}).headers["X-Request-Id"].startswith("req_")
