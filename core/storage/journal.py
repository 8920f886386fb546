"""The append-only file of the Redis-protocol server: it holds what was forgotten until it is rewritten."""

import time
from enum import StrEnum

import redis

from core.errors import RecordsUnavailable
from core.settings.groups import RedisSettings
from core.storage.connection import connect, translated

LOOK_S = 0.1


class Rewriting(StrEnum):
    """What came of the wish to have it rewritten."""

    DONE = "done"
    #: There is none.
    NEEDLESS = "needless"
    #: This user may not ask for it.
    REFUSED = "refused"


def rewrite(server: RedisSettings, *, within_s: float = 300) -> Rewriting:
    """Have it rewritten from what is known now. Raise RecordsUnavailable unless the server has done so in time."""
    client = connect(server)
    try:
        with translated():
            if not client.info("persistence")["aof_enabled"]:
                return Rewriting.NEEDLESS
            _wait(client, time.monotonic() + within_s)  # one that goes on may have begun before what is to be forgotten
            client.bgrewriteaof()
            _wait(client, time.monotonic() + within_s)
            if (came_of_it := client.info("persistence")["aof_last_bgrewrite_status"]) != "ok":
                raise RecordsUnavailable(f"the append-only file was not rewritten: {came_of_it}")
    except RecordsUnavailable as error:
        if isinstance(error.__cause__, redis.exceptions.NoPermissionError):
            return Rewriting.REFUSED
        raise
    finally:
        client.close()
    return Rewriting.DONE


def _wait(client: redis.Redis, deadline: float) -> None:
    while any(client.info("persistence")[f"aof_rewrite_{state}"] for state in ("in_progress", "scheduled")):
        if time.monotonic() > deadline:
            raise RecordsUnavailable("the append-only file was not rewritten in time")
        time.sleep(LOOK_S)
