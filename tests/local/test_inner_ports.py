"""The embedded object store as another user of the machine meets it: on no port and through no socket does it tell,
or do, anything without the credentials that lie in the home.
"""

import os
import pwd
import re
import socket
import ssl
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from core.storage.objects import ObjectStore
from infra.local import inner_ports
from infra.local.inner_ports import AUTHORITY, CERTIFICATE, KEY, SECURITY, write_credentials
from infra.local.servers import LOOPBACK, S3_PORTS, S3Server, s3_sockets
from infra.local.vacuum import vacuum
from tests.support.servers import S3, Servers, serving

pytestmark = pytest.mark.stack

WEED = str(Path(sysconfig.get_path("scripts")) / "weed")
NAME = "comparisons/a-name-that-nobody-guesses"
BODY = b"a photograph that is nobody's business " * 100
#: Of the ten ports, those that speak gRPC.
GRPC = range(1, S3_PORTS, 2)
#: What the parts of SeaweedFS answer over HTTP, where they do.
PATHS = (
    *(
        "/",
        "/status",
        "/dir/status",
        "/dir/lookup?volumeId=1",
        "/dir/assign",
        "/vol/status",
        "/col/delete?collection=x",
    ),
    *("/cluster/status", "/buckets/", f"/buckets/likeness/{NAME}", f"/likeness/{NAME}", "/metrics", "/stats/disk"),
    *("/ui/index.html", "/submit", "/api/config", "/api/s3/users", "/debug/pprof/"),
)
#: A shell that is let in has answered by then.
LET_IN_S = 5
#: Becomes another user before it does anything else. The program is opened before that: it may lie where only we look.
BECOME = """
import os, sys
program = os.open(sys.argv[2], os.O_RDONLY)
os.setgroups([]); os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1])); os.chdir("/")
os.execve(program, sys.argv[2:], {"HOME": "/nonexistent"})
"""
CONNECT = """
import os, socket, sys
os.setgroups([]); os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1]))
for path in sys.argv[2:]:
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        print("connected to", path)
    except OSError as error:
        print(type(error).__name__)
"""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with serving(tmp_path_factory.mktemp("inner"), S3) as servers:
        ObjectStore(servers.settings.objects).put(NAME, BODY)
        yield servers


@pytest.fixture
def server(servers: Servers) -> S3Server:
    return S3Server.of(servers.settings)


@pytest.fixture
def nobody() -> int:
    if os.getuid() != 0:
        pytest.skip("only root can become another user: not tried what one would get")
    return pwd.getpwnam("nobody").pw_uid


def is_untouched(servers: Servers) -> bool:
    return ObjectStore(servers.settings.objects).get(NAME) == BODY


def shell(server: S3Server, *lines: str, of: int | None = None) -> str:
    """What `weed shell` prints: in the server's directory, or as another user, who has none."""
    where = (f"{LOOPBACK}:{server.port + first}.{server.port + first + 1}" for first in (2, 6))
    command = [WEED, "shell", *(f"-{name}={address}" for name, address in zip(("master", "filer"), where, strict=True))]
    with subprocess.Popen(
        command if of is None else [sys.executable, "-c", BECOME, str(of), *command],
        cwd=server.directory if of is None else None,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            return process.communicate("\n".join((*lines, "exit", "")), timeout=30 if of is None else LET_IN_S)[0]
        except subprocess.TimeoutExpired:  # whom no master lets in, it asks again for ever
            process.kill()
            return process.communicate()[0]


def test_with_the_credentials_a_shell_shows_everything(servers: Servers, server: S3Server) -> None:
    shown = shell(server, "fs.ls /buckets/likeness/comparisons", "s3.configure")
    assert NAME.rpartition("/")[2] in shown
    assert server.secret_key in shown
    vacuum(server)
    assert is_untouched(servers)


def test_another_users_shell_is_told_nothing_and_changes_nothing(
    servers: Servers, server: S3Server, nobody: int
) -> None:
    commands = (
        *("fs.ls -l /buckets/likeness/comparisons", f"fs.cat /buckets/likeness/{NAME}", "s3.configure", "volume.list"),
        *(f"fs.rm /buckets/likeness/{NAME}", "s3.bucket.delete -name=likeness", "cluster.ps"),
    )
    shown = shell(server, *commands, of=nobody)
    for secret in (NAME.rpartition("/")[2], BODY[:20].decode(), server.secret_key, server.access_key):
        assert secret not in shown
    assert is_untouched(servers)


def test_no_port_tells_anything_of_an_object_over_http(servers: Servers, server: S3Server) -> None:
    told = shell(server, f"fs.meta.cat /buckets/likeness/{NAME}")
    volume, cookie = re.findall(r'"fileId":\s*"(\d+),(\w+)"', told)[0]
    asked = [*(("GET", path) for path in PATHS), *((m, f"/{volume},{cookie}") for m in ("GET", "POST", "DELETE"))]
    with httpx.Client(timeout=5) as client:
        for offset in range(0, S3_PORTS, 2):
            for method, path in asked:
                answer = client.request(method, f"http://{LOOPBACK}:{server.port + offset}{path}")
                shown = f"{method} {offset} {path}: {answer.status_code} {answer.text[:200]}"
                assert BODY[:20] not in answer.content, shown
                assert NAME in path or NAME.rpartition("/")[2] not in answer.text, shown
                assert server.secret_key not in answer.text, shown
                if cookie in path:
                    assert answer.status_code in (401, 403, 404, 405), shown
    assert is_untouched(servers)


@pytest.mark.parametrize("offset", GRPC)
def test_no_grpc_port_speaks_to_who_has_no_certificate(server: S3Server, offset: int) -> None:
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
    with socket.create_connection((LOOPBACK, server.port + offset), timeout=10) as plain:
        plain.sendall(preface)
        assert received(plain)[:1] in (b"", b"\x15"), "the end, or a TLS alert; not the settings of HTTP/2"
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with socket.create_connection((LOOPBACK, server.port + offset), timeout=10) as plain:
        assert "CERTIFICATE_REQUIRED" in spoken(context, plain, preface)


def received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(64)
    except ConnectionResetError:
        return b""


def spoken(context: ssl.SSLContext, connection: socket.socket, preface: bytes) -> str:
    """What comes back, or why nothing does."""
    try:
        with context.wrap_socket(connection) as secured:
            secured.sendall(preface)
            return repr(secured.recv(64))
    except ssl.SSLError as error:
        return str(error.reason)


def test_another_user_cannot_connect_to_its_sockets(server: S3Server, nobody: int) -> None:
    sockets = [path for path in (*s3_sockets(server.port), *server.directory.glob("*.sock")) if path.exists()]
    assert len(sockets) >= 5
    done = subprocess.run(
        [sys.executable, "-c", CONNECT, str(nobody), *map(str, sockets)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["PermissionError"] * len(sockets)


def test_who_listens_where_its_worker_looks_for_an_administrator_is_none(tmp_path: Path, servers: Servers) -> None:
    """Its worker dials the admin server's port plus 10000, where nothing of ours listens."""
    write_credentials(tmp_path)  # as good as ours, but of another authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / CERTIFICATE, tmp_path / KEY)
    context.set_alpn_protocols(["h2"])
    told: list[str] = []
    port = (urlsplit(servers.settings.objects.credentials[0]).port or 0) + 8 + 10_000
    with socket.create_server((LOOPBACK, port)) as listening:
        listening.settimeout(60)

        def accept() -> None:
            connection, _ = listening.accept()
            with connection:
                try:
                    with context.wrap_socket(connection, server_side=True) as secured:
                        told.append(repr(secured.recv(64)))
                except ssl.SSLError as error:
                    told.append(str(error.reason))

        thread = threading.Thread(target=accept)
        thread.start()
        thread.join(70)
    assert told in (["TLSV1_ALERT_UNKNOWN_CA"], ["SSLV3_ALERT_BAD_CERTIFICATE"])


def test_what_lies_in_its_directory_is_for_its_owner_alone(server: S3Server) -> None:
    assert server.directory.stat().st_mode & 0o777 == 0o700
    for name in (SECURITY, AUTHORITY, CERTIFICATE, KEY, "s3.json"):
        assert (server.directory / name).stat().st_mode & 0o777 == 0o600


def test_what_a_store_of_0_1_0_has_kept_is_there_after_the_next_start(tmp_path: Path) -> None:
    before = Servers.at(tmp_path / "home", S3)
    try:
        before.start_servers(S3)
        before.kill(S3)
        for name in (SECURITY, AUTHORITY, CERTIFICATE, KEY):
            (before.home / S3 / name).unlink()
        server = S3Server.of(before.settings)
        before.spawn(S3, server.command(), {"PATH": os.defpath}, cwd=server.directory)
        before.wait_for_servers()
        ObjectStore(before.settings.objects).put(NAME, BODY)
        if os.getuid() == 0:
            shown = shell(server, "fs.ls /buckets/likeness/comparisons", of=pwd.getpwnam("nobody").pw_uid)
            assert NAME.rpartition("/")[2] in shown, "what everybody was told before"
        before.kill(S3)
        before.start_servers(S3)
        assert is_untouched(before)
        vacuum(server)
    finally:
        before.end()


def test_every_part_has_a_certificate(tmp_path: Path) -> None:
    """A part that `security.toml` does not name speaks to anybody."""
    write_credentials(tmp_path)
    written = (tmp_path / SECURITY).read_text(encoding="utf-8")
    known = subprocess.run([WEED, "scaffold", "-config=security"], capture_output=True, text=True, check=True).stdout
    parts = set(re.findall(r"^\[grpc\.(\w+)\]", known, re.MULTILINE))
    assert parts == set(inner_ports.PARTS)
    assert parts == set(re.findall(r"^\[grpc\.(\w+)\]", written, re.MULTILINE))
