"""Images by URL, through all processes: the API only looks at the URL, the fetcher fetches, a worker compares."""

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.storage.objects import ObjectStore
from tests.support.receivers import Served, receiving, serving_images
from tests.support.stack import Stack, eventually


@pytest.fixture
def image(samples: dict[str, Path]) -> bytes:
    return samples["obama.jpg"].read_bytes()


@pytest.fixture
def images(image: bytes) -> Iterator[Served]:
    with serving_images({"/one.jpg": image}) as served:
        yield served


def submit(post: Stack, wait_s: int = 60, **body: Any) -> dict[str, Any]:
    answer = httpx.post(f"{post.url}/v1/comparisons", json=body, headers={"Prefer": f"wait={wait_s}"}, timeout=90)
    assert answer.status_code in (200, 202), answer.text
    return dict(answer.json())


def test_urls_in_json_and_in_a_form_are_fetched_and_compared(post: Stack, images: Served, image: bytes) -> None:
    url = images.url("/one.jpg")
    by_json = submit(post, reference=url, probe=base64.b64encode(image).decode())
    files = {"reference": ("r.jpg", image)}
    by_form = httpx.post(f"{post.url}/compare", files=files, data={"probe": url}, timeout=60).json()
    assert (by_json["status"], by_json["outcome"]) == ("succeeded", "compared")
    assert by_form["similarity_score"] is not None
    assert by_json["attempts"] == 1, "fetching is no attempt"
    assert images.paths == ["/one.jpg"] * 2

    def nothing_is_left() -> None:
        assert list(ObjectStore(post.settings_of_servers.objects).keys("comparisons/")) == []

    eventually(nothing_is_left)


def test_the_client_takes_urls(post: Stack, images: Served, image: bytes) -> None:
    with post.client() as client:
        job = client.wait(client.submit(images.url("/one.jpg"), image).id)
    assert job.outcome == "compared"


def test_an_image_that_is_not_there_ends_the_job_and_is_announced(post: Stack, images: Served) -> None:
    with receiving() as receiver:
        failed = submit(post, reference=images.url("/one.jpg"), probe=images.url("/nowhere"), callback_url=receiver.url)
        assert (failed["status"], failed["error"]["code"]) == ("failed", "image_not_fetched")
        assert failed["error"]["message"] == "probe: answered 404"

        def told() -> None:
            assert [request.event["type"] for request in receiver.requests] == ["comparison.failed"]

        eventually(told)


def test_a_fetcher_killed_in_the_middle_is_followed_by_another_that_finishes(
    post: Stack, images: Served, image: bytes
) -> None:
    def dripping() -> Iterator[bytes]:
        yield image[:1000]
        while True:
            time.sleep(0.05)
            yield image[1000:1001]

    images.answers["/slow.jpg"] = dripping()
    job = submit(post, wait_s=0, reference=images.url("/slow.jpg"), probe=images.url("/one.jpg"))

    def asked_for() -> None:
        assert images.paths == ["/slow.jpg"]

    eventually(asked_for)
    post.kill("fetcher")
    images.answers["/slow.jpg"] = image
    post.start("fetcher")
    with post.client() as client:
        ended = client.wait(job["id"])
    assert ended.outcome == "compared"
    assert ended.document["attempts"] == 2, "the start that was cut short is counted"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://169.254.169.254/latest/meta-data/", "image_url_address_refused"),
        ("https://user:secret@example.com/", "image_url_credentials_refused"),
        (f"https://example.com/{'a' * 3000}", "image_url_too_long"),
        ("https://exam ple.com/", "image_url_invalid"),
        ("ftp://example.com/a.jpg", "image_not_base64"),
    ],
)
def test_a_url_that_cannot_be_right_is_refused_at_the_door(post: Stack, url: str, code: str) -> None:
    answer = httpx.post(f"{post.url}/v1/comparisons", json={"reference": url, "probe": url}, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.json()["errors"][0]["pointer"] == "/reference"
