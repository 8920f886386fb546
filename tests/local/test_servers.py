import io
import socket
import stat
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
import redis
from minio import Minio
from minio.error import S3Error

from core.errors import SettingsInvalid
from core.settings import Settings
from core.storage.readiness import ensure_bucket, ping_redis
from infra.local.servers import LOOPBACK, free_port
from tests.local.conftest import Deployed


def s3(settings: Settings, secret: str = "a-secret-key") -> Minio:
    endpoint, access_key, _ = settings.objects.credentials
    return Minio(urlsplit(endpoint).netloc, access_key, secret, secure=False, region="us-east-1")


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port
    return port


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_gets_in_without_the_password_or_the_keys(servers: Deployed) -> None:
    settings = servers.start()
    port = port_of(settings.redis.database(0))
    for url in (f"redis://{LOOPBACK}:{port}", f"redis://:guess@{LOOPBACK}:{port}"):
        client = redis.Redis.from_url(url)
        with pytest.raises(redis.AuthenticationError):
            client.get("job")
        client.close()

    s3(settings).put_object("likeness", "face.jpg", io.BytesIO(b"face"), 4)
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        s3(settings, "a-guess").get_object("likeness", "face.jpg")
    assert httpx.get(f"{settings.objects.endpoint}/likeness/face.jpg").status_code == 403
    filer = port_of(settings.objects.credentials[0]) + 6
    assert httpx.get(f"http://{LOOPBACK}:{filer}/buckets/likeness/face.jpg").status_code in (401, 403, 404)


def test_a_wrong_password_or_key_is_a_wrong_setting_and_not_waited_for(servers: Deployed) -> None:
    settings = servers.start()
    port = port_of(settings.redis.database(0))
    wrong = settings.but(
        redis_url=f"redis://:guess@{LOOPBACK}:{port}",
        s3_endpoint=settings.objects.endpoint,
        s3_access_key=settings.objects.access_key,
        s3_secret_key="a-guess",
    )
    with pytest.raises(SettingsInvalid, match="LIKENESS_REDIS_URL"):
        ping_redis(wrong.redis)
    with pytest.raises(SettingsInvalid, match="LIKENESS_S3_ACCESS_KEY"):
        ensure_bucket(wrong.objects)


def test_data_survive_kill_9_even_on_other_ports(servers: Deployed) -> None:
    settings = servers.start()
    with redis.Redis.from_url(settings.redis.database(2)) as client:
        client.set("job", "queued")
        client.execute_command("WAITAOF", 1, 0, 5000)  # everysec: wait for the second to pass
    s3(settings).put_object("likeness", "face.jpg", io.BytesIO(b"face"), 4)
    servers.kill()

    servers.choose_ports()
    settings = servers.start()
    with redis.Redis.from_url(settings.redis.database(2), decode_responses=True) as client:
        assert client.get("job") == "queued"
    with s3(settings).get_object("likeness", "face.jpg") as response:
        assert response.read() == b"face"


def test_a_full_redis_refuses_and_forgets_nothing(servers: Deployed) -> None:
    settings = servers.start()
    with redis.Redis.from_url(settings.redis.database(0), decode_responses=True) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendfsync") == {"appendfsync": "always"}


def test_both_listen_on_loopback_only_and_show_no_secret(servers: Deployed, home: Path) -> None:
    servers.start()
    for process in servers.running.values():
        listening = [c for c in psutil.Process(process.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
        assert listening
        assert {c.laddr.ip for c in listening} == {LOOPBACK}
        shown = " ".join(psutil.Process(process.pid).cmdline())
        assert not [secret for secret in ("sesame", "an-access-key", "a-secret-key") if secret in shown]
    assert mode(home / "s3" / "s3.json") == 0o600
    assert mode(home / "s3") == mode(home / "redis") == 0o700


def test_a_taken_port_is_passed_over() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        assert free_port(port) > port
        assert free_port(port - 3, 10) > port
