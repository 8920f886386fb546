"""Submissions of photographs of nothing, for stacks whose engine sleeps."""

import io

import httpx
from PIL import Image


def photograph() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (32, 32)).save(file, "JPEG")
    return file.getvalue()


def submit(client: httpx.Client, **headers: str) -> httpx.Response:
    files = {"reference": ("r.jpg", photograph()), "probe": ("p.jpg", photograph())}
    return client.post("/v1/comparisons", files=files, headers=headers)


def accept(client: httpx.Client) -> str:
    """The id of an accepted job."""
    answer = submit(client)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])
