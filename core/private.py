"""What lies on this machine for its owner alone: the home, and files that nobody else may read."""

import os
import stat
from pathlib import Path

#: A home of this name is ours, and its mode is put right. Any other directory is the operator's own.
HOME_NAME = ".likeness"
FOR_OWNER = 0o700


def make_home(home: Path) -> None:
    """The home, for its owner alone, whichever command is the first to need it."""
    home.mkdir(mode=FOR_OWNER, parents=True, exist_ok=True)
    found = home.stat()
    if home.name == HOME_NAME and found.st_uid == os.getuid() and stat.S_IMODE(found.st_mode) != FOR_OWNER:
        home.chmod(FOR_OWNER)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(mode=FOR_OWNER, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)
