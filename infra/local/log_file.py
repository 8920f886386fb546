"""The log that all processes of a stack write: within bounds while it runs, and others may rotate it as well."""

import logging
import re
from contextlib import suppress
from logging.handlers import RotatingFileHandler, WatchedFileHandler
from pathlib import Path

#: So many files are kept beside the one that is written: `stack.log.1` is the youngest.
KEPT = 5
#: What SeaweedFS says all day of a worker of its own, whose port leads nowhere here (docs/security.md): 4 MB a day.
NOISE = re.compile(
    r"Plugin worker \S+ stream ended|Reconnection attempt \d+ failed|Worker stream created|Connected to admin server"
    r"|Failed to send heartbeat: not connected to admin server"
)


class LogFile:
    """Lines that are appended. When the file was renamed, by us or by logrotate, the next line begins another."""

    def __init__(self, path: Path) -> None:
        self._handler = WatchedFileHandler(path, encoding="utf-8")

    def write(self, line: str) -> None:
        """One line, whole; what `print` puts after it is there already."""
        if line != "\n" and not NOISE.search(line):
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
