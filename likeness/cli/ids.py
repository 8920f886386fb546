"""Ids as people give them: whole, or so much of the beginning as no other one has."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile

from core.comparisons.store import JobPage, JobStore
from core.errors import LikenessError
from core.evaluations.store import RunPage, RunStore
from core.keys.store import KeyStore
from likeness.client import Client

#: Lists are looked through so far.
LOOKED_THROUGH = 10_000
NAMED = 10
_WHOLE = re.compile(r"[a-z]+_[0-9a-f]{32}")


class IdAmbiguous(LikenessError):
    """More than one id begins so."""

    code = "id_ambiguous"


def whole(given: str, ids: Iterable[str]) -> str:
    """The one of `ids` that begins so, or is it; what was given where none does: the server says that it knows none.

    Raise IdAmbiguous, naming those that begin so. A whole id is not looked up.

    >>> whole("cmp_2", iter(["cmp_31", "cmp_21", "cmp_11"]))
    'cmp_21'
    """
    if _WHOLE.fullmatch(given) or not given:
        return given
    found = [one for one in ids if one.startswith(given)]
    if given in found:
        return given
    if len(found) > 1:
        named = "".join(f"\n  {one}" for one in found[:NAMED])
        more = f"\n  and {len(found) - NAMED} more" if len(found) > NAMED else ""
        raise IdAmbiguous(f"{len(found)} ids begin with {given!r}; give more of one:{named}{more}")
    return found[0] if found else given


def job_id(client: Client, given: str) -> str:
    """Of a comparison job, among the newest ones that the API lists."""
    return whole(given, _newest_first(given, (job.id for job in client.jobs(limit=LOOKED_THROUGH))))


def batch_id(client: Client, given: str) -> str:
    """Of a batch."""
    return whole(given, _newest_first(given, (batch.id for batch in client.batches.list(limit=LOOKED_THROUGH))))


def event_id(client: Client, given: str) -> str:
    """Of an event, and so of its delivery."""
    return whole(given, _newest_first(given, (one["id"] for one in client.deliveries(limit=LOOKED_THROUGH))))


def endpoint_id(client: Client, given: str) -> str:
    """Of a webhook endpoint."""
    return whole(given, (one["id"] for one in client.endpoints()))


def key_id(keys: KeyStore, given: str) -> str:
    """Of an API key."""
    return whole(given, (key.id for key in keys.all()))


def run_id(runs: RunStore, given: str) -> str:
    """Of an evaluation run."""
    return whole(given, _newest_first(given, _pages(lambda after: _page(runs.page(limit=100, after=after), "runs"))))


def stored_job_id(jobs: JobStore, given: str) -> str:
    """Of a comparison job, from the servers, not through the API."""
    return whole(given, _newest_first(given, _pages(lambda after: _page(jobs.page(limit=100, after=after), "jobs"))))


def _page(page: RunPage | JobPage, what: str) -> tuple[list[str], str | None]:
    return [one.id for one in getattr(page, what)], page.next_id


def _pages(read: Callable[[str | None], tuple[list[str], str | None]]) -> Iterator[str]:
    after: str | None = None
    for _ in range(LOOKED_THROUGH // 100):
        ids, after = read(after)
        yield from ids
        if after is None:
            return


def _newest_first(given: str, ids: Iterator[str]) -> Iterator[str]:
    """Ids sort by the time they were made: from the first that is smaller on, none begins so."""
    return takewhile(lambda one: one >= given, ids)
