"""Every setting of every process, typed and in groups; nothing else reads the environment."""

from core.settings.groups import CHECKOUT, default_home
from core.settings.reading import Settings, load_settings

__all__ = ["CHECKOUT", "Settings", "default_home", "load_settings"]
