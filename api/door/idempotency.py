"""`Idempotency-Key`: the same request sent twice is done once, and answered twice."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from api.door.access import caller
from api.door.services import services
from api.http.problems import Problem
from core.errors import BrokerUnavailable, JobNotFound, LikenessError
from core.storage.idempotency import Answer, Claim, Claims, IdempotencyInFlight, Known

T = TypeVar("T")
Attach = Callable[[str], None]

HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "Repeat the call with the same key, and it is done once: the answer is the first one's.",
}
_KEY = re.compile(r"[!-~]{1,255}")
_KEPT_HEADERS = ("Content-Type", "Location", "Retry-After", "Preference-Applied", "ETag", "Cache-Control")


def once(
    form: Mapping[str, Any],
    *,
    accept: Callable[[Attach], T],
    find: Callable[[str], T],
    answer: Callable[[T], Response],
) -> Response:
    """Accept and answer a request; with an `Idempotency-Key`, accept it once.

    `accept` hands the id of what it makes to its argument before it makes it; `find` gets by this id what was made,
    or raises JobNotFound. What `accept` refuses is forgotten: the key may be used for the request as mended.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return answer(accept(lambda subject: None))
    if not _KEY.fullmatch(key):
        raise Problem(400, "idempotency_key_invalid", "Idempotency-Key: 1 to 255 visible ASCII characters, no spaces")
    claims, fingerprint = services().claims, _fingerprint(form)
    try:
        claimed = claims.claim(caller().owner, key, fingerprint)
        if isinstance(claimed, Known):
            try:
                return _again(claimed.subject, claims, find, answer)
            except JobNotFound:  # whoever was about to make it did not live to do so, or is just about to
                claimed = claims.claim(caller().owner, key, fingerprint, missing=claimed.subject)
        if isinstance(claimed, Known):
            return _again(claimed.subject, claims, find, answer)
        return _first(claimed, claims, accept, answer)
    except IdempotencyInFlight as why:
        raise Problem(409, why.code, str(why), headers={"Retry-After": "2"}) from None


def _first(claim: Claim, claims: Claims, accept: Callable[[Attach], T], answer: Callable[[T], Response]) -> Response:
    subject = ""

    def attach(made: str) -> None:
        nonlocal subject
        claims.attach(claim, made)
        subject = made

    try:
        made = accept(attach)
    except LikenessError:
        with suppress(BrokerUnavailable):  # then the claim runs out by itself
            claims.release(claim)
        raise
    response = answer(made)
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    with suppress(BrokerUnavailable):  # what was accepted is accepted; who asks again gets it as it then stands
        claims.keep(subject, Answer(response.status_code, headers, response.get_data(as_text=True)))
    return response


def _again(subject: str, claims: Claims, find: Callable[[str], T], answer: Callable[[T], Response]) -> Response:
    """The kept answer; without one, that of a process that died or is still waiting, what was made as it stands."""
    kept = claims.answer(subject)
    response = Response(kept.body, kept.status, dict(kept.headers)) if kept else answer(find(subject))
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _fingerprint(form: Mapping[str, Any]) -> str:
    fields = {name: _digest(value) if isinstance(value, FileStorage) else value for name, value in form.items()}
    return hashlib.sha256(json.dumps([request.method, request.path, fields], sort_keys=True).encode()).hexdigest()


def _digest(upload: FileStorage) -> list[str]:
    """A list, so that no text field is taken for a file."""
    digest = hashlib.sha256(upload.read()).hexdigest()
    upload.seek(0)
    return [digest]
