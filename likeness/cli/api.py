"""The API that a command talks to."""

from core.errors import SettingsInvalid
from core.settings import load_settings
from likeness.client import Client


def api_client(url: str | None = None) -> Client:
    """A client of the API the settings name, or of another, with the settings' key."""
    settings = load_settings()
    key = settings.api.key.get_secret_value() if settings.api.key else None
    if key and not key.isascii():
        raise SettingsInvalid("LIKENESS_API_KEY: it has characters that no key has; one looks like lk_..._...")
    return Client(url or settings.api.url, key=key)
