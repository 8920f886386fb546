"""What every part of a client is made of: a request, one that is sent again, pages, and waiting for an end."""

import json
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import httpx

from likeness import answers, events
from likeness.errors import ApiForeign, ApiRefused, ApiSilent, ApiSlow, ApiUnreachable
from likeness.reasons import reason_of
from likeness.transports import Transport

#: Waits between the tries of a submission whose answer did not arrive; every try has the same idempotency key.
RETRIES_S = (0.3, 1.0, 3.0)
#: A call that waits is held so long at most, and answered within so long after that.
HOLD_S = 20.0
ANSWER_S = 30.0
#: Where states are followed, the API says something every 15 s, if only that there is nothing new.
SILENT_S = 45.0
#: The statuses that never change.
ENDED = ("succeeded", "failed", "cancelled")


class Ending(Protocol):
    """A job, a batch or a run as the API shows it."""

    @property
    def has_ended(self) -> bool:
        """Whether the status is terminal."""


E = TypeVar("E", bound=Ending)


class Calls:
    """The calls of one API. They raise ApiUnreachable, ApiRefused or ApiForeign."""

    def __init__(self, url: str, transport: Transport, *, patience_s: float = 0.0) -> None:
        self._url = url
        self._transport = transport
        self._patience_s = patience_s

    async def send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """The response to a call that was not refused."""
        with self._answering():
            response = await self._transport.send(method, path, **arguments)
        if response.is_error:
            raise ApiRefused(answers.problem(response), answers.retry_after_s(response))
        return response

    async def request(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """The JSON object in the answer."""
        return answers.read(await self.send(method, path, **arguments), self._foreign)

    async def text(self, path: str, **arguments: Any) -> str:
        """The answer as text."""
        return (await self.send("GET", path, **arguments)).text

    async def greeted(self, within_s: float) -> None:
        """Raise ApiSilent where nothing answers within so long. Any answer will do; other trouble is the next call's.

        Asked is what waits for no store, no worker and no body, so that calls which do may then take their time.
        """
        try:
            await self._transport.send("GET", "/health", timeout=within_s)
        except httpx.TimeoutException as error:
            raise ApiSilent(
                f"the API at {self._url} did not answer within {within_s:g} s: it, or a proxy before it, hangs; "
                "nothing was asked of it"
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL):
            return

    async def submitted(self, path: str, key: str, **arguments: Any) -> dict[str, Any]:
        """The answer to a POST that is sent again, under one idempotency key, when no answer arrives.

        Where the API is busy (429, 503) it is sent again when it said to, as long as that is within the client's
        patience. An API that hangs is not asked again.
        """
        lost = iter(RETRIES_S)
        give_up = time.monotonic() + self._patience_s
        while True:
            try:
                return await self.request("POST", path, headers={"Idempotency-Key": key}, **arguments)
            except ApiSilent:
                raise
            except ApiUnreachable:
                if (pause_s := next(lost, None)) is None:
                    raise
            except ApiRefused as refused:
                told_s = refused.retry_after_s or 0.0
                if refused.code == "idempotency_in_flight" and (pause_s := next(lost, None)) is not None:
                    pause_s = max(pause_s, told_s)
                elif refused.retryable and told_s and time.monotonic() + told_s <= give_up:
                    pause_s = told_s
                else:
                    raise
            await self._transport.pause(pause_s)

    async def ended(
        self,
        path: str,
        read: Callable[[Mapping[str, Any]], E],
        *,
        timeout_s: float,
        hold_s: float | None = HOLD_S,
        tell: Callable[[E], None] = lambda seen: None,
    ) -> E:
        """What is at `path` once it has ended, or as it was last seen before `timeout_s` seconds were over.

        The API holds each call until the end, at most `hold_s` seconds; None: it holds none there. It is never asked
        again sooner than it said.
        """
        deadline = time.monotonic() + timeout_s
        seen: E | None = None
        lost = iter(RETRIES_S)
        while True:
            left_s = max(0.0, deadline - time.monotonic())
            pause_s: float | None
            try:
                seen, pause_s = await self._look(path, read, None if hold_s is None else min(hold_s, left_s))
                lost = iter(RETRIES_S)
                tell(seen)
                if seen.has_ended:
                    return seen
            except ApiSilent:
                raise
            except ApiUnreachable:
                if (pause_s := next(lost, None)) is None:
                    raise
            except ApiRefused as refused:
                if not refused.retryable or (pause_s := refused.retry_after_s) is None:
                    raise
                if seen is None and time.monotonic() + pause_s >= deadline:
                    raise
            if seen is not None and time.monotonic() + (pause_s or 0.0) >= deadline:
                return seen
            await self._transport.pause(pause_s or 0.0)

    async def held(self, path: str, wait_s: float) -> dict[str, Any]:
        """The JSON object at `path`, of a call that is held up to `wait_s` seconds."""
        return await self.request("GET", path, **_holding(wait_s))

    async def worked_out(self, path: str, params: Mapping[str, Any], *, timeout_s: float) -> str:
        """What is at `path` once it is there. Raise ApiSlow where it is not when `timeout_s` seconds are over."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            held = _holding(min(HOLD_S, left_s))
            response = await self.send("GET", path, **held | {"params": {**params, **held["params"]}})
            if response.status_code != httpx.codes.ACCEPTED:
                return response.text
            await self._transport.pause(answers.retry_after_s(response) or 1.0)
        raise ApiSlow(f"{path} was not worked out within {timeout_s:g} s; `likeness status` says why")

    async def _look(
        self, path: str, read: Callable[[Mapping[str, Any]], E], hold_s: float | None
    ) -> tuple[E, float | None]:
        response = await self.send("GET", path, **({} if hold_s is None else _holding(hold_s)))
        return read(answers.read(response, self._foreign)), answers.retry_after_s(response)

    async def listed(
        self, path: str, name: str, *, limit: int | None = None, page: int = 100, **params: Any
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Up to `limit` members of the lists called `name` on the pages at `path`; all of them without a limit."""
        cursor: str | None = None
        while limit is None or limit > 0:
            wanted = {**params, "limit": page if limit is None else min(limit, page), "cursor": cursor}
            answer = await self.request("GET", path, params=given(wanted))
            for one in answer[name]:
                yield one
            limit = None if limit is None else limit - len(answer[name])
            if (cursor := answer["next_cursor"]) is None:
                return

    async def states(self, path: str) -> AsyncGenerator[Mapping[str, Any], None]:
        """What GET would answer, at once and at each change, to the end; asked for again where a stream ends early."""
        last: str | None = None
        while True:
            pause_s = 1.0
            headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
            with self._answering():
                async with self._transport.stream("GET", path, headers=headers, timeout=SILENT_S) as (response, lines):
                    if response.is_error:
                        raise ApiRefused(answers.problem(response), answers.retry_after_s(response))
                    if response.status_code == httpx.codes.NO_CONTENT:
                        return
                    async for event in events.read(lines):
                        last = event.get("id", last)
                        pause_s = int(event["retry"]) / 1000 if "retry" in event else pause_s
                        if "data" in event:
                            document = json.loads(event["data"])
                            yield document
                            if document["status"] in ENDED:
                                return
            await self._transport.pause(pause_s)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except httpx.ReadTimeout as error:
            raise ApiSilent(
                f"the API at {self._url} takes requests but does not answer: it, or a proxy before it, hangs"
            ) from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise ApiUnreachable(
                f"{self._url!r} is no URL of an API: one begins with http:// or https://; LIKENESS_API_URL names it"
            ) from error
        except httpx.HTTPError as error:
            raise ApiUnreachable(
                f"no API answers at {self._url} ({reason_of(error)}): start a local one with `make up`, "
                "or set LIKENESS_API_URL"
            ) from error

    def _foreign(self, why: str) -> ApiForeign:
        return ApiForeign(f"what answers at {self._url} is not this API: {why}; LIKENESS_API_URL names where it is")


def _holding(wait_s: float) -> dict[str, Any]:
    return {"params": {"wait": wait_s}, "timeout": wait_s + ANSWER_S}


def content(name: str, image: bytes | Path) -> bytes:
    """What is sent of an image, called `name`. Raise TypeError for what is neither bytes nor a path."""
    match image:
        case bytes():
            return image
        case Path():
            return image.read_bytes()
    raise TypeError(f"{name}: an image is bytes, a Path or the id of an upload; found {type(image).__name__}")


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is not None.

    >>> given({"limit": 3, "cursor": None})
    {'limit': 3}
    """
    return {name: value for name, value in values.items() if value is not None}
