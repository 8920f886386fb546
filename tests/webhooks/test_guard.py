"""A connection goes to what was checked: real receivers, names that change, servers that do not end."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from core.webhooks.destinations import CallbackRefused, DestinationRules
from core.webhooks.signing import Keyring, new_secret
from courier.guard import NameNotResolved, SystemResolver
from courier.sender import Answer, Sender
from tests.support.receivers import receiving


class ChangingNames:
    """Answers each question with the next answer, and the last one for ever; remembers what it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def resolve(self, host: str, timeout_s: float) -> Sequence[str]:
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


class OnlyTheSecond(DestinationRules):
    """As if 127.0.0.2 were the internet, and everything else ours."""

    def check_address(self, address: str) -> None:
        if address != "127.0.0.2":
            raise CallbackRefused("callback_address_refused", f"{address} is not 127.0.0.2")


def send(url: str, rules: DestinationRules | None = None, **more: object) -> Answer:
    rules = rules or DestinationRules(allow_http=True, allow_private=True)
    arguments = {"timeout_s": 5.0, **more}
    keyring = Keyring.parse(new_secret())
    return Sender(rules, **arguments).send(url, "evt_1", "{}", keyring)  # type: ignore[arg-type]


def test_a_name_that_changes_its_answer_reaches_only_what_was_checked() -> None:
    with receiving(address="127.0.0.2") as outside, receiving(address="127.0.0.1", port=outside.port) as inside:
        names = ChangingNames(["127.0.0.2"], ["127.0.0.1"])
        url = f"http://rebinding.test:{outside.port}/"
        rules = OnlyTheSecond(allow_http=True, allow_private=True)
        assert send(url, rules, resolver=names).status == 204
        assert names.asked == ["rebinding.test"], "once an attempt: there is no second answer to be fooled by"
        answer = send(url, rules, resolver=names)
        assert (answer.error, answer.refused) == ("callback_address_refused", True)
        assert (len(outside.requests), len(inside.requests)) == (1, 0)


def test_one_forbidden_address_among_several_is_enough_to_refuse() -> None:
    with receiving(address="127.0.0.2") as outside:
        names = ChangingNames(["127.0.0.2", "10.0.0.1"])
        answer = send(f"http://both.test:{outside.port}/", OnlyTheSecond(True, True), resolver=names)
        assert answer.error == "callback_address_refused"
        assert outside.requests == []


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1"])
def test_no_spelling_of_loopback_gets_through(host: str) -> None:
    with receiving() as receiver:
        rules = DestinationRules(allow_http=True, ports=frozenset({receiver.port}))
        answer = send(f"http://{host}:{receiver.port}/", rules)
        assert answer.error == "callback_address_refused"
        assert receiver.requests == []


def test_an_address_that_does_not_answer_is_passed_over_for_the_next() -> None:
    with receiving(address="127.0.0.3") as receiver:
        names = ChangingNames(["127.0.0.2", "127.0.0.3"])
        assert send(f"http://two.test:{receiver.port}/", resolver=names).status == 204


def test_the_certificate_is_checked_against_the_name_and_not_the_address(
    receivers_tls: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    names = ChangingNames(["127.0.0.1"])
    with receiving(tls=receivers_tls) as receiver:
        assert send(f"https://receiver.test:{receiver.port}/", resolver=names, tls=trust).status == 204
        assert receiver.requests[0].headers["host"] == f"receiver.test:{receiver.port}"
        for wrong, context in [("another.test", trust), ("receiver.test", None)]:
            answer = send(f"https://{wrong}:{receiver.port}/", resolver=names, tls=context)
            assert (answer.error, answer.status) == ("tls_failed", None)
        assert len(receiver.requests) == 1


def test_a_redirect_is_not_followed() -> None:
    with receiving() as elsewhere, receiving(lambda number: (302, {"Location": elsewhere.url})) as receiver:
        assert send(receiver.url).status == 302
        assert elsewhere.requests == []


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert send(receiver.url).status == 204
        assert proxy.requests == []


@contextmanager
def raw_server(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    """A server that says what it likes until the client or the test is gone."""
    over = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                connection.recv(65536)
                talk(connection, over)
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            thread.join(10)


def test_an_answer_that_drips_in_ends_with_the_attempts_time() -> None:
    def drip(connection: socket.socket, over: threading.Event) -> None:
        while not over.wait(0.05):
            connection.sendall(b"H")

    with raw_server(drip) as port:
        answer = send(f"http://127.0.0.1:{port}/", timeout_s=0.5)
    assert answer.error == "timeout"
    assert 400 < answer.duration_ms < 30_000


def test_a_body_without_end_is_not_read_to_its_end() -> None:
    def pour(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not over.is_set():
            connection.sendall(b"x" * 65536)

    with raw_server(pour) as port:
        answer = send(f"http://127.0.0.1:{port}/")
    assert answer.status == 200
    assert answer.duration_ms < 5000, "nor until its time is over"


def test_headers_without_end_are_a_failed_attempt() -> None:
    def pour(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not over.is_set():
            connection.sendall(b"X-More: " + b"x" * 60000 + b"\r\n")

    with raw_server(pour) as port:
        assert send(f"http://127.0.0.1:{port}/").error == "connection_broken"


def test_what_is_not_http_is_a_failed_attempt() -> None:
    with raw_server(lambda connection, over: connection.sendall(b"220 mail.example ESMTP\r\n")) as port:
        assert send(f"http://127.0.0.1:{port}/").error == "connection_broken"


def test_a_port_nobody_listens_on_is_a_failed_attempt() -> None:
    with receiving() as receiver:
        pass
    assert send(receiver.url).error == "connection_failed"


@pytest.mark.parametrize("host", ["a" * 64 + ".test", "nobody.invalid"])
def test_a_name_nobody_knows_is_a_failed_attempt(host: str) -> None:
    assert send(f"https://{host}/", DestinationRules()).error == "name_not_resolved"
    with pytest.raises(NameNotResolved):
        SystemResolver().resolve(host, 5)


@pytest.mark.parametrize(
    ("given", "read"), [("7", 7.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", None), ("-3", None), ("", None)]
)
def test_retry_after_is_read_as_seconds_or_a_date(given: str, read: float | None) -> None:
    with receiving(lambda number: (503, {"Retry-After": given})) as receiver:
        assert send(receiver.url).retry_after_s == read
