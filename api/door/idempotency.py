"""`Idempotency-Key`: the same request sent twice is done once, and answered twice."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from api.door.caller import caller
from api.door.services import services
from api.http.problems import Problem
from core.errors import RecordNotFound, RecordsUnavailable
from core.storage.idempotency import Answer, Claim, Claims, IdempotencyInFlight, Known

T = TypeVar("T")

HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "Repeat the call with the same key, and it is done once: the answer is the first one's.",
}
_KEY = re.compile(r"[!-~]{1,255}")
_KEPT_HEADERS = ("Content-Type", "Location", "Retry-After", "Preference-Applied", "ETag", "Cache-Control")


@dataclass(frozen=True, slots=True)
class KeyedRequest(Generic[T]):
    """A request that makes something, as far as it has been seen before.

    `made` is what it made the first time, with the answer to that in `kept`, if it was kept; without `made` it is to
    be done now, for `claim` where the client sent a key.
    """

    claims: Claims
    claim: Claim | None = None
    made: T | None = None
    kept: Answer | None = None
    #: SHA-256 of each file that was hashed to know the request by, by the name of its part.
    digests: Mapping[str, str] = field(default_factory=dict)

    def again(self, answer: Callable[[T], Response]) -> Response | None:
        """The answer of the first time, or, where that was not kept, `answer` to what was made as it now stands."""
        if self.kept:
            response = Response(self.kept.body, self.kept.status, dict(self.kept.headers))
        elif self.made is not None:
            response = answer(self.made)
        else:
            return None
        response.headers["Idempotent-Replayed"] = "true"
        return response

    @contextmanager
    def undone_if_refused(self) -> Iterator[None]:
        """Free the key again when what is done within is refused: it may be used for the request as mended.

        A claim whose job or run is still there stays: what could not be undone will be done, and the key names it.
        """
        try:
            yield
        except Exception as error:
            if self.claim:
                with suppress(RecordsUnavailable):  # then the claim runs out by itself
                    self.claims.release(self.claim)
            if isinstance(error, IdempotencyInFlight):
                raise _in_flight(error) from None
            raise

    def keep(self, subject: str, response: Response) -> Response:
        """Keep the answer for whoever asks again."""
        if self.claim:
            headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
            # What was accepted is accepted: who asks again gets it as it then stands.
            with suppress(RecordsUnavailable):
                self.claims.keep(subject, Answer(response.status_code, headers, response.get_data(as_text=True)))
        return response


def begin(form: Mapping[str, Any], find: Callable[[str], T]) -> KeyedRequest[T]:
    """Claim the request's key, if it has one, or learn what was made for it before.

    `find` gets that by its id, or raises RecordNotFound. Raise Problem for a key that cannot be used, and while the
    first request is under way.
    """
    claims = services().claims
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return KeyedRequest(claims)
    if not _KEY.fullmatch(key):
        raise Problem(
            400,
            "idempotency_key_invalid",
            f"Idempotency-Key: must be 1 to 255 visible ASCII characters without spaces; found {key!r}",
        )
    digests = {name: _digest(value) for name, value in form.items() if isinstance(value, FileStorage)}
    owner, fingerprint = caller().owner, _fingerprint(form, digests)
    try:
        claimed = claims.claim(owner, key, fingerprint)
        if isinstance(claimed, Known):
            try:
                return _known(claims, claimed.subject, find)
            except RecordNotFound:  # it was undone, or lost with the server's last writes
                claimed = claims.claim(owner, key, fingerprint, missing=claimed.subject)
        if isinstance(claimed, Known):
            return _known(claims, claimed.subject, find)
        return KeyedRequest(claims, claimed, digests=digests)
    except IdempotencyInFlight as error:
        raise _in_flight(error) from None


def _known(claims: Claims, subject: str, find: Callable[[str], T]) -> KeyedRequest[T]:
    kept = claims.answer(subject)
    return KeyedRequest(claims, kept=kept) if kept else KeyedRequest(claims, made=find(subject))


def _in_flight(error: IdempotencyInFlight) -> Problem:
    return Problem(409, error.code, str(error), headers={"Retry-After": "2"})


def _fingerprint(form: Mapping[str, Any], digests: Mapping[str, str]) -> str:
    """Of a file its digest, in a list, so that no text field is taken for a file."""
    fields = {name: [digests[name]] if name in digests else value for name, value in form.items()}
    return hashlib.sha256(json.dumps([request.method, request.path, fields], sort_keys=True).encode()).hexdigest()


def _digest(upload: FileStorage) -> str:
    digest = hashlib.sha256(upload.read()).hexdigest()
    upload.seek(0)
    return digest
