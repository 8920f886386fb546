"""Connections that go where they may: the name is resolved once, and what was checked is what is connected to."""

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import httpcore

from core.errors import LikenessError
from core.webhooks.destinations import CallbackRefused, DestinationRules


class NameNotResolved(LikenessError):
    """The DNS knows no address of this name, or did not answer in time."""

    code = "name_not_resolved"
    retryable = True


class NameRefused(CallbackRefused):
    """A name has an address that one may not connect to. Which one, our own DNS said, perhaps nobody else's."""


class Resolver(Protocol):
    """Asks for the addresses of a name."""

    def resolve(self, host: str, timeout_s: float) -> Sequence[str]:
        """Addresses as text. Raise NameNotResolved when there are none in time."""
        ...


class SystemResolver:
    """The machine's own. It knows no time limit, so it is asked in a thread that may be left behind."""

    def resolve(self, host: str, timeout_s: float) -> Sequence[str]:
        """Every address, in the system's order."""
        addresses: list[str] = []
        errors: list[Exception] = []

        def ask() -> None:
            try:
                answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError) as error:
                errors.append(error)
            else:
                addresses.extend(str(answer[4][0]) for answer in answers)

        asking = threading.Thread(target=ask, name="resolver", daemon=True)
        asking.start()
        asking.join(timeout_s)
        if errors:
            raise NameNotResolved(f"{host}: {errors[0]}")
        if not addresses:
            raise NameNotResolved(f"{host}: no address within {timeout_s:.0f} s")
        return list(dict.fromkeys(addresses))


class GuardedBackend(httpcore.NetworkBackend):
    """For one attempt: connects to checked addresses only, and everything together ends at the deadline."""

    def __init__(self, rules: DestinationRules, resolver: Resolver, deadline: float) -> None:
        self._rules = rules
        self._resolver = resolver
        self._deadline = deadline
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve once; one forbidden address among several is enough to refuse. Raises NameRefused."""
        addresses = self._resolver.resolve(host, _remaining(self._deadline, httpcore.ConnectTimeout))
        for address in addresses:
            try:
                self._rules.check_address(address)
            except CallbackRefused as error:
                raise NameRefused(error.code, str(error)) from None
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            # An address that swallows packets must leave some time for the next one.
            limit = _remaining(self._deadline, httpcore.ConnectTimeout) / left
            try:
                stream = self._backend.connect_tcp(address, port, limit, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if left == 1:
                    raise
            else:
                return _DeadlineStream(stream, self._deadline)
        raise NameNotResolved(f"{host}: no address")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Never."""
        raise NotImplementedError


class _DeadlineStream(httpcore.NetworkStream):
    """httpcore limits each read; a consumer that sends a byte a second would keep us for ever."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _remaining(self._deadline, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _remaining(self._deadline, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        limit = _remaining(self._deadline, httpcore.ConnectTimeout)
        return _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, limit), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _remaining(deadline: float, late: type[Exception]) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise late("the attempt's time is over")
    return remaining
