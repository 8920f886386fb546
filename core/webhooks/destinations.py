"""Where a callback may go: what its URL may look like, and which addresses its name may have."""

import re
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

from core.errors import LikenessError
from core.settings.groups import WebhookSettings
from core.webhooks.addresses import unwrapped, why_refused

MAX_URL_CHARACTERS = 2048

_URL = re.compile(r"[!-\[\]-~]+")  # printable ASCII; a backslash is read differently by different parsers
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9.])?")
_DEFAULT_PORTS = {"https": 443, "http": 80}


class CallbackRefused(LikenessError):
    """A callback may not go there; trying again as it is does not help."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL taken apart, once: whoever connects uses these parts and parses nothing."""

    scheme: str
    #: Host and port as the URL has them: what the Host header says.
    netloc: str
    #: In small letters; without brackets for an address.
    host: str
    port: int
    #: Path and query.
    target: str


def true_destination(url: str) -> str:
    """What a URL connects to, as `https://host:443`: one text for all of its spellings. The URL was accepted before.

    >>> true_destination("HTTPS://Receiver.example.:0443/a?b")
    'https://receiver.example:443'
    """
    parts = urlsplit(url)
    host, port = (parts.hostname or "").rstrip("."), None
    with suppress(ValueError):
        host = str(unwrapped(ip_address(host)))
    with suppress(ValueError):
        port = parts.port
    return f"{parts.scheme}://{host}:{_DEFAULT_PORTS.get(parts.scheme) if port is None else port}"


@dataclass(frozen=True, slots=True)
class DestinationRules:
    """What the settings allow."""

    allow_http: bool = False
    #: So is any port then: a trial's receiver has one.
    allow_private: bool = False
    #: Allowed beside those of the schemes.
    ports: frozenset[int] = frozenset()

    @classmethod
    def of(cls, webhooks: WebhookSettings) -> Self:
        """The rules of this deployment."""
        return cls(webhooks.allow_http, webhooks.allow_private, frozenset(webhooks.ports))

    def check_url(self, url: str) -> Destination:
        """Take the URL apart. Raises CallbackRefused for one that can be told without asking the DNS."""
        if len(url) > MAX_URL_CHARACTERS:
            raise CallbackRefused(
                "callback_url_too_long", f"must be at most {MAX_URL_CHARACTERS} characters; found {len(url)}"
            )
        if not _URL.fullmatch(url):
            raise CallbackRefused("callback_url_invalid", "must be a URL of printable ASCII characters")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise CallbackRefused(
                "callback_url_invalid", "must be a URL, as https://host/path: its host, or its port, is none"
            ) from None
        host = parts.hostname or ""
        if parts.scheme not in _DEFAULT_PORTS or (parts.scheme == "http" and not self.allow_http):
            allowed = "https or http" if self.allow_http else "https"
            setting = "" if parts.scheme != "http" else "; LIKENESS_WEBHOOK_ALLOW_HTTP allows http"
            found = f"{parts.scheme}:" if parts.scheme else url[:20]
            found = f"{parts.scheme}:" if parts.scheme else url[:20]
            raise CallbackRefused("callback_scheme_refused", f"must begin with {allowed}; found {found!r}{setting}")
        if "@" in parts.netloc:
            raise CallbackRefused("callback_credentials_refused", "must not have a user name or password in it")
        is_literal = self._check_literal(host)
        if not (is_literal or _HOST.fullmatch(host)):
            raise CallbackRefused(
                "callback_url_invalid", f"must name a host by its DNS name or address; found {host!r}"
            )
        port = _DEFAULT_PORTS[parts.scheme] if port is None else port
        if not self._allows_port(port):
            allowed = "1 to 65535" if self.allow_private else " or ".join(map(str, sorted(self._ports)))
            setting = "" if self.allow_private else "; LIKENESS_WEBHOOK_PORTS allows others"
            raise CallbackRefused("callback_port_refused", f"must name port {allowed}; found port {port}{setting}")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Destination(parts.scheme, parts.netloc, host, port, target)

    def check_address(self, address: str) -> None:
        """Raises CallbackRefused for an address that one may not connect to."""
        if reason := why_refused(address, allow_private=self.allow_private):
            private_only = why_refused(address, allow_private=True) is None
            setting = "; LIKENESS_WEBHOOK_ALLOW_PRIVATE allows these" if private_only else ""
            raise CallbackRefused("callback_address_refused", f"{reason}{setting}")

    def _check_literal(self, host: str) -> bool:
        try:
            ip_address(host)
        except ValueError:
            return False
        self.check_address(host)
        return True

    @property
    def _ports(self) -> frozenset[int]:
        return self.ports.union(_DEFAULT_PORTS.values() if self.allow_http else (443,))

    def _allows_port(self, port: int) -> bool:
        return 0 < port < 65536 and (self.allow_private or port in self._ports)
