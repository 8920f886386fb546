"""A proxy before a real server, which loses requests and answers as it is told, and remembers the scripts."""

import selectors
import socket
import threading
from collections import Counter, deque
from contextlib import suppress
from enum import StrEnum

from infra.local.servers import LOOPBACK


class Fate(StrEnum):
    """What becomes of a script or a message that is sent."""

    PASSED = "passed"
    #: It is carried out, and nobody hears of it.
    UNANSWERED = "unanswered"
    #: It never arrives.
    UNSENT = "unsent"


class LossyProxy:
    """Deals out `fates`, the first to the next script or message; when there are none left, all passes."""

    def __init__(self, port: int) -> None:
        self.fates: deque[Fate] = deque()
        self.dealt: Counter[Fate] = Counter()
        #: Scripts that were sent, as bytes on the wire.
        self.scripts: list[bytes] = []
        self._server_port = port
        self._listening = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, name="lossy-proxy", daemon=True).start()

    def close(self) -> None:
        """Take no more connections; those that are open end with their clients."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """One connection: both ways, until either end closes or something is to be lost."""
        with (
            client,
            socket.create_connection((LOOPBACK, self._server_port)) as server,
            selectors.DefaultSelector() as ready,
            suppress(OSError),
        ):
            ready.register(client, selectors.EVENT_READ)
            ready.register(server, selectors.EVENT_READ)
            fate = Fate.PASSED
            while True:
                for key, _ in ready.select():
                    source = client if key.fileobj is client else server
                    said = source.recv(1 << 16)
                    if source is client:
                        fate = self._fate_of(said)
                    lost = fate is (Fate.UNSENT if source is client else Fate.UNANSWERED)
                    if not said or lost:
                        return
                    (server if source is client else client).sendall(said)

    def _fate_of(self, said: bytes) -> Fate:
        command = said[:40].split(b"\r\n")[2:3]
        if command == [b"EVALSHA"]:
            self.scripts.append(said)
        if command not in ([b"EVALSHA"], [b"LPUSH"]) or not self.fates:
            return Fate.PASSED
        fate = self.fates.popleft()
        self.dealt[fate] += 1
        return fate
