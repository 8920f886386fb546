"""How far a server's clock is ahead of this machine's: leases, retention and S3's signatures all read clocks."""

import time
from email.utils import parsedate_to_datetime

import urllib3

from core.settings.groups import ObjectSettings, RedisSettings
from core.storage.connection import connect, translated
from core.storage.objects import CLIENT_S
from core.storage.objects import translated as translated_s3


def redis_ahead_s(server: RedisSettings) -> float:
    """Seconds, negative for one that is behind. Raise RecordsUnavailable."""
    client = connect(server)
    try:
        with translated():
            client.ping()  # the connection is made before the clock is looked at
            asked_at = time.time()
            seconds, micros = client.time()
            return float(seconds + micros / 1e6 - (asked_at + time.time()) / 2)
    finally:
        client.close()


def store_ahead_s(store: ObjectSettings) -> float | None:
    """Seconds, to within one; None from a store whose answers have no date. Raise StoreUnavailable."""
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=CLIENT_S, read=CLIENT_S), retries=False)
    with translated_s3(store.bucket):
        asked_at = time.time()
        answer = pool.request("HEAD", store.credentials[0])
        here = (asked_at + time.time()) / 2
    try:
        return parsedate_to_datetime(answer.headers["Date"]).timestamp() + 0.5 - here  # it names the second begun
    except (KeyError, ValueError):
        return None
