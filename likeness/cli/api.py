"""The API that a command talks to."""

from core.errors import SettingsInvalid
from core.settings import load_settings
from likeness.client import ApiError, Client

#: For the API's first sign of life to a command, which has taken a second to begin.
GREETING_S = 4.0


def api_client(url: str | None = None) -> Client:
    """A client of the API the settings name, or of another, with the settings' key. Raise ApiSilent where it hangs."""
    settings = load_settings()
    key = settings.api.key.get_secret_value() if settings.api.key else None
    if key and not key.isascii():
        raise SettingsInvalid("LIKENESS_API_KEY: it has characters that no key has; one looks like lk_..._...")
    client = Client(url or settings.api.url, key=key)
    try:
        client.greet(GREETING_S)
    except ApiError:
        client.close()
        raise
    return client
