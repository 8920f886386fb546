"""A running stack that takes uploads, and clients with keys for it. Its engine sleeps: no face is looked for here."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from PIL import Image

from core.comparisons.erasure import erase_due
from core.comparisons.store import JobStore
from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.storage.objects import ObjectStore
from core.uploads.upload import object_key
from likeness.client import Client
from tests.support.keyed import with_key
from tests.support.schema import unexplained
from tests.support.servers import Store
from tests.support.shared import SHARED
from tests.support.stack import Stack, eventually, running


@pytest.fixture
def uploading(tmp_path_factory: pytest.TempPathFactory, object_store: Store) -> Stack:
    """Servers, API, worker and embedder with keys and uploads, shared by all tests that end no process."""

    @contextmanager
    def started() -> Iterator[Stack]:
        home = tmp_path_factory.mktemp("uploading")
        given = {"LIKENESS_AUTH": "on", "LIKENESS_UPLOADS": "true", "LIKENESS_UPLOADS_SSE_C": "true"}
        given |= {"LIKENESS_ENGINE": "sleeping", "LIKENESS_SLEEP_MS": "1", "LIKENESS_MAX_OPEN_UPLOADS_PER_KEY": "60"}
        with running(home, home / "no-packs", object_store, **given) as stack:
            stack.start("api", "worker", "embedder")
            stack.wait_until_ready()
            yield stack
            assert unexplained(stack.settings.redis) == []

    return SHARED.lend("uploading", started)


@pytest.fixture
def token(uploading: Stack) -> str:
    return str(KeyStore(uploading.settings.redis).create("a test", [Scope.SUBMIT, Scope.READ])[1])


@pytest.fixture
def http(uploading: Stack, token: str) -> Iterator[httpx.Client]:
    with with_key(uploading, token) as client:
        yield client


@pytest.fixture
def client(uploading: Stack, token: str) -> Iterator[Client]:
    with Client(uploading.url, key=token) as client:
        yield client


@pytest.fixture
def other(uploading: Stack) -> Iterator[httpx.Client]:
    """One with another key."""
    _, token = KeyStore(uploading.settings.redis).create("another", [Scope.SUBMIT, Scope.READ])
    with with_key(uploading, str(token)) as client:
        yield client


@pytest.fixture
def objects(uploading: Stack) -> ObjectStore:
    return ObjectStore(uploading.settings.objects)


@pytest.fixture
def jobs(uploading: Stack) -> JobStore:
    return JobStore.of(uploading.settings)


def image(shade: int, kind: str = "JPEG") -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (64, 64), (shade, shade, shade)).save(body, kind)
    return body.getvalue()


def compared(http: httpx.Client, reference: Any, probe: Any, **headers: str) -> httpx.Response:
    """Two images in JSON, each an upload's id or base64."""
    body = {"reference": reference, "probe": probe}
    return http.post("/v1/comparisons", json=body, headers={"Prefer": "wait=30", **headers})


def refused(answer: httpx.Response, status: int, code: str, pointer: str | None = None) -> str:
    """The detail of a problem."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    if pointer is not None:
        assert answer.json()["errors"][0]["pointer"] == pointer
    return str(answer.json()["detail"])


def gone(objects: ObjectStore, *ids: str, jobs: JobStore | None = None) -> None:
    """Nothing lies in the store any more of what was put, once the courier, if `jobs` are its, has looked."""

    def check() -> None:
        if jobs:
            erase_due(jobs, objects)
        assert not [i for i in ids for _ in objects.keys(object_key(i))]

    eventually(check)
