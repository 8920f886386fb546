"""This machine: what is installed, and where state lies."""

import importlib.metadata
import os
import re
import shutil
import socket
import stat
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from core.deployment.finding import Finding, fail, ok, warn
from core.private import FOR_OWNER
from core.settings import CHECKOUT, default_home

#: A pack is 40 to 350 MB; SeaweedFS stops taking objects below 1 % of the disk; an append-only file is written twice.
LEAST_FREE_BYTES, LITTLE_FREE_BYTES = 500 * 10**6, 5 * 10**9
_PINNED = re.compile(r"([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==(\S+)")
#: Where the local stack would like its doors to be: the API, Flower, Redis, the object store.
PORTS = {"API": 8000, "Flower": 5555, "Redis": 6379, "object store": 9000}


def packages() -> Iterator[Finding]:
    """Python, and what pyproject.toml pins, for those processes whose packages are here."""
    yield ok("python", f"{sys.version.split()[0]} in {sys.prefix}")
    project = CHECKOUT / "pyproject.toml"
    if not project.is_file():
        yield warn("packages", "there is no pyproject.toml here to hold them against", "run it from the checkout")
        return
    groups = tomllib.loads(project.read_text(encoding="utf-8"))["dependency-groups"]
    here, other = [], []
    for group in ("api", "courier", "engine", "evaluator", "local"):
        pins = [found for line in groups[group] if isinstance(line, str) and (found := _PINNED.match(line))]
        versions = {pin[1]: _installed(pin[1]) for pin in pins}
        if None not in versions.values():
            here.append(group)
            other += [f"{pin[1]} {versions[pin[1]]}, not {pin[2]}" for pin in pins if versions[pin[1]] != pin[2]]
    if other:
        yield warn("packages", "; ".join(other), "install what is locked: `make install`, or infra/requirements/*.txt")
    else:
        yield ok("packages", f"as pinned, for {', '.join(here) or 'no process'}")


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def state() -> Iterator[Finding]:
    """The home: whether it may be written, who may read it, how much room there is."""
    home = default_home()
    there = next(path for path in (home, *home.parents) if path.exists())
    if not there.is_dir():
        yield fail("home", f"{there} is no directory", "let LIKENESS_HOME name a directory")
        return
    mode = stat.S_IMODE(there.stat().st_mode)
    if not os.access(there, os.W_OK | os.X_OK):
        yield fail(
            "home",
            f"{there} may not be written by user {os.getuid()}: packs, secrets and the local stack's data lie in it",
            f"chown it, or let LIKENESS_HOME name another directory than {home}",
        )
    elif there == home and mode & ~FOR_OWNER:
        yield warn("home", f"others may look into {home} (mode {mode:o})", f"chmod 700 {home}")
    else:
        yield ok("home", f"{home}{'' if there == home else ' (not there yet; it will be made)'}")
    secrets = home / "secrets.json"
    if secrets.is_file() and stat.S_IMODE(secrets.stat().st_mode) & 0o077:
        yield fail("secrets", f"others may read {secrets}", f"chmod 600 {secrets}, and make new ones")
    yield _room(there)


def _room(directory: Path) -> Finding:
    disk = shutil.disk_usage(directory)
    found = f"{disk.free / 1e9:.1f} GB of {disk.total / 1e9:.0f} are free at {directory}"
    if disk.free >= LITTLE_FREE_BYTES:
        return ok("disk", found)
    remedy = "make room (`likeness purge --yes`, old logs), or let LIKENESS_HOME name a directory on another disk"
    return (warn if disk.free >= LEAST_FREE_BYTES else fail)("disk", found, remedy)


def ports() -> Iterator[Finding]:
    """Whether a local stack would find its ports free; it takes the next ones where they are not."""
    taken = [f"{port} ({name})" for name, port in PORTS.items() if not _is_free(port)]
    if taken:
        yield ok("ports", f"taken by others: {', '.join(taken)}; `likeness up` takes the next ones that are free")
    else:
        yield ok("ports", f"{', '.join(map(str, PORTS.values()))} are free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
