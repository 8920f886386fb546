"""One attempt: a signed POST through the guard, no redirects, no proxies, nothing kept of the answer's body."""

import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version

import httpcore
import httpx
import structlog

from core import traces
from core.reasons import system_reason
from core.settings.groups import WebhookSettings
from core.webhooks.destinations import CallbackRefused, DestinationRules
from core.webhooks.signing import Keyring
from courier.guard import GuardedBackend, NameNotResolved, NameRefused, Resolver, SystemResolver
from courier.schedule import asked_for_s

log = structlog.get_logger()

MAX_ANSWER_BYTES = 4096
#: From this part of the longest time on, an attempt was a slow one, whatever came of it.
SLOW = 0.9
USER_AGENT = f"likeness/{version('likeness')} (webhooks)"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an attempt met with."""

    #: When the attempt began, seconds since the epoch, UTC.
    at: float
    duration_ms: float
    #: Of HTTP; None where no answer came.
    status: int | None = None
    #: A code in place of the status.
    error: str | None = None
    #: For people.
    detail: str = ""
    #: What the consumer asked for with `Retry-After`; None where it did not.
    retry_after_s: float | None = None
    #: Our guard said no: nothing was sent.
    refused: bool = False
    #: Only our own network's DNS knows this much: it is for the log, not for who named the URL.
    is_inner: bool = False
    #: It took all the time there was.
    is_slow: bool = False


class Sender:
    """Sends events. The resolver is an argument, so that a test can bring one that changes its mind."""

    def __init__(
        self,
        rules: DestinationRules,
        *,
        timeout_s: float,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self._rules = rules
        self._timeout_s = timeout_s
        self._tls = tls or httpx.create_ssl_context()
        self._resolver = resolver or SystemResolver()

    def send(self, url: str, event_id: str, body: str, keyring: Keyring) -> Answer:
        """Make one attempt, signed by the whole keyring. Raises nothing that a consumer or its network can cause."""
        at, started = time.time(), time.monotonic()

        def answer(**facts: object) -> Answer:
            took_s = time.monotonic() - started
            is_slow = took_s >= SLOW * self._timeout_s
            return Answer(at, round(took_s * 1000, 1), is_slow=is_slow, **facts)  # type: ignore[arg-type]

        try:
            content = body.encode()
            signed = keyring.headers(event_id, int(at), content)
            status, headers = self._post(url, content, signed, started + self._timeout_s)
        except CallbackRefused as error:
            return answer(error=error.code, detail=str(error), refused=True, is_inner=isinstance(error, NameRefused))
        except NameNotResolved as error:
            return answer(error=error.code, detail=str(error), is_inner=True)
        except httpcore.TimeoutException:
            return answer(error="timeout", detail=f"no answer within {self._timeout_s:g} s")
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            return answer(error=_error_code(error), detail=(system_reason(error) or str(error))[:200])
        except Exception:  # whatever it was: an attempt without an answer counts, or it would be made for ever
            log.exception("delivery_attempt_broke", event_id=event_id)
            return answer(error="internal", detail="the attempt broke on our side")
        return answer(
            status=status, detail=f"answered {status}", retry_after_s=asked_for_s(headers.get("retry-after", ""))
        )

    def _post(self, url: str, body: bytes, signed: Mapping[str, str], deadline: float) -> tuple[int, Mapping[str, str]]:
        destination = self._rules.check_url(url)
        headers = {
            "Host": destination.netloc,
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Connection": "close",
            **signed,
            **({"traceparent": origin.traceparent} if (origin := traces.current()) and origin.traceparent else {}),
        }
        to = httpcore.URL(
            scheme=destination.scheme, host=destination.host, port=destination.port, target=destination.target
        )
        backend = GuardedBackend(self._rules, self._resolver, deadline)
        # The certificate is checked against the name in the URL, whatever address the guard connects to.
        with (
            httpcore.ConnectionPool(
                ssl_context=self._tls, network_backend=backend, max_connections=1, http2=False
            ) as pool,
            pool.stream("POST", to, headers=list(headers.items()), content=body) as response,
        ):
            _read_a_little(response)
            return response.status, {name.decode().lower(): value.decode("latin-1") for name, value in response.headers}


def make_sender(webhooks: WebhookSettings) -> Sender:
    """The sender of this deployment."""
    tls = httpx.create_ssl_context()
    if webhooks.ca_file:
        tls.load_verify_locations(webhooks.ca_file)
    return Sender(DestinationRules.of(webhooks), timeout_s=webhooks.timeout_s, tls=tls)


def _read_a_little(response: httpcore.Response) -> None:
    """Let the consumer finish its sentence. Nothing of it is kept: what we can read, others should not."""
    left = MAX_ANSWER_BYTES
    # The status is there already; a body that breaks off changes nothing.
    with suppress(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        for chunk in response.iter_stream():
            left -= len(chunk)
            if left <= 0:
                return


def _error_code(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "tls_failed"
        cause = cause.__cause__ or cause.__context__
    return "connection_failed" if isinstance(error, httpcore.ConnectError) else "connection_broken"
