"""What every process writes."""

from pathlib import Path

from core.settings.groups.group import Group, setting


class LogSettings(Group):
    """What every process writes."""

    alive_file: Path | None = setting(
        "ALIVE_FILE", None, description="A file that a worker touches while it takes messages: for health checks"
    )

    as_json: bool = setting("LOG_JSON", True, description="Log lines as JSON (true) or as text (false)")
    level: str = setting("LOG_LEVEL", "INFO", description="Smallest level that is logged")
    max_bytes: int = setting(
        "LOG_MAX_BYTES",
        10_000_000,
        ge=10_000,
        description="Size at which the local stack puts its log aside; the last five are kept",
    )
