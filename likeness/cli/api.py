"""The API that a command talks to."""

from core.settings import load_settings
from likeness.client import Client


def api_client(url: str | None = None) -> Client:
    """A client of the API the settings name, or of another, with the settings' key."""
    settings = load_settings()
    return Client(url or settings.api.url, key=settings.api.key.get_secret_value() if settings.api.key else None)
