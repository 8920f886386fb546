"""What a command says of a server that it needs and that does not answer."""

import socket
from collections.abc import Iterator

from core.errors import LikenessError, RabbitUnavailable, RedisUnavailable, StoreUnavailable

_SETTINGS = {
    RabbitUnavailable: "LIKENESS_BROKER_URL",
    RedisUnavailable: "LIKENESS_REDIS_URL",
    StoreUnavailable: "LIKENESS_S3_ENDPOINT",
}


def told(error: LikenessError) -> str:
    """An error for people; of a server, why in the system's words, not a library's, and the setting that names it."""
    text = str(error)
    setting = next((name for kind, name in _SETTINGS.items() if isinstance(error, kind)), None)
    if setting is None or setting in text:
        return text
    cause = error.__cause__
    if cause is not None and (why := next(_reasons(cause), None)):
        for theirs in (str(cause), type(cause).__name__):
            text = text.replace(theirs, why)
    return f"{text.rstrip('.')}; {setting} names it, and `likeness doctor` looks at everything"


def _reasons(error: BaseException | None) -> Iterator[str]:
    """Of an error and of what it arose from."""
    while error is not None:
        match error:
            case TimeoutError():
                yield "it said nothing in time"
            case socket.gaierror():
                yield "no machine has that name"
            case OSError(strerror=str(why)):
                yield why.lower()
        error = error.__cause__ or error.__context__
