"""Whatever an operator can cause is a sentence, whichever command is asked: no traceback, and what to change."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click
import pytest

from likeness.cli.main import likeness as group
from tests.support.command import likeness

#: Those that start servers, wait for Ctrl-C, fetch from the network, or try again for seconds.
LEFT_OUT = {"up", "demo", "listen", "fetch", "compare", "batch"}
AWAY = {
    "LIKENESS_REDIS_URL": "redis://127.0.0.1:9",
    "LIKENESS_S3_ENDPOINT": "http://127.0.0.1:9",
    "LIKENESS_S3_ACCESS_KEY": "a",
    "LIKENESS_S3_SECRET_KEY": "b",
    "LIKENESS_API_URL": "http://127.0.0.1:9",
}


def leaves(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name, inner in command.commands.items():
        if name not in LEFT_OUT:
            yield from leaves(inner, *path, name)


LEAVES = dict(leaves(group))


def called(path: tuple[str, ...], file: Path) -> list[str]:
    """A command with everything that it must be given."""
    given = [*path, *(["--dry-run"] if path == ("purge",) else [])]
    for parameter in LEAVES[path].params:
        is_argument = isinstance(parameter, click.Argument)
        if is_argument or parameter.required:
            given += [*([] if is_argument else [parameter.opts[0]]), _value(parameter, file)]
    return given


def _value(parameter: click.Parameter, file: Path) -> str:
    match parameter.type:
        case click.Path(file_okay=False):
            return str(file.parent)
        case click.Path():
            return str(file)
        case click.Choice(choices=choices):
            return str(next(iter(choices)))
        case click.FloatRange():
            return "0.5"
        case _:
            return "http://127.0.0.1:9/" if parameter.name == "url" else "sample"


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[str]:
    """A server of another kind, which answers everything so."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            super().handle_one_request()
            self.close_connection = True

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_no_command_ends_in_a_traceback(path: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    file = tmp_path / "file"
    file.write_bytes(b"\xff\xfe\x00 neither text nor image")
    monkeypatch.chdir(tmp_path)
    ways = [
        {"LIKENESS_HOME": str(home)},
        {"LIKENESS_HOME": str(home), **AWAY},
        {"LIKENESS_HOME": "/proc/nowhere"},  # where nobody can write, not root either
        {"LIKENESS_HOME": str(file), "LIKENESS_API_KEY": "lk_é"},
        {"LIKENESS_HOME": str(home), "LIKENESS_API_URL": "http://[", "LIKENESS_REDIS_URL": "redis://[:x"},
    ]
    for way in ways:
        done = likeness(*called(path, file), **way)  # what is not caught fails the test
        assert done.returncode in (0, 1, 2), done
        assert "\nError: " not in f"\n{done.stderr}", "one form, whoever refuses it"
        assert done.returncode != 1 or done.stderr or done.stdout, way
    (home / "packs.toml").write_bytes(b"\xff")
    likeness(*called(path, file), LIKENESS_HOME=str(home))
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00")
    likeness(*called(path, file), LIKENESS_HOME=str(home))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<html>", 200),
        (b'{"hello": 1}', 200),
        (b"[1]", 200),
        (b"[1]", 500),
        (b"", 200),
        (b"", 502),
        (b'{"error": "x"}', 503),
    ],
    ids=["page", "other JSON", "list", "list in an error", "nothing", "nothing in an error", "other JSON in an error"],
)
def test_what_is_not_the_api_is_named_by_the_setting(body: bytes, status: int, tmp_path: Path) -> None:
    with answering(body, status) as url:
        for command in (["jobs"], ["jobs", "show", "cmp_1"], ["webhooks", "list"], ["batches"]):
            done = likeness(*command, **AWAY | {"LIKENESS_API_URL": url, "LIKENESS_HOME": str(tmp_path)})
            assert done.returncode == 1
            assert done.stderr.startswith("likeness: ")
            named = f"{url} is not this API" if status == 200 else f"{url}/v1/"
            assert named in done.stderr
            assert status == 200 or f" answers {status} " in done.stderr
            assert "LIKENESS_API_URL" in done.stderr


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "likeness.example", "ftp://127.0.0.1"])
def test_a_url_that_is_none_is_told_as_that_and_not_as_an_api_to_be_started(url: str, tmp_path: Path) -> None:
    done = likeness("jobs", **AWAY | {"LIKENESS_API_URL": url, "LIKENESS_HOME": str(tmp_path)})
    assert done.returncode == 1
    assert f"{url!r} is no URL of an API" in done.stderr
    assert "LIKENESS_API_URL" in done.stderr


def test_what_is_no_s3_server_is_named_by_the_setting(tmp_path: Path) -> None:
    with answering(b"<html>") as url:
        done = likeness("purge", "--dry-run", **AWAY | {"LIKENESS_S3_ENDPOINT": url, "LIKENESS_HOME": str(tmp_path)})
        assert done.returncode == 1
        done = likeness("evaluate", "datasets", **AWAY | {"LIKENESS_S3_ENDPOINT": url, "LIKENESS_HOME": str(tmp_path)})
        assert "LIKENESS_S3_ENDPOINT must name an S3 server" in done.stderr


@pytest.mark.parametrize(
    ("code", "hint"),
    [("key_missing", "LIKENESS_API_KEY"), ("scope_missing", "LIKENESS_API_KEY"), ("pack_unknown", "LIKENESS_PACKS")],
)
def test_a_refusal_names_the_setting_behind_it(code: str, hint: str, tmp_path: Path) -> None:
    with answering(json.dumps({"code": code, "detail": "it may not be", "status": 422}).encode(), 422) as url:
        done = likeness("jobs", "--url", url, LIKENESS_HOME=str(tmp_path))
        assert done.stderr.startswith("likeness: it may not be; ")
        assert hint in done.stderr


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = likeness("packs", "fetch", "opencv-zoo", LIKENESS_HOME=str(tmp_path / "file" / "home"))
    assert done.returncode == 1
    assert str(tmp_path / "file") in done.stderr
    assert "LIKENESS_HOME" in done.stderr
