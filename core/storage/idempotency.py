"""Claims on idempotency keys: the same request twice is done once.

A claim is written before the work, and what the work makes (its subject: a job, a run) is written on the claim in the
step that records it. So a process that dies at any step leaves either a claim that runs out soon, or the id of what was
accepted.
The answer lies under the subject's id, so that erasing the subject erases the answer.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from core.errors import LikenessError
from core.settings.groups import JobSettings, RedisSettings
from core.storage import scripts
from core.storage.connection import connect, translated

#: How long a claim without a subject is believed to be at work. A submission takes no longer, or fails.
CLAIM_LASTS_S = 90.0


class IdempotencyKeyReused(LikenessError):
    """The idempotency key was used before, with another request."""

    code = "idempotency_key_reused"


class IdempotencyInFlight(LikenessError):
    """The first request with this idempotency key has not been answered yet."""

    code = "idempotency_in_flight"
    retryable = True

    def __init__(self, left_s: float) -> None:
        super().__init__()
        self.left_s = left_s


class AnswerErased(LikenessError):
    """What was made with this idempotency key has been erased."""

    code = "job_not_found"


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do a request."""

    key: str
    #: Tells it from a later claim on the same key.
    token: str


@dataclass(frozen=True, slots=True)
class Known:
    """A request that was done, or nearly: the id of what it made."""

    subject: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to the first request."""

    #: Of HTTP.
    status: int
    headers: Mapping[str, str]
    body: str


class Claims:
    """Claims by owner and key. Every method raises RecordsUnavailable when the server is away."""

    def __init__(self, server: RedisSettings, jobs: JobSettings) -> None:
        self._redis = connect(server)
        # A job outlives the answer that names it.
        self._kept_s = min(jobs.idempotency_s, jobs.retention_s)
        self._claim, self._release = (scripts.load(self._redis, name) for name in ("claim", "claim_release"))

    def claim(self, owner: str | None, key: str, fingerprint: str, *, missing: str = "") -> Claim | Known:
        """Claim the key for this request, or learn what it made. `missing`: a subject that is known not to be there.

        Raises IdempotencyKeyReused for another request, IdempotencyInFlight while the first one is under way.
        """
        name = f"idempotency:{owner or ''}:{hashlib.sha256(key.encode()).hexdigest()}"
        token = secrets.token_hex(16)
        with translated():
            answer = self._claim(
                keys=[name], args=[fingerprint, token, time.time(), CLAIM_LASTS_S, self._kept_s, missing]
            )
        match answer:
            case ["claimed"]:
                return Claim(name, token)
            case ["known", subject]:
                return Known(subject)
            case ["in_flight", left_s]:
                raise IdempotencyInFlight(float(left_s))
            case _:
                raise IdempotencyKeyReused

    def release(self, claim: Claim) -> None:
        """Nothing was made: the key is free again. One whose record is there keeps it, in the same step."""
        with translated():
            self._release(keys=[claim.key], args=[claim.token])

    def keep(self, subject: str, answer: Answer) -> None:
        """Keep the answer for those who ask again."""
        with translated():
            self._redis.set(answer_key(subject), json.dumps(asdict(answer)), ex=self._kept_s, nx=True)

    def answer(self, subject: str) -> Answer | None:
        """The kept answer; None when none is kept. Raise AnswerErased when its subject was erased."""
        with translated():
            kept = self._redis.get(answer_key(subject))
        if kept == "":
            raise AnswerErased
        return Answer(**json.loads(kept)) if kept else None


def answer_key(subject: str) -> str:
    """Where the answer that made this job or run lies; whoever erases the one erases the other."""
    return f"answer:{subject}"
