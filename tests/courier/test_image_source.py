"""Images by URL, one at a time: from real servers, and by names that lead to inner addresses."""

import time

import pytest

from core.errors import ImageTooLarge
from core.webhooks.destinations import DestinationRules
from courier.image_source import ImageNotFetched, ImageSource
from tests.courier.conftest import MAX_BYTES
from tests.support.receivers import serving_images


class Answers:
    """A resolver with one answer."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    def resolve(self, host: str, timeout_s: float) -> tuple[str, ...]:
        return self._addresses


def test_a_name_of_an_inner_address_and_a_name_of_none_are_told_alike() -> None:
    told = []
    for addresses in (("10.0.0.1",), ("127.0.0.1",), ("169.254.169.254",), ("93.184.216.34", "10.0.0.1"), ()):
        guarded = ImageSource(DestinationRules(), timeout_s=1, max_bytes=MAX_BYTES, resolver=Answers(*addresses))
        with pytest.raises(ImageNotFetched) as refused:
            guarded.get("https://inner.example/image.jpg")
        told.append((str(refused.value), refused.value.retryable))
    assert len({*told}) == 1, told


def test_a_server_that_dribbles_is_given_up_at_the_deadline(source: ImageSource) -> None:
    with serving_images({"/slow": iter([b"x"] * 1000)}) as images:
        began = time.monotonic()
        with pytest.raises(ImageNotFetched, match="did not come whole within 1 s"):
            source.get(images.url("/slow"))
        assert time.monotonic() - began < 25, "all of it takes 50 s"


def test_a_body_that_breaks_off_is_no_image(source: ImageSource) -> None:
    with serving_images({"/broken": (200, "10000")}) as images, pytest.raises(ImageNotFetched, match="broke off"):
        source.get(images.url("/broken"))


def test_no_more_is_read_than_an_image_may_have(source: ImageSource) -> None:
    endless = iter(lambda: bytes(8192), None)
    with serving_images({"/endless": endless}) as images, pytest.raises(ImageTooLarge):
        source.get(images.url("/endless"))
