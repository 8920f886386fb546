"""A real pack, fetched once; a real HTTP server with one fault at a time."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.packs.catalogue import Pack, PackFile, PackSource
from core.settings import Settings
from core.storage.download import no_progress
from core.vocabulary import Threshold
from worker.packs.sources import FetchRequest, from_source


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip finds nothing: the air-gapped machine."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


@pytest.fixture(scope="session")
def ingredients(zoo: Pack, cache: Path) -> Path:
    """OpenCV Zoo's two files, for reading only."""
    directory = cache / "ingredients"
    if not all((directory / file.name).is_file() for file in zoo.ingredients):
        directory.mkdir(exist_ok=True)
        from_source(zoo.sources[0], FetchRequest(zoo.ingredients, directory, cache, no_progress))
    return directory


@pytest.fixture
def make_pack() -> Callable[..., Pack]:
    """A pack of any bytes: fetching and verifying never look into a model."""

    def make(name: str, files: dict[str, bytes], *sources: PackSource, commercial_use: bool = True) -> Pack:
        listed = tuple(PackFile(file, digest(body)) for file, body in files.items())
        threshold = Threshold(0.4, "a test")
        return Pack(name, "", "none", commercial_use, 8, threshold, listed, listed, None, sources, ())

    return make


@dataclass
class FileServer:
    """Serves bytes by path. Each fault is a number of answers that suffer it; the next ones are sound."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    breaks_off: int = 0
    says_busy: int = 0
    sends_wrong_bytes: int = 0
    knows_ranges: bool = True
    stalls_after_half: bool = False
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    stalled: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server() -> Iterator[FileServer]:
    served = FileServer()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            span = self.headers["Range"]
            served.asked.append((self.path, span))
            body = served.files.get(self.path)
            if served.says_busy:
                served.says_busy -= 1
                return self._answer(503, b"")
            if body is None:
                return self._answer(404, b"")
            if served.sends_wrong_bytes:
                served.sends_wrong_bytes -= 1
                return self._answer(200, bytes(len(body)))
            start = int(span.removeprefix("bytes=").rstrip("-")) if span and served.knows_ranges else 0
            if start >= len(body) and start:
                return self._answer(416, b"")
            return self._answer(206 if start else 200, body[start:], start)

        def _answer(self, status: int, body: bytes, start: int = 0) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 206:
                end = start + len(body)
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
            self.end_headers()
            if status < 300 and served.breaks_off:
                served.breaks_off -= 1
                self.wfile.write(body[: len(body) // 2])
                self.close_connection = True
            elif status < 300 and served.stalls_after_half:
                self.wfile.write(body[: len(body) // 2])
                self.wfile.flush()
                served.stalled.set()
                served.released.wait(30)
                self.close_connection = True
            else:
                self.wfile.write(body)

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None: ...

    with Server(("127.0.0.1", 0), Handler) as running:
        served.url = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield served
        served.released.set()
        running.shutdown()
        thread.join()
