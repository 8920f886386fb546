"""How a client sends and pauses: so that the caller blocks, or awaits."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeAlias

import httpx

#: A response whose body comes bit by bit, and the lines of it.
Streamed: TypeAlias = tuple[httpx.Response, AsyncGenerator[str, None]]


class Transport(Protocol):
    """Sends and pauses; one that blocks never suspends."""

    async def send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """The response, whatever its status. Raise httpx.HTTPError or httpx.InvalidURL."""

    def stream(self, method: str, path: str, **arguments: Any) -> AbstractAsyncContextManager[Streamed]:
        """The response, and its lines as they come; read, where it is an error. Raise the same."""

    async def pause(self, seconds: float) -> None:
        """Let time go by."""

    async def close(self) -> None:
        """Close the connections."""


class Blocking:
    """The transport of a synchronous client."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    async def send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Block until it is answered."""
        return self._http.request(method, path, **arguments)

    @asynccontextmanager
    async def stream(self, method: str, path: str, **arguments: Any) -> AsyncGenerator[Streamed, None]:
        """Block until its lines come."""

        async def lines() -> AsyncGenerator[str, None]:
            for line in response.iter_lines():
                yield line

        with self._http.stream(method, path, **arguments) as response:
            if response.is_error:
                response.read()
            yield response, lines()

    async def pause(self, seconds: float) -> None:
        """Block."""
        time.sleep(seconds)

    async def close(self) -> None:
        """Close the connections."""
        self._http.close()


class Awaiting:
    """The transport of an asynchronous client."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Let others run until it is answered."""
        return await self._http.request(method, path, **arguments)

    @asynccontextmanager
    async def stream(self, method: str, path: str, **arguments: Any) -> AsyncGenerator[Streamed, None]:
        """Let others run until its lines come."""

        async def lines() -> AsyncGenerator[str, None]:
            async for line in response.aiter_lines():
                yield line

        async with self._http.stream(method, path, **arguments) as response:
            if response.is_error:
                await response.aread()
            yield response, lines()

    async def pause(self, seconds: float) -> None:
        """Let others run."""
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
