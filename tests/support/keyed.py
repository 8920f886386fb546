"""Calls with a key, for the tests of the API."""

import io
from collections.abc import Callable

import httpx
from PIL import Image

from core.keys.keys import ApiKey
from tests.support.stack import Stack

Files = dict[str, tuple[str, bytes]]
NewKey = Callable[..., tuple[ApiKey, httpx.Client]]


def nobody() -> Files:
    """Two images one can compare in no time: nobody is in them."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, "JPEG")
    return {"reference": ("r.jpg", buffer.getvalue()), "probe": ("p.jpg", buffer.getvalue())}


def with_key(stack: Stack, token: str) -> httpx.Client:
    return httpx.Client(base_url=stack.url, timeout=60, headers={"Authorization": f"Bearer {token}"})
