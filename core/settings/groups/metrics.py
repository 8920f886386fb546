"""What a process counts, for Prometheus."""

from pydantic import Field

from core.settings.groups.group import Group, named


class MetricsSettings(Group):
    """What a process counts, for Prometheus."""

    model_config = named("LIKENESS_METRICS_")

    port: int | None = Field(
        None,
        ge=1,
        le=65529,
        description="Port on which a process shows `/metrics`; none: it does not. The processes of a local stack take "
        "this one and the six after it",
    )
    host: str = Field(
        "127.0.0.1", description="Address on which it shows them: whoever reaches it reads them, without a key"
    )
