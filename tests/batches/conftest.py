"""What a batch is submitted with."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.stack import Stack, eventually


@pytest.fixture
def http(batching: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=batching.url, timeout=60) as client:
        yield client


@pytest.fixture
def photographs(samples: dict[str, Path]) -> dict[str, bytes]:
    return {name: samples[f"{name}.jpg"].read_bytes() for name in ("obama", "obama2", "biden")}


def listed(pairs: Sequence[dict[str, Any]]) -> bytes:
    return json.dumps(pairs).encode()


def submit(
    http: httpx.Client,
    photographs: dict[str, bytes],
    pairs: bytes | None = None,
    *,
    headers: dict[str, str] | None = None,
    **form: str,
) -> httpx.Response:
    files = [(name, (f"{name}.jpg", body)) for name, body in photographs.items()]
    if pairs is not None:
        files.append(("pairs", ("pairs.json", pairs)))
    return http.post("/v1/batches", files=files, data=form, headers=headers or {})


def accepted(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def ended(http: httpx.Client, batch_id: str) -> dict[str, Any]:
    def check() -> dict[str, Any]:
        batch: dict[str, Any] = http.get(f"/v1/batches/{batch_id}", params={"wait": 20}).json()
        assert batch["status"] in ("succeeded", "failed", "cancelled"), batch
        return batch

    return eventually(check, within_s=90)


def rows(http: httpx.Client, batch_id: str, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page = http.get(f"/v1/batches/{batch_id}/results", params=query).json()
    found += page["results"]
    while page["next_cursor"]:
        page = http.get(f"/v1/batches/{batch_id}/results", params={**query, "cursor": page["next_cursor"]}).json()
        found += page["results"]
    return found
