"""Where Redis is: at a URL, or where Sentinel says, `redis+sentinel://user:password@host:port,host:port/service`."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

SCHEME = "redis+sentinel"
FORM = f"{SCHEME}://:password@sentinel-1:26379,sentinel-2:26379/service"
PORT = 26379
_OWN = ("sentinel_username", "sentinel_password")


@dataclass(frozen=True, slots=True)
class Sentinels:
    """The sentinels, the name of the service they watch, and who we are: to the primary, and to them."""

    nodes: tuple[tuple[str, int], ...]
    service: str
    username: str | None
    password: str | None = field(repr=False)
    own_username: str | None
    own_password: str | None = field(repr=False)

    @classmethod
    def of(cls, url: str) -> "Sentinels | None":
        """None for a URL that names a server itself. Raise ValueError with a sentence for one that cannot be used."""
        begin, authority, rest = _cut(url)
        if begin != f"{SCHEME}://":
            return None
        parts = urlsplit(rest)
        service = unquote(parts.path.strip("/"))
        if not service or "/" in service:
            raise ValueError(f"it must end in the name of the service that the sentinels watch: {FORM}")
        asked = parse_qs(parts.query, keep_blank_values=True)
        if asked.keys() - {*_OWN}:
            raise ValueError(f"after the question mark it may say {' and '.join(_OWN)} only")
        userinfo, _, hosts = authority.rpartition("@")
        username, _, password = userinfo.partition(":")
        own_username, own_password = (asked.get(name, [""])[-1] or None for name in _OWN)
        nodes = tuple(_node(host) for host in hosts.split(","))
        return cls(nodes, service, unquote(username) or None, unquote(password) or None, own_username, own_password)

    def primary_options(self) -> dict[str, Any]:
        """Who we are to the primary, as redis-py takes it."""
        return _given(username=self.username, password=self.password)

    def own_options(self) -> dict[str, Any]:
        """Who we are to the sentinels, as redis-py takes it."""
        return _given(username=self.own_username, password=self.own_password)

    def celery_url(self, database: int) -> str:
        """As kombu and Celery have it: one URL a sentinel; the service's name goes into their options."""
        who = f"{quote(self.username or '', safe='')}:{quote(self.password or '', safe='')}@" if self.password else ""
        hosts = ((f"[{host}]" if ":" in host else host, port) for host, port in self.nodes)
        return ";".join(f"sentinel://{who}{host}:{port}/{database}" for host, port in hosts)


def checked(url: str) -> str:
    """The URL as it was given. Raise ValueError with a sentence, which shows none of it, when it cannot be used."""
    if Sentinels.of(url) is None:
        _check_server(urlsplit(url))
    return url


def of_database(url: str, number: int) -> str:
    """The URL of one of a server's databases. With `rediss://` it asks for a certificate that can be trusted.

    redis-py does so unasked; kombu would connect without TLS, and Celery's results refuse to start (5.7.0).
    """
    parts = urlsplit(url)
    query = parts.query
    if parts.scheme == "rediss" and "ssl_cert_reqs" not in parse_qs(query):
        query = "&".join(part for part in (query, "ssl_cert_reqs=required") if part)
    return parts._replace(path=f"/{number}", query=query).geturl()


def with_password(url: str, password: str) -> str:
    """The URL with a password, whatever characters it has. One that has its own already keeps that."""
    begin, authority, rest = _cut(url)
    userinfo, _, hosts = authority.rpartition("@")
    username, _, own = userinfo.partition(":")
    return url if own else f"{begin}{username}:{quote(password, safe='')}@{hosts}{rest}"


def _cut(url: str) -> tuple[str, str, str]:
    """Before the authority, that, and after it. urllib does not read one of several hosts: Python 3.14 refuses it."""
    scheme, mark, rest = url.partition("://")
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    return f"{scheme.lower()}{mark}", authority, rest[len(authority) :]


def _check_server(parts: SplitResult) -> None:
    if parts.scheme not in ("redis", "rediss"):
        raise ValueError(f"it must begin with redis://, rediss:// or {SCHEME}://, as in {FORM}")
    if "," in parts.netloc.rpartition("@")[2]:
        raise ValueError(f"it names several hosts, which are for sentinels: {FORM}; Redis Cluster is not supported")
    if not parts.hostname or _port(parts) == 0:
        raise ValueError("it must name a host and, unless that is 6379, a port: redis://:password@host:6379")
    if parts.path.strip("/") not in ("", "0"):
        raise ValueError("it must end after the port, without a database: 0, 1 and 2 are used")


def _node(host: str) -> tuple[str, int]:
    parts = urlsplit(f"//{host}")
    if not parts.hostname or _port(parts) == 0:
        raise ValueError(f"it must name hosts and, unless that is {PORT}, their ports: {FORM}")
    return parts.hostname, _port(parts) or PORT


def _port(parts: SplitResult) -> int | None:
    """0 for what is none: urllib's own sentence would show it, and it may be a piece of a password."""
    try:
        return parts.port
    except ValueError:
        return 0


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
