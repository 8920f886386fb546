"""The client's part for following what goes on: server-sent events, read to the last."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

import httpx

Stream: TypeAlias = Callable[..., AbstractContextManager[httpx.Response]]

ENDS = ("succeeded", "failed", "cancelled")
#: The API says something every 15 s, if only that there is nothing new.
SILENT_S = 45.0


def states(stream: Stream, path: str) -> Iterator[Mapping[str, Any]]:
    """What GET would answer, at once and at each change, to the end. A stream that ends before is asked for again."""
    last: str | None = None
    while True:
        pause_s = 1.0
        headers = {"Last-Event-ID": last} if last else {}
        with stream("GET", path, headers={"Accept": "text/event-stream", **headers}, timeout=SILENT_S) as response:
            if response.status_code == httpx.codes.NO_CONTENT:
                return
            for event in _events(response.iter_lines()):
                last = event.get("id", last)
                if "retry" in event:
                    pause_s = int(event["retry"]) / 1000
                if "data" in event:
                    document = json.loads(event["data"])
                    yield document
                    if document["status"] in ENDS:
                        return
        time.sleep(pause_s)


def _events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    event: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if name:
            event[name] = value.removeprefix(" ")
        elif event and not line:
            yield event
            event = {}
