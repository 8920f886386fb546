"""What rclone keeps of an object store's promises, in place of SeaweedFS."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.errors import ObjectNotFound, SettingsInvalid, StoreUnavailable
from core.storage.cors import allow
from core.storage.objects import ObjectStore
from core.storage.readiness import ensure_bucket
from infra.local.rclone import rclone_in
from infra.local.vacuum import embedded_server
from tests.support.servers import S3, Servers, addresses

LATER_S, LONG_AGO_S = -60.0, 60.0
BODY = os.urandom(600_000)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    home = tmp_path / "home"
    home.mkdir()
    where = {"LIKENESS_HOME": str(home), "LIKENESS_LOCAL_STORE": "rclone", **addresses(S3)}
    servers = Servers(home, where)
    try:
        servers.start_servers(S3)
        yield servers
    finally:
        servers.end()


def files(servers: Servers) -> list[Path]:
    return [path for path in (servers.home / "rclone").rglob("*") if path.is_file()]


def test_it_does_what_is_asked_of_an_object_store(servers: Servers) -> None:
    objects = ObjectStore(servers.settings.objects)
    objects.ping()
    objects.put_sealed("comparisons/a", BODY)
    objects.put("runs/1/report.json", b"{}", "application/json")
    assert objects.get("comparisons/a") == BODY
    assert (objects.exists("comparisons/a"), objects.exists("comparisons/b")) == (True, False)
    with pytest.raises(ObjectNotFound, match="comparisons/b"):
        objects.get("comparisons/b")
    assert [*objects.keys("comparisons/")] == ["comparisons/a"]
    assert [*objects.older_than("comparisons/", LATER_S)] == [("comparisons/a", len(BODY))]
    assert [*objects.older_than("comparisons/", LONG_AGO_S)] == []
    objects.put_sealed("comparisons/a", b"replaced")
    assert objects.get("comparisons/a") == b"replaced"


def test_what_is_deleted_is_gone_from_the_disk(servers: Servers) -> None:
    objects = ObjectStore(servers.settings.objects)
    for key in ("comparisons/a", "comparisons/b"):
        objects.put_sealed(key, BODY)
    objects.delete(["comparisons/a", "comparisons/nobody's"])
    assert [path.name for path in files(servers)] == ["b"]
    assert embedded_server(servers.settings) is None, "there is nothing to vacuum"


def test_what_was_acknowledged_is_there_after_a_kill(servers: Servers) -> None:
    objects = ObjectStore(servers.settings.objects)
    for number in range(20):
        objects.put_sealed(f"comparisons/{number}", BODY)
    objects.delete(["comparisons/0"])
    servers.kill(S3)
    servers.start_servers(S3)
    assert sorted(objects.keys("comparisons/")) == sorted(f"comparisons/{number}" for number in range(1, 20))
    assert all(objects.get(key) == BODY for key in objects.keys("comparisons/"))


def test_nothing_is_told_without_its_keys(servers: Servers) -> None:
    ObjectStore(servers.settings.objects).put_sealed("comparisons/a", BODY)
    endpoint = servers.settings.objects.credentials[0]
    for path in ("/", "/likeness", "/likeness/comparisons/a", "/likeness/../likeness/comparisons/a"):
        answer = httpx.get(endpoint + path)
        assert answer.is_client_error, path
        assert BODY[:100] not in answer.content
    others = servers.settings.but(s3_secret_key="another").objects
    with pytest.raises((SettingsInvalid, StoreUnavailable)):
        ensure_bucket(others)
    with pytest.raises(StoreUnavailable):
        ObjectStore(others).get("comparisons/a")
    with pytest.raises(StoreUnavailable):
        ObjectStore(others).put_sealed("comparisons/b", BODY)
    assert [path.name for path in files(servers)] == ["a"]


def test_it_has_no_rule_for_pages_that_put_uploads_and_that_is_said(servers: Servers) -> None:
    with pytest.raises(SettingsInvalid, match="LIKENESS_UPLOADS_ORIGINS: the object store takes no CORS rule"):
        allow(servers.settings.objects, ["https://app.example"])


def test_its_files_are_for_their_owner_alone(servers: Servers) -> None:
    assert (servers.home / "rclone").stat().st_mode & 0o077 == 0


def test_where_there_is_no_rclone_it_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="LIKENESS_LOCAL_STORE is rclone, and there is no rclone: "):
        rclone_in(str(tmp_path))
