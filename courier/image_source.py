"""An image at a URL: one GET through the guard, no redirects, no proxies, and no more of it than an image may have."""

import ssl
import time
from collections.abc import Mapping
from importlib.metadata import version

import httpcore
import httpx

from core.errors import ImageTooLarge, LikenessError
from core.settings.groups import WebhookSettings
from core.webhooks.destinations import CallbackRefused, DestinationRules
from courier.guard import GuardedBackend, NameNotResolved, Resolver, SystemResolver

USER_AGENT = f"likeness/{version('likeness')} (images)"
#: Answers that may be others soon; any other but 200 is final.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class ImageNotFetched(LikenessError):
    """The URL did not give an image."""

    code = "image_not_fetched"

    def __init__(self, message: str, *, passes: bool) -> None:
        super().__init__(message)
        self.retryable = passes


class ImageSource:
    """Fetches images. The resolver is an argument, so that a test can bring one that changes its mind."""

    def __init__(
        self,
        rules: DestinationRules,
        *,
        timeout_s: float,
        max_bytes: int,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self._rules = rules
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._tls = tls or httpx.create_ssl_context()
        self._resolver = resolver or SystemResolver()

    def get(self, url: str) -> bytes:
        """What lies there. Raise ImageNotFetched, or ImageTooLarge as soon as that is known."""
        try:
            return self._get(url, time.monotonic() + self._timeout_s)
        except (CallbackRefused, NameNotResolved):
            # One answer, tried again alike: which names our own network knows is nothing to tell.
            raise ImageNotFetched("the URL leads to no address that images are fetched from", passes=True) from None
        except httpcore.TimeoutException:
            raise ImageNotFetched(f"it did not come whole within {self._timeout_s:g} s", passes=True) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise ImageNotFetched("the connection failed, or broke off", passes=True) from error

    def _get(self, url: str, deadline: float) -> bytes:
        destination = self._rules.check_url(url)
        to = httpcore.URL(
            scheme=destination.scheme, host=destination.host, port=destination.port, target=destination.target
        )
        headers: Mapping[str, str] = {
            "Host": destination.netloc,
            "Accept": "image/*",
            "Accept-Encoding": "identity",
            "User-Agent": USER_AGENT,
            "Connection": "close",
        }
        backend = GuardedBackend(self._rules, self._resolver, deadline)
        with (
            httpcore.ConnectionPool(
                ssl_context=self._tls, network_backend=backend, max_connections=1, http2=False
            ) as pool,
            pool.stream("GET", to, headers=list(headers.items())) as response,
        ):
            if response.status != 200:
                hint = "; redirects are not followed" if 300 <= response.status < 400 else ""
                raise ImageNotFetched(f"answered {response.status}{hint}", passes=response.status in _PASSING)
            body = bytearray()
            for chunk in response.iter_stream():
                body += chunk
                if len(body) > self._max_bytes:
                    raise ImageTooLarge(f"the image has more than the {self._max_bytes} bytes that are accepted")
            return bytes(body)


def make_image_source(webhooks: WebhookSettings, max_bytes: int) -> ImageSource:
    """The source of this deployment: images are fetched from where callbacks may go."""
    tls = httpx.create_ssl_context()
    if webhooks.ca_file:
        tls.load_verify_locations(webhooks.ca_file)
    return ImageSource(DestinationRules.of(webhooks), timeout_s=webhooks.timeout_s, max_bytes=max_bytes, tls=tls)
