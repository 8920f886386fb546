"""Whether the two servers answer, and what they need before their first use; for whoever waits for them."""

import redis
import urllib3
from minio.error import S3Error

from core.errors import RedisUnavailable, SettingsInvalid
from core.settings.groups import ObjectSettings, RedisSettings
from core.storage.connection import connect
from core.storage.objects import s3_client, translated


def ping_redis(server: RedisSettings) -> None:
    """Raise RedisUnavailable until the server answers, SettingsInvalid when it refuses the password."""
    client = connect(server, 0, answer_s=2)
    try:
        client.ping()
    except redis.AuthenticationError as error:
        raise SettingsInvalid(f"LIKENESS_REDIS_URL: the server refuses the password: {error}") from error
    except (redis.RedisError, OSError) as error:
        asked = client.connection_pool.connection_kwargs
        where = f" at {asked['host']}:{asked.get('port', 6379)}" if "host" in asked else ""
        raise RedisUnavailable(f"the Redis server{where} does not answer: {error}") from error
    finally:
        client.close()


def ensure_bucket(store: ObjectSettings) -> None:
    """Make the bucket if need be. Raise StoreUnavailable until the store answers, SettingsInvalid for bad keys."""
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=2, read=2), retries=False)
    client = s3_client(store, pool)
    with translated(store.bucket):
        try:
            if not client.bucket_exists(store.bucket):
                client.make_bucket(store.bucket)
        except S3Error as error:
            if error.code == "BucketAlreadyOwnedByYou":
                return
            if error.code in ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"):
                raise SettingsInvalid(f"LIKENESS_S3_ACCESS_KEY: the store refuses the keys: {error.code}") from error
            raise
