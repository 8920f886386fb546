"""What a request led to, for OpenTelemetry."""

from pydantic import Field

from core.settings.groups.group import Group, named


class TraceSettings(Group):
    """What a request led to, for OpenTelemetry."""

    model_config = named("LIKENESS_TRACES_")

    endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^\s]+$",
        description="Where traces are sent: an OTLP/HTTP endpoint, e.g. http://collector:4318; none: they are not",
    )
