"""Whole objects under opaque keys: what may be asked of a store, and any S3 store that answers it."""

import io
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

import urllib3
from minio import Minio
from minio.deleteobjects import DeleteObject
from minio.error import InvalidResponseError, S3Error, ServerError

from core.errors import ObjectNotFound, SettingsInvalid, StoreSilent, StoreUnavailable
from core.settings.groups import ObjectSettings
from core.storage.patience import granted_s, note_answer, note_silence
from core.storage.sse_keys import key_headers
from core.storage.transfers import Transfers

#: Kept open at most; an API process has up to so many threads at the store at a time.
MOST_CONNECTIONS = 64
#: The store may go so long without taking a piece of a body, or answering, ...
TAKE_S, ANSWER_S = 5.0, 20.0
#: ... and so long while a client waits.
CLIENT_S = 3.0
PIECE_BYTES = 64 * 1024
#: By default the kernel takes megabytes at once, and they would have to arrive while we wait for the answer.
UNSENT_BYTES = 256 * 1024


class Pieces:
    """Bodies one after another, to be sent in pieces; as often as is asked. They are nowhere put together."""

    def __init__(self, bodies: Sequence[bytes]) -> None:
        self._bodies = bodies

    def __iter__(self) -> Iterator[memoryview]:
        for body in self._bodies:
            for offset in range(0, len(body), PIECE_BYTES):
                yield memoryview(body)[offset : offset + PIECE_BYTES]


class PatientPool(urllib3.PoolManager):
    """Waits for as long as the store makes progress, and no longer than is granted to whoever asks."""

    def urlopen(self, method: str, url: str, body: Any = None, **options: Any) -> Any:  # type: ignore[override]
        """As urllib3 does it, with a body in pieces: a socket's timeout is for all that it is given to send at once."""
        if isinstance(body, bytes) and body:
            body = io.BytesIO(body)
        elif isinstance(body, tuple):
            body = Pieces(body)
        # While it sends, urllib3 grants what it grants to connecting.
        options["timeout"] = urllib3.Timeout(
            connect=granted_s(TAKE_S, first_s=CLIENT_S, server=StoreUnavailable),
            read=granted_s(ANSWER_S, first_s=CLIENT_S, server=StoreUnavailable),
        )
        answer = super().urlopen(method, url, body=body, **options)
        note_answer(StoreUnavailable)
        return answer


class Retry(urllib3.Retry):
    """Asks again what failed, but not a store that was silent: it would be as silent once more."""

    def increment(self, *where: Any, **found: Any) -> Any:
        """As urllib3 calls it. Raise the error when it is a silence."""
        if (error := found.get("error")) is not None and is_silence(error):
            raise error
        return super().increment(*where, **found)


def is_silence(error: BaseException) -> bool:
    """Whether a server did not answer, or did not take what it was sent, in the time granted."""
    if isinstance(error, urllib3.exceptions.ProtocolError):  # urllib3's name for it while a body is sent
        return any(isinstance(cause, TimeoutError) for cause in error.args)
    # One that refuses connections has answered; urllib3 counts it among the others.
    is_refusal = isinstance(error, urllib3.exceptions.NewConnectionError)
    return isinstance(error, urllib3.exceptions.TimeoutError) and not is_refusal


def s3_client(store: ObjectSettings, pool: urllib3.PoolManager) -> Minio:
    """A client of the store that these settings name. Raise SettingsInvalid for an endpoint that cannot be one."""
    endpoint, access_key, secret_key = store.credentials
    url = urlsplit(endpoint)
    if url.scheme not in ("http", "https") or not url.netloc:
        raise SettingsInvalid(f"LIKENESS_S3_ENDPOINT must be http(s)://host:port; found {endpoint!r}")
    return Minio(
        url.netloc,
        access_key,
        secret_key,
        secure=url.scheme == "https",
        region=store.region,  # named, so that the client does not ask for it before its first call
        http_client=pool,
    )


class Objects(Protocol):
    """Whole objects by key, wherever they lie. Every method raises StoreUnavailable when the store is away."""

    def ping(self) -> None:
        """Raise StoreUnavailable unless the store may be used."""

    def put(self, key: str, body: bytes, media_type: str = "application/octet-stream") -> None:
        """Store `body`, replacing what was there."""

    def put_sealed(self, key: str, *bodies: bytes) -> None:
        """The same for what is checked byte by byte when it is opened: it is hashed nowhere on its way.

        Of several bodies one object is made, in which they stand one after another.
        """

    def get(self, key: str) -> bytes:
        """Raise ObjectNotFound for a missing key, whatever the backend calls it."""

    def get_part(self, key: str, offset: int, size_bytes: int) -> bytes:
        """So many bytes of an object, from `offset` on. Raise ObjectNotFound for a missing key."""

    def exists(self, key: str) -> bool:
        """Whether there is an object under `key`."""

    def size_bytes(self, key: str, *, sse_key: bytes | None = None) -> int:
        """How many bytes an object has. Raise ObjectNotFound. `sse_key`: what the store encrypts it with."""

    def get_first(self, key: str, most_bytes: int, *, sse_key: bytes | None = None) -> bytes:
        """So many bytes of an object, from its beginning, or all where it has less. Raise ObjectNotFound."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key that begins with `prefix`, in no order that one may rely on."""

    def older_than(self, prefix: str, age_s: float) -> Iterator[tuple[str, int]]:
        """Key and size of every object that begins with `prefix` and was written more than `age_s` seconds ago."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete in one call; a key that is not there is no error."""


class ObjectStore:
    """In one bucket of an S3 store. Connects when first used."""

    def __init__(self, store: ObjectSettings) -> None:
        self._bucket = store.bucket
        pool = PatientPool(
            maxsize=MOST_CONNECTIONS,
            blocksize=PIECE_BYTES,
            socket_options=[
                (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
                (socket.SOL_SOCKET, socket.SO_SNDBUF, UNSENT_BYTES),
            ],
            retries=Retry(total=2, backoff_factor=0.1, status_forcelist=(500, 502, 503, 504)),
        )
        self._client = s3_client(store, pool)
        self._transfers = Transfers(store, self._client, pool)

    def ping(self) -> None:
        """Raise StoreUnavailable unless the bucket is there and may be used."""
        with translated(self._bucket):
            is_there = self._client.bucket_exists(self._bucket)
        if not is_there:
            raise StoreUnavailable(f"the bucket {self._bucket!r} does not exist")

    def put(self, key: str, body: bytes, media_type: str = "application/octet-stream") -> None:
        """Store `body`, replacing what was there."""
        with translated(key):
            self._client.put_object(self._bucket, key, io.BytesIO(body), len(body), content_type=media_type)

    def put_sealed(self, key: str, *bodies: bytes) -> None:
        """The same for what is checked byte by byte when it is opened: it is hashed nowhere on its way."""
        with translated(key):
            self._transfers.put(key, bodies)

    def get(self, key: str) -> bytes:
        """Raise ObjectNotFound for a missing key, whatever the backend calls it."""
        with translated(key):
            return self._transfers.get(key)

    def get_part(self, key: str, offset: int, size_bytes: int) -> bytes:
        """So many bytes of an object, from `offset` on. Raise ObjectNotFound for a missing key."""
        with translated(key):
            response = self._client.get_object(self._bucket, key, offset=offset, length=size_bytes)
            try:
                return bytes(response.read())
            finally:
                response.close()
                response.release_conn()

    def exists(self, key: str) -> bool:
        """Whether there is an object under `key`."""
        try:
            with translated(key):
                self._client.stat_object(self._bucket, key)
        except ObjectNotFound:
            return False
        return True

    def size_bytes(self, key: str, *, sse_key: bytes | None = None) -> int:
        """How many bytes an object has. Raise ObjectNotFound. `sse_key`: what the store encrypts it with."""
        with translated(key):
            size_bytes = self._transfers.size_bytes(key, key_headers(sse_key))
        if size_bytes is None:
            raise ObjectNotFound(f"no object is stored under {key!r}")
        return size_bytes

    def get_first(self, key: str, most_bytes: int, *, sse_key: bytes | None = None) -> bytes:
        """So many bytes of an object, from its beginning, or all where it has less. Raise ObjectNotFound."""
        with translated(key):
            return self._transfers.get_first(key, most_bytes, key_headers(sse_key))

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key that begins with `prefix`."""
        with translated(prefix):
            for entry in self._client.list_objects(self._bucket, prefix=prefix, recursive=True):
                yield entry.object_name

    def older_than(self, prefix: str, age_s: float) -> Iterator[tuple[str, int]]:
        """Key and size of every object that begins with `prefix` and was written more than `age_s` seconds ago."""
        before = datetime.now(UTC) - timedelta(seconds=age_s)
        with translated(prefix):
            for entry in self._client.list_objects(self._bucket, prefix=prefix, recursive=True):
                if entry.last_modified < before:
                    yield entry.object_name, entry.size

    def delete(self, keys: Iterable[str]) -> None:
        """Delete in one call; a key that is not there is no error."""
        with translated("delete"):
            for error in self._client.remove_objects(self._bucket, [DeleteObject(key) for key in keys]):
                if error.code != "NoSuchKey":
                    raise StoreUnavailable(f"{error.name} was not deleted: {error.message}")


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Give minio's and urllib3's ways of failing our names."""
    try:
        yield
    except S3Error as error:
        if error.code in ("NoSuchKey", "NoSuchObject"):
            raise ObjectNotFound(f"no object is stored under {what!r}") from error
        raise StoreUnavailable(f"the object store refused {what!r}: {error.code}") from error
    except (ValueError, ParseError) as error:  # minio's, of a name or an answer
        raise StoreUnavailable(
            f"{error}: LIKENESS_S3_ENDPOINT must name an S3 server, LIKENESS_S3_BUCKET a bucket of it"
        ) from error
    except (urllib3.exceptions.HTTPError, InvalidResponseError, ServerError) as error:
        asked: Any = error.pool if isinstance(error, urllib3.exceptions.PoolError) else getattr(error, "conn", None)
        where = f" at {asked.host}:{asked.port}" if asked else ""
        said = f"the object store{where} did not answer: {type(error).__name__}"
        if is_silence(error):
            note_silence(StoreUnavailable)
            raise StoreSilent(said) from error
        raise StoreUnavailable(said) from error
