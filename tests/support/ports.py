"""Ports for the servers of this process, which no other test process on this machine takes, of whatever run.

Each process holds a range of its own by listening on the range's first port for as long as it lives.
"""

import socket
from functools import cache

from infra.local.servers import LOOPBACK, S3_PORTS, free_port, free_s3_port

FIRST, END, SIZE = 20_000, 32_000, 500  # below the ephemeral ports, which begin at 32768


class Ports:
    """A range of ports, given out by turns."""

    def __init__(self) -> None:
        self._guard, self.first = _held()
        self._next = self.first + 1

    def take(self, count: int = 1) -> int:
        """The first of `count` consecutive ports that are free now; others come before it is given out again."""
        find = free_s3_port if count == S3_PORTS else lambda preferred: free_port(preferred, count)
        for preferred in (self._next, self.first + 1):
            first = find(preferred)
            if first + count <= self.first + SIZE:
                self._next = first + count
                return first
        raise RuntimeError(f"all ports from {self.first} to {self.first + SIZE} are taken")


@cache
def ours() -> Ports:
    """The range of this process."""
    return Ports()


def _held() -> tuple[socket.socket, int]:
    for first in range(FIRST, END, SIZE):
        guard = socket.socket()
        try:
            guard.bind((LOOPBACK, first))
            guard.listen()
        except OSError:
            guard.close()
        else:
            return guard, first
    raise RuntimeError(f"{(END - FIRST) // SIZE} test processes run here already")
