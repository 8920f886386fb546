"""Redis's own append-only file, read as evidence: every write the server ever carried out, through all its lives."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from core.storage.lifecycle import Status

ENDINGS = {status.encode() for status in Status if status.is_terminal}
#: Of whatever is submitted: comparisons and batches.
RECORDS = (b"job:cmp_", b"batch:bat_")


def commands(file: Path) -> Iterator[list[bytes]]:
    """Each command of the file. A kill may have cut off the last one; the server, too, drops it."""
    with file.open("rb") as lines:
        while head := lines.readline():
            if not head.startswith(b"*"):
                continue  # a timestamp
            command = []
            for _ in range(int(head[1:])):
                size = int(lines.readline()[1:] or 0)
                command.append(lines.read(size))
                lines.readline()
            yield command


def endings(directory: Path) -> dict[str, list[str]]:
    """Every terminal status that was ever written to a job or a batch, in order, by its id."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted(directory.glob("appendonlydir/*.incr.aof")):
        for command in commands(file):
            if len(command) < 4 or command[0].upper() != b"HSET" or not command[1].startswith(RECORDS):
                continue
            fields = dict(zip(command[2::2], command[3::2], strict=False))
            if fields.get(b"status") in ENDINGS:
                found[command[1].decode().partition(":")[2]].append(fields[b"status"].decode())
    return dict(found)
