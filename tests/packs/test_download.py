from pathlib import Path

import pytest

from core.errors import DownloadFailed
from core.storage.download import download

from .conftest import FileServer, digest

BODY = bytes(range(256)) * 4096


@pytest.fixture
def file(server: FileServer, tmp_path: Path) -> Path:
    server.files["/model.onnx"] = BODY
    return tmp_path / "model.onnx"


def get(server: FileServer, file: Path, **options: object) -> None:
    download(f"{server.url}/model.onnx", file, sha256=digest(BODY), backoff_s=0.01, **options)  # type: ignore[arg-type]


def test_a_file_arrives_whole_and_says_how_far_it_is(server: FileServer, file: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    get(server, file, progress=lambda done, total: seen.append((done, total)))
    assert file.read_bytes() == BODY
    assert seen == sorted(seen)
    assert seen[0] == (0, len(BODY))
    assert seen[-1] == (len(BODY), len(BODY))


def test_a_download_that_breaks_off_resumes_where_it_stopped(server: FileServer, file: Path) -> None:
    server.breaks_off = 2
    get(server, file)
    assert file.read_bytes() == BODY
    half = len(BODY) // 2
    assert [span for _, span in server.asked] == [None, f"bytes={half}-", f"bytes={half + half // 2}-"]


def test_what_arrived_is_kept_for_the_next_call(server: FileServer, file: Path) -> None:
    server.breaks_off = 1
    with pytest.raises(DownloadFailed):
        get(server, file, attempts=1)
    assert not file.exists()
    get(server, file, attempts=1)
    assert file.read_bytes() == BODY
    assert server.asked[-1][1] == f"bytes={len(BODY) // 2}-"


def test_a_server_without_ranges_sends_everything_again(server: FileServer, file: Path) -> None:
    server.breaks_off, server.knows_ranges = 1, False
    get(server, file)
    assert file.read_bytes() == BODY


def test_a_file_that_was_whole_before_the_process_died_is_not_fetched_again(server: FileServer, file: Path) -> None:
    file.with_name("model.onnx.part").write_bytes(BODY)
    get(server, file, attempts=1)
    assert file.read_bytes() == BODY
    assert server.asked == [("/model.onnx", f"bytes={len(BODY)}-")]


def test_a_part_of_another_file_is_thrown_away_and_the_download_starts_again(server: FileServer, file: Path) -> None:
    file.with_name("model.onnx.part").write_bytes(b"something else")
    get(server, file)
    assert file.read_bytes() == BODY
    assert server.asked[-1][1] is None


def test_a_busy_server_is_asked_again(server: FileServer, file: Path) -> None:
    server.says_busy = 2
    get(server, file)
    assert file.read_bytes() == BODY


def test_wrong_bytes_never_get_the_files_name(server: FileServer, file: Path) -> None:
    server.sends_wrong_bytes = 1
    with pytest.raises(DownloadFailed, match=f"expected {digest(BODY)}"):
        get(server, file)
    assert list(file.parent.glob("model*")) == []
    assert len(server.asked) == 1


def test_a_missing_file_is_not_asked_for_twice(server: FileServer, file: Path) -> None:
    server.files.clear()
    with pytest.raises(DownloadFailed, match=r"model\.onnx: the server answered 404"):
        get(server, file)
    assert len(server.asked) == 1


def test_an_end_comes_after_a_bounded_number_of_attempts(server: FileServer, file: Path) -> None:
    server.says_busy = 100
    with pytest.raises(DownloadFailed, match="503"):
        get(server, file, attempts=3)
    assert len(server.asked) == 3
