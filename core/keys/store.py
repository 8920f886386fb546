"""API keys by id, on the Redis-protocol server. Nothing is cached: a key that was revoked is refused at once."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from core.errors import KeyUnknown
from core.keys.keys import ApiKey, KeyState, Scope, Token, digest_of, new_token
from core.settings.groups import RedisSettings
from core.storage.connection import connect, translated
from core.storage.records import Fields, number

_INDEX = "keys"
#: `last_used_at` is written at most this often.
USED_EVERY_S = 60.0


class KeyStore:
    """Keys by id. Connects when first used; every method raises RecordsUnavailable when the server is away."""

    def __init__(self, server: RedisSettings) -> None:
        self._redis = connect(server)

    def create(
        self,
        name: str,
        scopes: Iterable[Scope],
        *,
        expires_at: float | None = None,
        requests_per_minute: int | None = None,
        comparisons_per_day: int | None = None,
        upload_bytes_per_minute: int | None = None,
    ) -> tuple[ApiKey, Token]:
        """A new key, and the only time its secret is seen."""
        token = new_token()
        key = ApiKey(
            id=token.key_id,
            owner=token.key_id,
            name=name,
            scopes=frozenset(scopes),
            created_at=time.time(),
            expires_at=expires_at,
            requests_per_minute=requests_per_minute,
            comparisons_per_day=comparisons_per_day,
            upload_bytes_per_minute=upload_bytes_per_minute,
            digest=digest_of(token.secret),
        )
        with translated(), self._redis.pipeline(transaction=True) as pipeline:
            _write(pipeline, key)
            pipeline.execute()
        return key, token

    def get(self, key_id: str) -> ApiKey:
        """Raise KeyUnknown."""
        with translated():
            fields = self._redis.hgetall(_key(key_id))
        if not fields:
            raise KeyUnknown(f"no key has the id {key_id!r}")
        return _read(key_id, fields)

    def find(self, token: Token) -> ApiKey | None:
        """The key, good or not, whose secret this is; None for a secret that is not its own."""
        with translated():
            fields = self._redis.hgetall(_key(token.key_id))
        key = _read(token.key_id, fields) if fields else None
        return key if key and key.has_secret(token.secret) else None

    def all(self) -> Iterator[ApiKey]:
        """Every key there ever was, oldest first."""
        with translated():
            ids = self._redis.zrange(_INDEX, 0, -1)
            pipeline = self._redis.pipeline(transaction=False)
            for key_id in ids:
                pipeline.hgetall(_key(key_id))
            records = pipeline.execute()
        return (_read(key_id, fields) for key_id, fields in zip(ids, records, strict=True) if fields)

    def revoke(self, key_id: str) -> ApiKey:
        """Refuse the key from now on; revoking twice changes nothing. Raise KeyUnknown."""
        key = self.get(key_id)
        if key.revoked_at is None:
            with translated():
                self._redis.hsetnx(_key(key_id), "revoked_at", time.time())
        return self.get(key_id)

    def rotate(self, key_id: str, *, overlap_s: float = 0) -> tuple[ApiKey, Token]:
        """A key in place of another: its name, scopes, limits and jobs. The old one works `overlap_s` seconds more.

        Raise KeyUnknown for a key that is not there or not good any more.
        """
        now = time.time()
        old = self.get(key_id)
        if (state := old.state_at(now)) is not KeyState.ACTIVE:
            raise KeyUnknown(f"the key {key_id} is {state}: only an active key is rotated")
        token = new_token()
        lifetime_s = old.expires_at - old.created_at if old.expires_at else None
        key = replace(
            old,
            id=token.key_id,
            created_at=now,
            expires_at=now + lifetime_s if lifetime_s else None,
            last_used_at=None,
            digest=digest_of(token.secret),
        )
        with translated(), self._redis.pipeline(transaction=True) as pipeline:
            _write(pipeline, key)
            if overlap_s > 0:
                pipeline.hset(_key(key_id), "expires_at", min(now + overlap_s, old.expires_at or now + overlap_s))
            else:
                pipeline.hsetnx(_key(key_id), "revoked_at", now)
            pipeline.execute()
        return key, token

    def used(self, key: ApiKey) -> None:
        """Note that the key was used, once a minute."""
        now = time.time()
        if now - (key.last_used_at or 0) >= USED_EVERY_S:
            with translated():
                self._redis.hset(_key(key.id), "last_used_at", now)


def _key(key_id: str) -> str:
    return f"key:{key_id}"


def _write(pipeline: Any, key: ApiKey) -> None:
    fields = {
        "owner": key.owner,
        "name": key.name,
        "scopes": ",".join(sorted(key.scopes)),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "requests_per_minute": key.requests_per_minute,
        "comparisons_per_day": key.comparisons_per_day,
        "upload_bytes_per_minute": key.upload_bytes_per_minute,
        "digest": key.digest,
    }
    pipeline.hset(_key(key.id), mapping={name: value for name, value in fields.items() if value is not None})
    pipeline.zadd(_INDEX, {key.id: key.created_at})


def _read(key_id: str, fields: Fields) -> ApiKey:
    return ApiKey(
        id=key_id,
        owner=fields["owner"],
        name=fields["name"],
        scopes=frozenset(Scope(scope) for scope in fields["scopes"].split(",")),
        created_at=float(fields["created_at"]),
        expires_at=number(fields, "expires_at"),
        revoked_at=number(fields, "revoked_at"),
        last_used_at=number(fields, "last_used_at"),
        requests_per_minute=_whole(fields, "requests_per_minute"),
        comparisons_per_day=_whole(fields, "comparisons_per_day"),
        upload_bytes_per_minute=_whole(fields, "upload_bytes_per_minute"),
        digest=fields["digest"],
    )


def _whole(fields: Fields, name: str) -> int | None:
    return int(fields[name]) if name in fields else None
