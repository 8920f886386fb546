"""What one key's images may take from the others: bytes a minute, threads that read them, turns at the object store.

A body is counted by its length before anything of it is read. One that does not say its length (chunks) comes in where
the longest that its route takes would, and is counted once it has been read. Without keys nothing is held to any of it.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from flask import g, request

from api.door.access import demanded
from api.door.caller import caller
from api.door.rates import exceeded
from api.door.services import services
from api.door.turns import NoTurn
from api.http.problems import Problem
from core.keys.keys import ApiKey

#: What is smaller is read and stored in milliseconds, and passes.
LARGE_BYTES = 1024 * 1024
#: Then its client is told to send it later. A turn takes a second where an upload of the largest size goes well.
TURN_WITHIN_S = 20.0
RETRY_S = 2


class Measured:
    """A body that is counted while it is read."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.size_bytes = 0

    def read(self, size: int = -1) -> bytes:
        """As the stream gives it."""
        piece: bytes = self._stream.read(size)
        self.size_bytes += len(piece)
        return piece


def admit() -> None:
    """Before anything of a body with images is read: hold its key to its bytes, and to its part of the threads."""
    key = caller().key
    if key is None or not demanded().uploads:
        return
    size_bytes = request.content_length
    if size_bytes is not None:
        _hold_to_bytes(key, size_bytes)
    else:
        size_bytes = request.max_content_length or 0
        _hold_to_bytes(key, size_bytes, is_counted=False)
        g.measured = request.environ["wsgi.input"] = Measured(request.environ["wsgi.input"])
    if size_bytes > LARGE_BYTES:
        _take_place(key)


def count_announced(size_bytes: int) -> None:
    """What a key is about to put into the object store by itself counts as what it sends. Raise Problem past that."""
    if (key := caller().key) is not None:
        _hold_to_bytes(key, size_bytes)


@contextmanager
def storing() -> Iterator[None]:
    """A turn at storing what this request has brought, until the end of the block."""
    key = caller().key
    if key is None:
        yield
        return
    size_bytes = request.content_length or 0
    if (measured := g.pop("measured", None)) is not None:
        size_bytes = measured.size_bytes
        _hold_to_bytes(key, size_bytes)
    if size_bytes <= LARGE_BYTES:
        yield
    else:
        with _turn(key, size_bytes):
            yield
    leave()


def leave(_: BaseException | None = None) -> None:
    """Give back the place that the body had while it came in."""
    if (place := g.pop("upload_place", None)) is not None:
        place.close()


def _hold_to_bytes(key: ApiKey, size_bytes: int, *, is_counted: bool = True) -> None:
    own, rates = key.upload_bytes_per_minute, services().rates
    per_minute = services().settings.limits.key_upload_bytes_per_minute if own is None else own
    if not per_minute:
        return
    granted, allowance = (rates.count_bytes if is_counted else rates.has_room)(key.owner, per_minute, size_bytes)
    if is_counted or not granted:
        caller().allowances.append(allowance)
    if not granted:
        has = "has" if is_counted else "does not say its length, and may have"
        setting = "" if own is not None else " (LIKENESS_KEY_UPLOAD_BYTES_PER_MINUTE)"
        detail = (
            f"this key may send {per_minute} bytes of images a minute{setting}, of which {allowance.remaining} are "
            f"left; this body {has} {size_bytes}"
        )
        raise exceeded("upload_bytes_exceeded", detail, allowance)


def _take_place(key: ApiKey) -> None:
    g.upload_place = place = ExitStack()
    places = services().large_uploads
    if not place.enter_context(places.place(key.owner)):
        raise _too_many(
            f"{places.of_owner} requests of this key with more than {LARGE_BYTES} bytes are being read already, half "
            "of what this process serves at a time (LIKENESS_API_THREADS)"
        )


@contextmanager
def _turn(key: ApiKey, size_bytes: int) -> Iterator[None]:
    try:
        with services().turns.turn(key.owner, size_bytes, within_s=TURN_WITHIN_S):
            services().silences.check(uploads=True)  # to whoever had the turn before
            try:
                yield
            finally:
                for server in g.patience.silences:
                    services().silences.note(server)
    except NoTurn:
        at_once_bytes = services().settings.limits.key_bytes_at_once
        raise _too_many(
            f"this body of {size_bytes} bytes waited {TURN_WITHIN_S:g} s behind others of its key, of which "
            f"{at_once_bytes} bytes are stored at a time (LIKENESS_KEY_BYTES_AT_ONCE)"
        ) from None


def _too_many(detail: str) -> Problem:
    headers = {"Retry-After": str(RETRY_S)}
    return Problem(429, "too_many_uploads", f"{detail}. Nothing was accepted: send it again later", headers=headers)
