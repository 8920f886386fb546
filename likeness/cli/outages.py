"""What a command says of a server that it needs and that does not answer."""

from core.errors import LikenessError, RabbitUnavailable, RedisUnavailable, StoreUnavailable
from core.reasons import system_reason

_SETTINGS = {
    RabbitUnavailable: "LIKENESS_BROKER_URL",
    RedisUnavailable: "LIKENESS_REDIS_URL",
    StoreUnavailable: "LIKENESS_S3_ENDPOINT",
}


def told(error: LikenessError) -> str:
    """An error for people; of a server, why in the system's words, not a library's, and the setting that names it."""
    text = str(error)
    if text == (type(error).__doc__ or "").strip():
        return text[0].lower() + text[1:].removesuffix(".")
    setting = next((name for kind, name in _SETTINGS.items() if isinstance(error, kind)), None)
    if setting is None or setting in text:
        return text
    cause = error.__cause__
    if cause is not None and (why := system_reason(cause)):
        for theirs in (str(cause), type(cause).__name__):
            text = text.replace(theirs, why)
    return f"{text.rstrip('.')}; {setting} names it, and `likeness doctor` looks at everything"
