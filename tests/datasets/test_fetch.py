"""Against a real HTTP server on this machine."""

import hashlib
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from sklearn.datasets import _lfw as sklearn_lfw

from core.errors import DownloadFailed
from evaluator.datasets.fetch import LFW, Published, fetch_lfw


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    root = tmp_path / "site"
    root.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root))) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", root
        server.shutdown()
        thread.join()


def published(url: str, name: str, body: bytes) -> Published:
    return Published(name, f"{url}/{name}", hashlib.sha256(body).hexdigest())


def test_the_addresses_and_digests_are_those_scikit_learn_documents() -> None:
    archive, pairs = sklearn_lfw.FUNNELED_ARCHIVE, sklearn_lfw.TARGETS[2]
    assert [(file.name, file.url, file.sha256) for file in LFW] == [
        (archive.filename, archive.url, archive.checksum),
        (pairs.filename, pairs.url, pairs.checksum),
    ]


def test_files_arrive_whole_and_are_not_fetched_twice(site: tuple[str, Path], tmp_path: Path) -> None:
    url, root = site
    body = bytes(range(256)) * 1000
    (root / "a.tgz").write_bytes(body)
    steps: list[tuple[int, int | None]] = []
    files = [published(url, "a.tgz", body)]
    target = tmp_path / "lfw"
    assert fetch_lfw(target, files=files, progress=lambda *step: steps.append(step)) == [target / "a.tgz"]
    assert (target / "a.tgz").read_bytes() == body
    assert steps[-1] == (256_000, 256_000)
    (root / "a.tgz").unlink()
    assert fetch_lfw(target, files=files) == [target / "a.tgz"]


def test_other_bytes_than_published_are_refused_and_not_kept(site: tuple[str, Path], tmp_path: Path) -> None:
    url, root = site
    (root / "a.tgz").write_bytes(b"something else")
    with pytest.raises(DownloadFailed, match=r"a\.tgz has SHA-256 [0-9a-f]{64}, expected"):
        fetch_lfw(tmp_path / "lfw", files=[published(url, "a.tgz", b"the real thing")])
    assert list((tmp_path / "lfw").iterdir()) == []


def test_a_file_that_was_changed_is_fetched_again(site: tuple[str, Path], tmp_path: Path) -> None:
    url, root = site
    (root / "a.tgz").write_bytes(b"right")
    (tmp_path / "a.tgz").write_bytes(b"wrong")
    fetch_lfw(tmp_path, files=[published(url, "a.tgz", b"right")])
    assert (tmp_path / "a.tgz").read_bytes() == b"right"


def test_no_network_and_no_file_are_download_failures(site: tuple[str, Path], tmp_path: Path) -> None:
    url, _ = site
    with pytest.raises(DownloadFailed, match="404"):
        fetch_lfw(tmp_path, files=[published(url, "none.tgz", b"")])
    with pytest.raises(DownloadFailed, match=r"http://127\.0\.0\.1:1/a\.tgz: "):
        fetch_lfw(tmp_path, files=[published("http://127.0.0.1:1", "a.tgz", b"")], attempts=2)
