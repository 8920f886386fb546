"""gunicorn's threads, with an end to waiting for a client.

gunicorn gives each request a thread before its body is there, and reads without a timeout: some dozens of clients that
send a byte now and then would stop the whole process. A proxy that buffers requests keeps them off; without one, this
does.
"""

import errno
import io
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker

from api.serving.probes import Probes, peeked
from api.serving.refusals import Refusals

#: A request may take this long to arrive, from its first byte to its last, ...
LONGEST_S = 120.0
#: ... and while others wait for a thread: this long, and as much longer as its bytes take at half a megabit a second.
ARRIVAL_S = 2.0
EXPECTED_BYTES_PER_S = 64 * 1024
#: An answer may take this long to be taken, ...
LONGEST_ANSWER_S = 120.0
#: ... and, when it is the last, the client's closing: a client that still sends would not see it, were we the first.
LONGEST_GOODBYE_S = 2.0

#: Whoever was answered by a server waits so long for each thread that is busy with a body. Python's own is 5 ms.
SWITCH_S = 0.0005

READ_AHEAD_BYTES = 1024 * 1024
#: gunicorn's, of a body that nobody has read; after more it closes the connection, and should have said so.
THROWN_AWAY_BYTES = 64 * 1024 - 1
_LOOK_AGAIN_S = 0.25


class PatientSocket(socket.socket):
    """A client's connection, with what its present request may still take."""

    def await_request(self, is_scarce: Callable[[], bool]) -> None:
        """From now on a request arrives; `is_scarce` says whether somebody waits for this thread."""
        self._is_scarce = is_scarce
        self._began = time.monotonic()
        self._received = 0
        self._is_over = False
        self.in_body = False
        #: Set by the application: its key asks too much, and need not ask again before.
        self.retry_after_s: float | None = None

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """What has come. Too late: the end, as if the client had gone; TimeoutError within a body."""
        if self._is_over:
            return b""
        while not self._is_too_slow():
            self.settimeout(_LOOK_AGAIN_S)
            try:
                data = super().recv(size, flags)
            except TimeoutError:
                continue
            finally:
                self.settimeout(None)
            self._received += len(data)
            return data
        if self.in_body:
            raise TimeoutError("the request's body did not arrive in time")
        return b""

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send, or take the client for gone."""
        self.settimeout(LONGEST_ANSWER_S)
        try:
            super().sendall(data, flags)
        except TimeoutError:
            raise BrokenPipeError(errno.EPIPE, "the client does not take its answer") from None
        finally:
            self.settimeout(None)

    def say_goodbye(self) -> None:
        """Wait a little for the client to close. gunicorn would do so in the one thread that serves all connections."""
        self._is_over = True
        self.settimeout(_LOOK_AGAIN_S)
        deadline = time.monotonic() + LONGEST_GOODBYE_S
        with suppress(OSError):
            self.shutdown(socket.SHUT_WR)
            while time.monotonic() < deadline and not self._is_scarce():
                with suppress(TimeoutError):
                    if not super().recv(64 * 1024):
                        return

    def _is_too_slow(self) -> bool:
        took = time.monotonic() - self._began
        granted = ARRIVAL_S + self._received / EXPECTED_BYTES_PER_S
        return took > LONGEST_S or (took > granted and self._is_scarce())


class Body:
    """What reads a body for gunicorn: in few large pieces, and with one kind of error for whatever is wrong with it.

    gunicorn copies all that it has read ahead for each piece it hands out, and a form is read 64 KiB at a time.
    """

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self._ahead = io.BytesIO()
        self._has_ended = False

    def is_left(self) -> bool:
        """Whether more of it is unread than gunicorn throws away before the next request."""
        left = getattr(self._reader, "length", None)
        return not self._has_ended if left is None else left > THROWN_AWAY_BYTES

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, none at the end. Raise OSError for bad chunks, as for a client that has gone."""
        if piece := self._ahead.read(size):
            return piece
        try:
            ahead = self._reader.read(max(size, READ_AHEAD_BYTES))
            self._ahead, self._has_ended = io.BytesIO(ahead), not ahead
        except ParseException as error:
            raise OSError(f"the body is malformed: {error}") from error
        return self._ahead.read(size)


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """A gthread worker. A connection on which nothing has come yet takes no thread at all."""

    def init_process(self) -> None:
        """Serve; ends with the process."""
        sys.setswitchinterval(SWITCH_S)
        self._probes = Probes()
        self._refusals: Refusals[TConn] = Refusals()
        super().init_process()

    def enqueue_req(self, conn: TConn) -> None:
        """Find a thread for a connection, or, as long as nothing has come, let it wait without."""
        head = b"" if self.cfg.is_ssl else peeked(conn.sock)
        if head is None and not conn.initialized:
            nothing: Future[Any] = Future()
            nothing.set_result(_DEFER)
            self.finish_request(conn, nothing)
        elif pool := self._probes.pool_for(head or b""):
            served = pool.submit(self.handle, conn)
            served.add_done_callback(lambda served: self.method_queue.defer(self.finish_request, conn, served))
        elif not self._refusals.hold(conn, head or b""):
            super().enqueue_req(conn)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Serve whoever comes, and whoever was held."""
        super().wait_for_and_dispatch_events(self._refusals.next_in_s(timeout))
        for conn in self._refusals.due():
            super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """Serve one request, as gthread does."""
        if self.cfg.is_ssl:  # a proxy's work; its sockets are of another kind
            return super().handle(conn)
        if not isinstance(conn.sock, PatientSocket):
            sock = conn.sock
            conn.sock = PatientSocket(sock.family, sock.type, sock.proto, sock.detach())
        if not conn.initialized and not conn.wait_for_data(0):
            return _DEFER
        conn.sock.await_request(lambda: self.tpool._work_queue.qsize() > 0)
        stays = super().handle(conn)
        if not stays:
            conn.sock.say_goodbye()
        return stays

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Answer a request whose headers are there."""
        sock = conn.sock
        if not isinstance(sock, PatientSocket):
            return super().handle_request(req, conn)
        sock.in_body, sock.retry_after_s = True, None
        req.body.reader = body = Body(req.body.reader)
        closes = req.should_close
        req.should_close = lambda: closes() or body.is_left()  # asked for when an answer is begun
        stays = super().handle_request(req, conn)
        if sock.retry_after_s is not None:
            authorization = next((value for name, value in req.headers if name == "AUTHORIZATION"), "")
            self._refusals.note(authorization.encode("latin-1"), sock.retry_after_s)
        return stays
