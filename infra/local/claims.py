"""Ports that are spoken for: from when a stack chooses one until it ends, though nothing listens there yet.

A server listens seconds after its port was found free. Another stack that starts meanwhile would find the same one, and
its clients would then ask the first one's server, with keys that it does not know: AccessDenied.
"""

import socket
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from types import TracebackType
from typing import Self


class Claims:
    """What one stack has spoken for, on this machine and whoever the user is. The kernel lets go when the process ends.

    A claim on a port is a socket of its name in the abstract namespace, which only Linux has; elsewhere there is none.
    """

    def __init__(self) -> None:
        self._held = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._held.close()

    def take(self, ports: Iterable[int]) -> bool:
        """Speak for all of these ports; for none of them, and False, where another stack, or this one, has one."""
        if sys.platform != "linux":
            return True
        with ExitStack() as taken:
            for port in ports:
                claim = taken.enter_context(socket.socket(socket.AF_UNIX))
                try:
                    claim.bind(f"\0likeness-port-{port}")
                except OSError:
                    return False
            self._held.push(taken.pop_all())
        return True
