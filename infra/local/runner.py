"""Honcho over some lines of a Procfile, tied to the process that started it.

`honcho start` does the same but for two things: it gives processes five seconds to stop, less than a worker needs to
hand its jobs back, and it outlives a supervisor that was killed. And each process is told what is its own alone, which
comes through standard input: an argument everybody could read, and our own environment all of them inherit.
"""

import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from honcho import manager as honcho_manager
from honcho.environ import parse_procfile
from honcho.printer import Printer

from infra.local.log_file import LogFile
from infra.local.shares import line_of
from infra.local.supervise import die_with_parent


def run(
    supervisor: int,
    grace_s: float,
    log: Path,
    procfile: Path,
    names: list[str],
    own: Mapping[str, Mapping[str, str]],
) -> int:
    """Run the named processes until one of them stops or we are told to; then stop the others."""
    die_with_parent(signal.SIGTERM)
    if os.getppid() != supervisor:
        sys.exit("the supervisor is gone")
    honcho_manager.KILL_WAIT = grace_s
    manager = honcho_manager.Manager(Printer(LogFile(log), colour=False))
    commands = parse_procfile(procfile.read_text(encoding="utf-8")).processes
    for name in names:
        manager.add_process(name, commands[line_of(name)], env={**os.environ, **own.get(name, {})})
    manager.loop()
    return int(manager.returncode or 0)


if __name__ == "__main__":
    pid, grace, log_file, file, *processes = sys.argv[1:]
    told = json.load(sys.stdin)
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())  # the processes have nothing to read
    sys.exit(run(int(pid), float(grace), Path(log_file), Path(file), processes, told))
