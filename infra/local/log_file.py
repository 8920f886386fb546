"""The log that all processes of a stack write: within bounds while it runs, and others may rotate it as well."""

import logging
from contextlib import suppress
from logging.handlers import RotatingFileHandler, WatchedFileHandler
from pathlib import Path

#: So many files are kept beside the one that is written: `stack.log.1` is the youngest.
KEPT = 5


class LogFile:
    """Lines that are appended. When the file was renamed, by us or by logrotate, the next line begins another."""

    def __init__(self, path: Path) -> None:
        self._handler = WatchedFileHandler(path, encoding="utf-8")

    def write(self, line: str) -> None:
        """One line, whole; what `print` puts after it is there already."""
        if line != "\n":
            self._handler.handle(logging.makeLogRecord({"msg": line}))

    def flush(self) -> None:
        """Every line is."""

    def isatty(self) -> bool:
        """A file."""
        return False


def put_aside(log: Path, *, from_bytes: int = 0) -> None:
    """Rename a log that has grown to so many bytes, and forget the oldest of those that were put aside."""
    with suppress(FileNotFoundError):  # nothing is written yet, or somebody else was faster
        if log.stat().st_size >= from_bytes:
            RotatingFileHandler(log, backupCount=KEPT, delay=True).doRollover()
