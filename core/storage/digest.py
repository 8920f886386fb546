"""SHA-256 of files, and the one sentence about a digest that differs."""

import hashlib
from pathlib import Path


def sha256_of(path: Path) -> str:
    """Hexadecimal digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def mismatch(name: str, expected: str, actual: str) -> str:
    """Name the file and both digests."""
    return f"{name} has SHA-256 {actual}, expected {expected}"
