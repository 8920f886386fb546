"""The local stack: every process of the Procfile on this machine, with embedded servers where none are set.

Two honchos run it, one over the servers and one over the rest, so that a stopping worker still has a broker to hand its
jobs back to. A lock in the home says whether a stack runs; the kernel gives it back however the stack ends.
"""

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from honcho.environ import parse_procfile

from core.errors import LikenessError
from core.messaging.broker import Queues
from core.messaging.presence import Presence
from core.outages import outlast
from core.private import make_home, write_private
from core.settings import Settings, default_home, load_settings
from infra.local.claims import Claims
from infra.local.environment import FLOWER_USER, env_file, process_environment, reaching, stack_environment
from infra.local.log_file import put_aside
from infra.local.metrics_ports import metrics_port_of
from infra.local.own_secrets import secrets_of, without_secrets
from infra.local.processes import Runner, StackFailed, end_processes, handle_signals, signals_interrupt
from infra.local.servers import s3_sockets, telling, wait_until_ready
from infra.local.shares import line_of, shares_of

PROCFILE = Path(__file__).parent / "Procfile"
SERVERS = ("redis", "s3")
NO_KEYS = """
The API asks for no key: every user of this machine can call it, read, cancel and erase. To have it ask for one:
  likeness keys create me --scope admin        (prints the key, once)
  LIKENESS_AUTH=on likeness up                 (from then on; commands send LIKENESS_API_KEY)
"""
#: The API says within two seconds whether it is ready.
ANSWER_S = 3.0

Say = Callable[[str], None]


class StackRunning(LikenessError):
    """A stack is running already in this home."""

    code = "stack_running"


class NotReady(LikenessError):
    """The API does not say yet that everything is ready."""

    code = "not_ready"
    retryable = True


@dataclass(frozen=True, slots=True)
class LocalStack:
    """A running stack. `environment` points a process at it; `stack.env` in the home says the same."""

    home: Path
    environment: Mapping[str, str]
    embedded: tuple[str, ...] = ()
    #: From this size on the log is put aside.
    log_bytes: int = 10_000_000
    runners: list[Runner] = field(default_factory=list)

    @property
    def api_url(self) -> str:
        """Where the API answers."""
        return self.environment["LIKENESS_API_URL"]

    @property
    def flower_url(self) -> str:
        """Where Flower answers to those who know the password in `secrets_file`."""
        return self.environment["LIKENESS_FLOWER_URL"]

    @property
    def secrets_file(self) -> Path:
        """Passwords and keys, made at the first start."""
        return self.home / "secrets.json"

    @property
    def log(self) -> Path:
        """What every process writes; `stack.log.1`, `.2`, ... were put aside, when it had grown or at a start."""
        return self.home / "logs" / "stack.log"

    def check(self) -> None:
        """Raise StackFailed, with its last words, when a process has stopped."""
        for runner in self.runners:
            runner.check()


@contextmanager
def start_stack(
    *, procfile: Path = PROCFILE, timeout_s: float = 180, say: Say = lambda line: None
) -> Iterator[LocalStack]:
    """Start everything, wait until it is ready, and stop all of it at the end, also on SIGTERM.

    Servers that the settings name already are used, not started. To be called in the main thread: on Linux the
    processes end with the thread that started them.

    Raises StackRunning when this home's stack runs already, StackFailed when a process does not live.
    """
    home = default_home()
    with _lock(home), signals_interrupt(), Claims() as claims:
        (home / "stack.env").unlink(missing_ok=True)
        if count := end_processes(home):
            say(f"Ended {count} processes that an earlier stack had left behind.")
        settings = load_settings()
        settings.check()
        outside = {"redis": settings.redis.url, "s3": settings.objects.endpoint}
        embedded = tuple(name for name in outside if not outside[name])
        stack = LocalStack(home, stack_environment(home, settings, claims), embedded, settings.logs.max_bytes)
        try:
            _start(stack, settings, procfile, timeout_s, say)
            yield stack
        finally:
            _stop(stack, say)


def up(*, procfile: Path = PROCFILE, timeout_s: float = 180) -> int:
    """Run the stack in the foreground until a signal (then return 0), or until a process stops (StackFailed)."""

    def say(line: str) -> None:
        with suppress(OSError):  # the terminal may be gone
            print(line, flush=True)

    try:
        with start_stack(procfile=procfile, timeout_s=timeout_s, say=say) as stack:
            say(_welcome(stack))
            while True:
                stack.check()
                put_aside(stack.log, from_bytes=stack.log_bytes)
                time.sleep(0.5)
    except KeyboardInterrupt:
        say("Stopped; nothing is left running.")
        return 0


def _start(stack: LocalStack, settings: Settings, procfile: Path, timeout_s: float, say: Say) -> None:
    stack.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    put_aside(stack.log)
    names = list(parse_procfile(procfile.read_text(encoding="utf-8")).processes)
    if not settings.images.urls and "fetcher" in names:
        names.remove("fetcher")
    if not settings.api.auth_on and "surplus" in names:  # without keys nobody is busier than another
        names.remove("surplus")
    shares = shares_of(settings, os.cpu_count() or 1)
    names += [name for name in shares if name not in names and line_of(name) in names]
    others = [name for name in names if name not in SERVERS]
    lanes = Queues.LANES[:1] if "surplus" in names else Queues.LANES
    environment = {
        **process_environment(stack.home, stack.environment, stack.embedded, settings),
        "WORKER_QUEUES": ",".join(lanes),
    }

    def run(names: list[str]) -> None:
        if names:
            say(f"Starting {', '.join(names)} ...")
            runner = Runner(
                procfile,
                names,
                environment=without_secrets(environment),
                own={
                    name: {
                        **secrets_of(name, environment),
                        **metrics_port_of(name, settings.metrics),
                        **shares.get(name, {}),
                    }
                    for name in names
                },
                log=stack.log,
                grace_s=settings.worker.shutdown_grace_s + 5,
            )
            stack.runners.append(runner)

    run([name for name in names if name in stack.embedded])
    connected = reaching(settings, stack.environment)
    wait_until_ready(connected, timeout_s=timeout_s, meanwhile=stack.check, say=say)
    if "redis" in stack.embedded:
        _forget_workers(Presence(connected.redis))
    write_private(stack.home / "stack.env", env_file(stack.environment))
    run(others)
    if "api" in others:
        _wait_for_api(stack, timeout_s, say)


def _forget_workers(presence: Presence) -> None:
    """A worker that was killed is remembered for some seconds; the stack is ready when its own worker is."""
    for worker in presence.workers():
        presence.leave(worker.name)


def _stop(stack: LocalStack, say: Say) -> None:
    """Orderly, the servers last; a second signal cuts it short. Nothing survives either way."""
    try:
        say("Stopping ...")
        for runner in reversed(stack.runners):
            runner.stop()
    finally:
        handle_signals(signal.SIG_IGN)
        end_processes(stack.home, grace_s=0)
        (stack.home / "stack.env").unlink(missing_ok=True)
        if "s3" in stack.embedded:
            for socket in s3_sockets(urlsplit(stack.environment["LIKENESS_S3_ENDPOINT"]).port or 0):
                socket.unlink(missing_ok=True)


def _wait_for_api(stack: LocalStack, timeout_s: float, say: Say) -> None:
    def probe() -> None:
        if missing := _missing(stack.api_url):
            raise NotReady(missing)

    try:
        # Less often than the servers: each time it asks is a line in the log.
        outlast(telling(probe, say), outage_s=timeout_s, meanwhile=stack.check)
    except NotReady as error:
        raise StackFailed(f"not ready after {timeout_s:.0f} s: {error}; the log is {stack.log}") from error


def _missing(api_url: str) -> str:
    """What keeps the stack from being ready, in the API's words; nothing when it is."""
    try:
        response = httpx.get(f"{api_url}/ready", timeout=ANSWER_S)
    except httpx.HTTPError:
        return f"the API at {api_url} does not answer yet"
    if response.status_code == httpx.codes.OK:
        return ""
    try:
        checks = response.json()["checks"].values()
    except (ValueError, KeyError):
        return f"the API says {response.status_code}"
    return "; ".join(check["detail"] for check in checks if not check["ok"])


def _welcome(stack: LocalStack) -> str:
    keys = "" if load_settings().api.auth == "on" else NO_KEYS
    return f"""
The stack is up.
  API      {stack.api_url}  (a page to try it, in a browser)
  Docs     {stack.api_url}/docs
  Flower   {stack.flower_url}  (user {FLOWER_USER}, password in {stack.secrets_file})
  Log      {stack.log}
{keys}Ctrl-C stops everything."""


@contextmanager
def _lock(home: Path) -> Iterator[None]:
    """Hold the home's lock. The kernel lets go of it when this process ends, even by kill -9: it is never stale."""
    make_home(home)
    with (home / "stack.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid = file.read().strip()
            raise StackRunning(
                f"a stack is running already, at {load_settings().api.url} (process {pid}, home {home}); "
                f"stop it there with Ctrl-C, or with `kill {pid}`"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
