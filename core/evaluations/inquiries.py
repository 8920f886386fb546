"""What is asked about runs that have succeeded and takes numpy to answer: the API asks, the evaluator works it out.

An answer can be worked out again at any time, so it is kept for a while only, and goes with each run that it is about.
"""

import base64
import hashlib
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from core.errors import LikenessError
from core.settings.groups import RedisSettings
from core.storage import scripts
from core.storage.connection import connect, translated
from core.storage.lifecycle import Failure

#: An answer is kept for so long, ...
KEPT_S = 900
#: ... a refusal for so long, for it may have been of a moment, ...
REFUSAL_KEPT_S = 60
#: ... and a question for so long, where nobody takes it up.
ASKED_S = 3600
#: While it waits for its turn it is not sent again for so long; whoever is at it has so long.
SENT_S, BEGUN_S = 60, 600
#: So many may wait for an answer: the evaluator assembles runs as well, and an answer takes it some seconds.
MOST_OPEN = 20
OPEN = "inquiries-open"


class TooManyInquiries(LikenessError):
    """So many questions about runs wait to be answered that another would only wait."""

    code = "too_many_inquiries"
    retryable = True


class Kind(StrEnum):
    """What is asked for."""

    #: Whether the others make more errors than the first.
    COMPARISON = "comparison"
    #: What the thresholds of the one would be.
    THRESHOLDS = "thresholds"
    #: The figures of all, and what they differ in.
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question about some runs, by their ids. Runs that have succeeded do not change, so neither does its answer."""

    kind: Kind
    runs: tuple[str, ...]
    #: Of a comparison: where each run decides; none where each does at its pack's own threshold.
    thresholds: tuple[float, ...] = ()
    #: Of a comparison: the FMR at which all decide, and at no other; None where it is not asked for.
    at_fmr: float | None = None
    #: Of a comparison: how often, at most, a difference is found where there is none.
    alpha: float = 0.05

    @property
    def digest(self) -> str:
        """SHA-256 over all of it."""
        return hashlib.sha256(_INQUIRY.dump_json(self)).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What was worked out: texts by their form, `json`, `html` or `csv`; or why nothing was."""

    texts: Mapping[str, str]
    failure: Failure | None = None


_INQUIRY: TypeAdapter[Inquiry] = TypeAdapter(Inquiry)
_FAILURE: TypeAdapter[Failure] = TypeAdapter(Failure)
_TEXTS = ("json", "html", "csv")


class InquiryStore:
    """Questions and answers. Connects when first used; every method raises RecordsUnavailable when it is away."""

    def __init__(self, server: RedisSettings) -> None:
        self._redis: Any = connect(server)
        self._put = scripts.load(self._redis, "inquiry_put")

    def put(self, inquiry: Inquiry) -> bool:
        """Note the question; whether it is to be sent: not where it was a moment ago, or where somebody is at it.

        Raise TooManyInquiries.
        """
        digest, now = inquiry.digest, time.time()
        with translated():
            found = self._put(
                keys=[_key(digest), OPEN],
                args=[digest, now, now + SENT_S, MOST_OPEN, _INQUIRY.dump_json(inquiry), ASKED_S],
            )
        if found < 0:
            raise TooManyInquiries(f"{MOST_OPEN} questions about runs wait to be answered, which is as many as may")
        return bool(found)

    def withdraw(self, digest: str) -> None:
        """It was not sent, or could not be answered now: the next one who asks sends it."""
        with translated():
            self._redis.zrem(OPEN, digest)

    def answer(self, digest: str, *forms: str) -> Answer | None:
        """The answer in these forms, those of them that it has; None where there is none yet."""
        with translated():
            failure, is_there, *found = self._redis.hmget(_key(digest), "failure", "json", *forms)
        if failure:
            return Answer({}, _FAILURE.validate_json(failure))
        if not is_there:
            return None
        return Answer({form: _unpacked(text) for form, text in zip(forms, found, strict=True) if text})

    def begin(self, digest: str) -> Inquiry | None:
        """The question, to be answered by whoever calls this; None where it has been, or is not asked any more."""
        with translated():
            request, *ended = self._redis.hmget(_key(digest), "request", "failure", "json")
            if not request or any(ended):
                return None
            self._redis.zadd(OPEN, {digest: time.time() + BEGUN_S})
        return _INQUIRY.validate_json(request)

    def keep(self, inquiry: Inquiry, answer: Answer) -> None:
        """Keep the answer, to go with each of the runs, and wake whoever waits for it."""
        digest = inquiry.digest
        kept_s = REFUSAL_KEPT_S if answer.failure else KEPT_S
        fields = {form: _packed(answer.texts[form]) for form in _TEXTS if form in answer.texts}
        if answer.failure:
            fields = {"failure": _FAILURE.dump_json(answer.failure).decode()}
        with translated(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(_key(digest), mapping=fields)
            pipeline.expire(_key(digest), kept_s)
            pipeline.zrem(OPEN, digest)
            for run_id in inquiry.runs:
                pipeline.sadd(_about_key(run_id), digest)
                pipeline.expire(_about_key(run_id), KEPT_S)
            pipeline.publish(f"inquiry-ended:{digest}", "")
            pipeline.execute()

    def forget(self, run_id: str) -> None:
        """Forget every answer that is about this run."""
        with translated():
            about = self._redis.smembers(_about_key(run_id))
            self._redis.delete(_about_key(run_id), *map(_key, about))


def _packed(text: str) -> str:
    """The page of two runs of 6000 pairs is 258 kB, and 54 so."""
    return base64.b64encode(zlib.compress(text.encode(), 6)).decode()


def _unpacked(text: str) -> str:
    return zlib.decompress(base64.b64decode(text)).decode()


def _key(digest: str) -> str:
    return f"inquiry:{digest}"


def _about_key(run_id: str) -> str:
    return f"run:{run_id}:inquiries"
