"""The log that all processes of a stack write."""

from contextlib import closing
from pathlib import Path

from infra.local.log_file import LogFile, put_aside


def test_what_seaweedfs_says_all_day_is_left_out_and_nothing_else(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "stack.log")
    with closing(log._handler):
        for line in (
            "07:15:45 s3 | W1126 07:15:45.605263 worker.go:180 Plugin worker w-vm-955b stream ended: open worker",
            "07:16:04 s3 | W1126 07:16:04.578337 client.go:379 [session 84a9] Reconnection attempt 10 failed: failed",
            "07:16:05 s3 | E1126 the disk is full",
            "07:16:06 worker | reconnection to Redis failed",
        ):
            log.write(line)
    said = (tmp_path / "stack.log").read_text().splitlines()
    assert [line.split("| ")[1] for line in said] == ["E1126 the disk is full", "reconnection to Redis failed"]


def test_of_the_logs_that_were_put_aside_the_last_five_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "stack.log"
    put_aside(log)
    for number in range(8):
        log.write_text(f"{number}")
        put_aside(log, from_bytes=2)
        assert log.exists(), "it is smaller"
        put_aside(log, from_bytes=1)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        f"stack.log.{age}": f"{8 - age}" for age in range(1, 6)
    }
