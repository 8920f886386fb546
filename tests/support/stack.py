"""A real stack for tests: real servers, a real API process, real workers; each can be killed and started again."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from honcho.environ import parse_procfile

from core.settings import Settings
from infra.local.shares import with_twins
from infra.local.stack import PROCFILE
from likeness.client import Client
from tests.support.command import likeness
from tests.support.ports import ours
from tests.support.servers import REDIS, S3, Servers, Store, addresses, outside, settings_of

T = TypeVar("T")
BIN = Path(sys.executable).parent
#: A test wants a process's own exit code, and starts it again itself; and it waits for all of them alike.
UNSUPERVISED = re.compile(r"nice -n \d+ (?:python -m infra\.local\.supervise )?")


def eventually(check: Callable[[], T], *, within_s: float = 60.0) -> T:
    """Repeat an assertion until it holds; its last failure is the test's."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            return check()
        except (AssertionError, pytest.fail.Exception, httpx.HTTPError):  # pytest's own is no `Exception`
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@cache
def commands() -> dict[str, str]:
    """The Procfile's, unsupervised; `worker2` and `embedder2` are twins of what is there."""
    lines = parse_procfile(PROCFILE.read_text(encoding="utf-8")).processes
    return with_twins({name: UNSUPERVISED.sub("", line) for name, line in lines.items()})


@dataclass
class Stack(Servers):
    """Processes by name. `environment` points any other process of ours at the same servers."""

    environment: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.environment["LIKENESS_API_URL"]

    def client(self) -> Client:
        return Client(self.url)

    def start(self, *names: str, **environment: str) -> None:
        for name in names:
            if name in (REDIS, S3):
                super().start(name)
            else:
                self.start_from_procfile(name, **environment)

    def start_from_procfile(self, name: str, **environment: str) -> None:
        """Start a process by its line, one of the two servers as well."""
        path = f"{BIN}{os.pathsep}{self.environment.get('PATH', os.defpath)}"
        self.spawn(name, ["/bin/sh", "-c", commands()[name]], {**self.environment, **environment, "PATH": path})

    @cached_property
    def settings_of_servers(self) -> Settings:
        return settings_of(self.environment)

    def wait_until_ready(self, within_s: float = 120.0) -> None:
        def ready() -> None:
            answer = httpx.get(f"{self.url}/ready", timeout=10)
            assert answer.status_code == 200, f"{answer.text}\n{self.log('worker')[-2000:]}"

        eventually(ready, within_s=within_s)

    def likeness(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command against this stack, in this process."""
        return likeness(*arguments, **{**self.environment, **environment})

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one of our commands against this stack, as a process of its own."""
        return subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@contextmanager
def running(home: Path, packs_dir: Path, store: Store | None = None, **environment: str) -> Iterator[Stack]:
    """Servers up; everything that was started is ended at the end. Without a shared `store` it has one of its own."""
    home.mkdir(parents=True, exist_ok=True)
    api = ours().take()
    with ExitStack() as until_the_end:
        outside_redis = {name: url for name, url in environment.items() if name == "LIKENESS_REDIS_URL"}
        names = [*([] if outside_redis else [REDIS]), *([] if store else [S3])]
        where = {
            "LIKENESS_HOME": str(home),
            "LIKENESS_PACKS_DIR": str(packs_dir),
            "LIKENESS_API_URL": f"http://127.0.0.1:{api}",
            **addresses(*names),
            **outside_redis,
            **(until_the_end.enter_context(store.bucket()) if store else {}),
        }
        stack = Stack(
            home,
            where,
            environment={
                **outside(),
                **where,
                "LIKENESS_API_BIND": f"127.0.0.1:{api}",
                "LIKENESS_VISIBILITY_TIMEOUT_S": "5",
                "LIKENESS_LEASE_S": "3",
                "LIKENESS_REAPER_INTERVAL_S": "1",
                "LIKENESS_REAPER_PATIENCE_S": "5",
                **environment,
            },
        )
        until_the_end.callback(stack.end)
        stack.start_servers(*names)
        yield stack
