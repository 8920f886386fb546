"""What a hostile key does within its limits: patterns, each pressed upon an API by a process of its own."""

import io
import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from PIL import Image

from bench.load import Door, Refused
from bench.photographs import BOUNDARY, Pair, sample_pairs, small_pairs

#: What `LIKENESS_KEY_REQUESTS_PER_MINUTE` lets through.
PER_S = 10.0
LARGE_BYTES = 10 * 1024 * 1024
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


class Pattern(StrEnum):
    """What it sends."""

    FLOOD = "flood"
    TARPIT = "tarpit"
    WAITING = "waiting"
    LARGE = "large"
    DEAR = "dear"
    HAMMER = "hammer"

    @property
    def words(self) -> str:
        """For people."""
        return {
            Pattern.FLOOD: "10 comparisons a second of the sample photographs",
            Pattern.TARPIT: "10 small comparisons a second, each with a callback to a consumer that never answers",
            Pattern.WAITING: "64 clients that wait for their comparisons, 10 new ones a second",
            Pattern.LARGE: "16 clients that send two files of 10 MiB each, the photographs and padding",
            Pattern.DEAR: "10 comparisons a second of PNGs of 40 megapixels with alpha and no face, 0.1 MB each",
            Pattern.HAMMER: "16 clients that send empty forms as fast as they are answered, whatever they are told",
        }[self]

    @property
    def clients(self) -> int:
        """Requests at a time, at most."""
        return {Pattern.WAITING: 64, Pattern.LARGE: 16, Pattern.HAMMER: 16}.get(self, 32)


@dataclass(frozen=True, slots=True)
class Pressed:
    """What came of it."""

    #: The ids of the comparisons that were accepted.
    accepted: tuple[str, ...]
    #: Other answers, by status and code.
    refused: dict[str, int]

    @property
    def asked(self) -> int:
        """Requests made."""
        return len(self.accepted) + sum(self.refused.values())


def with_callback(form: bytes, url: str) -> bytes:
    """The form with a `callback_url` in front."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="callback_url"\r\n\r\n{url}\r\n'
    return head.encode() + form


@contextmanager
def hostile_process() -> Iterator[ProcessPoolExecutor]:
    """A process for `press`, so that what it does costs this one no turn of the interpreter."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def press(pattern: Pattern, url: str, token: str, samples: Path, callback_url: str, for_s: float) -> Pressed:
    """Do it for so many seconds; what is under way at the end is waited for."""
    forms = _forms(pattern, samples, callback_url)
    headers = {
        **FORM,
        "Authorization": f"Bearer {token}",
        **({"Prefer": "wait=60"} if pattern is Pattern.WAITING else {}),
    }
    door, pace = Door(url), _Pace(0.0 if pattern is Pattern.HAMMER else 1 / PER_S)
    accepted: list[str] = []
    refused: Counter[str] = Counter()
    lock = threading.Lock()
    until = time.monotonic() + for_s

    def ask(client: int) -> None:
        while pace.turn() < until:
            try:
                job = door.post("/v1/comparisons", forms[client % len(forms)], headers)
            except Refused as error:
                with lock:
                    refused[error.code] += 1
            else:
                with lock:
                    accepted.append(job["id"])

    with ThreadPoolExecutor(pattern.clients) as pool:
        list(pool.map(ask, range(pattern.clients)))
    return Pressed(tuple(accepted), dict(refused.most_common()))


def _forms(pattern: Pattern, samples: Path, callback_url: str) -> list[bytes]:
    if pattern is Pattern.HAMMER:
        return [f"--{BOUNDARY}--\r\n".encode()]
    if pattern is Pattern.DEAR:
        return [Pair(body := _dear_image(), body).form]
    if pattern is Pattern.TARPIT:
        return [with_callback(pair.form, callback_url) for pair in small_pairs(samples)]
    pairs = sample_pairs(samples)
    if pattern is Pattern.LARGE:
        pairs = [Pair(*(body.ljust(LARGE_BYTES, b"\0") for body in (pair.reference, pair.probe))) for pair in pairs]
    return [pair.form for pair in pairs]


def _dear_image() -> bytes:
    """1.5 s of CPU to decode (docs/engine.md, "Decoding apart"), and then there is nobody in it at any look."""
    stream = io.BytesIO()
    Image.new("RGBA", (8000, 5000), (77, 77, 77, 77)).save(stream, "PNG")
    return stream.getvalue()


class _Pace:
    """Turns, a distance apart, for whoever comes; none is made up for."""

    def __init__(self, apart_s: float) -> None:
        self._apart_s = apart_s
        self._next = time.monotonic()
        self._lock = threading.Lock()

    def turn(self) -> float:
        """Wait for it; when it was."""
        with self._lock:
            at = max(self._next, time.monotonic())
            self._next = at + self._apart_s
        time.sleep(max(0.0, at - time.monotonic()))
        return at
