"""The look into the queues."""

from pydantic import Field

from core.settings.groups.group import Group, named


class FlowerSettings(Group):
    """The look into the queues."""

    model_config = named("LIKENESS_FLOWER_")

    writable: bool = Field(False, description="Whether the local Flower may stop workers and revoke tasks")
    events: bool = Field(
        False, description="Whether the local Flower shows tasks; it has workers send three messages a job for that"
    )
    url: str | None = Field(None, description="Where Flower answers, where it runs")
