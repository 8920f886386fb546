"""Runs a command, and again when it was killed or says that it must be: `python -m infra.local.supervise COMMAND...`.

For the local stack, where no container engine does it. A process that is killed, that crashes in native code, or that
finds itself deaf is started again; one that ends by itself, well or badly, has said what it had to say.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

from core.exits import DEAF

MOST_RESTARTS = 5
WITHIN_S = 60.0
PR_SET_PDEATHSIG = 1
AUTOGROUP = Path("/proc/self/autogroup")


def supervise(command: list[str]) -> int:
    """The exit code of the run that is not followed by another; 128 and more for a signal, as in a shell."""
    told_to_stop = False
    child: subprocess.Popen[bytes] | None = None

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal told_to_stop
        told_to_stop = True
        if child is not None:
            child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, stop)
    ended: list[float] = []
    while True:
        # A session of its own: a signal to our process group reaches it once, through us.
        child = subprocess.Popen(command, start_new_session=True, preexec_fn=_begin)
        if told_to_stop:
            child.terminate()
        code = child.wait()
        ended = [at for at in ended if time.monotonic() - at < WITHIN_S] + [time.monotonic()]
        if told_to_stop or not (code < 0 or code == DEAF) or len(ended) > MOST_RESTARTS:
            return code if code >= 0 else 128 - code
        print(f"ended with {code}; starting it again ({len(ended)} of {MOST_RESTARTS} in a minute)", flush=True)


def die_with_parent(how: signal.Signals) -> None:
    """On Linux the kernel sends us this signal when the thread that started us ends, however it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, how)


def _begin() -> None:
    """In the child: end when we do, and be as nice as we are."""
    die_with_parent(signal.SIGKILL)
    if sys.platform == "linux":
        with suppress(OSError):
            # With autogroups Linux weighs sessions, and a nice value counts only within its own (sched(7)).
            AUTOGROUP.write_text(str(os.nice(0)), encoding="ascii")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m infra.local.supervise COMMAND [ARGUMENT...]")
    os.environ["PYTHONUNBUFFERED"] = "1"
    sys.exit(supervise(sys.argv[1:]))
