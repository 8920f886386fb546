"""Threads of their own for `/health` and `/ready`: whoever looks after this process asks when all others are taken."""

import socket
from concurrent.futures import ThreadPoolExecutor

#: One answers at once, the other waits for the servers that it looks at.
THREADS = {b"/health": 1, b"/ready": 2}
MOST_BYTES = 4096


def peeked(sock: socket.socket) -> bytes | None:
    """What has come and is not read yet; None when nothing has. Never waits."""
    try:
        return socket.socket.recv(sock, MOST_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:  # it is gone; whoever reads finds out
        return b""


class Probes:
    """Pools by path. Whoever has not sent a whole request waits with all others, and takes no thread from here."""

    def __init__(self) -> None:
        self._pools = {path: ThreadPoolExecutor(count) for path, count in THREADS.items()}

    def pool_for(self, head: bytes) -> ThreadPoolExecutor | None:
        """The pool for a request that begins like this; None for any other, and while it has enough to do."""
        line, _, _ = head.partition(b"\r\n")
        if b"\r\n\r\n" not in head or not line.startswith((b"GET /", b"HEAD /")):
            return None
        pool = self._pools.get(line.split(b" ")[1].partition(b"?")[0])
        return pool if pool and not pool._work_queue.qsize() else None
