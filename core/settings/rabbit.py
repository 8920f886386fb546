"""Where RabbitMQ is, if it is the broker: `amqp://user:password@host:5672/vhost`, or `amqps://` with TLS."""

from urllib.parse import urlsplit

SCHEMES = ("amqp", "amqps")
FORM = "amqp://user:password@host:5672/vhost"


def checked(url: str) -> str:
    """The URL as it was given. Raise ValueError with a sentence, which shows none of it, when it cannot be used."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ValueError(
            f"it must begin with amqp:// or amqps://, as in {FORM}, or be empty: then the Redis of LIKENESS_REDIS_URL "
            "is the broker too"
        )
    if {",", ";"} & {*parts.netloc.rpartition("@")[2]}:
        raise ValueError(f"it names several hosts: name one that leads to them all, as in {FORM}")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if not parts.hostname or port == 0:
        raise ValueError(f"it must name a host and, unless that is 5672 (amqps: 5671), a port: {FORM}")
    if parts.query or parts.fragment:
        raise ValueError(f"it must end after the virtual host: {FORM}")
    return url
