"""A stack's processes: run under honcho, known by a mark in their environment, ended without remainder."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import psutil

from core.errors import LikenessError

MARK = "LIKENESS_STACK"  # in the environment of every process of a stack: the home it belongs to
STOPPED = re.compile(r"system +\| (\S+) stopped \(rc=(-?\d+)\)")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StackFailed(LikenessError):
    """A process of the stack stopped, or the stack did not become ready in time."""

    code = "stack_failed"


class Runner:
    """One honcho and the processes under it."""

    def __init__(
        self,
        procfile: Path,
        names: list[str],
        *,
        environment: Mapping[str, str],
        own: Mapping[str, Mapping[str, str]] | None = None,
        log: Path,
        grace_s: float,
    ) -> None:
        """`own`: what a process alone is told, by its name, beside the environment that all of them have."""
        self._log = log
        self._grace_s = grace_s
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "infra.local.runner"),
                    *(str(os.getpid()), str(grace_s), str(log), str(procfile)),
                    *names,
                ],
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=output,  # its own last words; no pipe, for it must be able to write when we are gone
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal reaches us only; we stop the processes in order
            )
        assert self._process.stdin
        with suppress(BrokenPipeError), self._process.stdin as pipe:
            pipe.write(json.dumps(own or {}).encode())

    def check(self) -> None:
        """Raise StackFailed when honcho has ended, which it does when any of its processes stops."""
        if self._process.poll() is not None:
            raise StackFailed(last_words(self._log))

    def stop(self) -> None:
        """Let every process end by itself within the grace time."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(self._grace_s + 5)


def end_processes(home: Path, grace_s: float = 10) -> int:
    """End every process that a stack of this home has started, wherever it hangs in the process tree; count them."""
    processes = alive = _processes_of(home)
    _signal(processes, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while alive and time.monotonic() < deadline:
        time.sleep(0.1)
        alive = _processes_of(home)
    deadline = time.monotonic() + 5  # a killed process is soon gone, but not at once
    while (alive := _processes_of(home)) and time.monotonic() < deadline:
        _signal(alive, signal.SIGKILL)
        time.sleep(0.05)
    return len(processes)


def last_words(log: Path, lines: int = 15) -> str:
    """Which process stopped first, and the last lines it wrote."""
    written = log.read_text(encoding="utf-8", errors="replace").splitlines()
    stopped = next((match for line in written if (match := STOPPED.search(line))), None)
    if stopped is None:
        return "\n".join((f"the stack ended unasked; the last lines of {log}:", *written[-lines:]))
    name, code = stopped.groups()
    own = [line for line in written if line.split("|")[0].split()[1:] == [name]]
    if not own:
        return f"{name} stopped with exit code {code} and had written nothing; the log is {log}"
    return "\n".join((f"{name} stopped with exit code {code}; its last lines in {log}:", *own[-lines:]))


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Every polite way of ending this process becomes a KeyboardInterrupt, so that `finally` runs."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    handle_signals(interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def handle_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """Set what the signals that end a process do to this one."""
    for number in STOP_SIGNALS:
        signal.signal(number, handler)


def _processes_of(home: Path) -> list[psutil.Process]:
    processes = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it has ended, or is not ours to look into
            if process.environ().get(MARK) == str(home):
                processes.append(process)
    return processes


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(number)
