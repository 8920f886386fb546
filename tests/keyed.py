"""Calls with a key, for the tests of the API."""

from collections.abc import Callable

import httpx
from stack import Stack

from core.keys.keys import ApiKey

Files = dict[str, tuple[str, bytes]]
NewKey = Callable[..., tuple[ApiKey, httpx.Client]]


def with_key(stack: Stack, token: str) -> httpx.Client:
    return httpx.Client(base_url=stack.url, timeout=60, headers={"Authorization": f"Bearer {token}"})
