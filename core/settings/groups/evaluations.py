"""Evaluation runs."""

from pydantic import Field

from core.settings.groups.group import Group


class EvaluationSettings(Group):
    """Evaluation runs."""

    run_patience_s: int = Field(120, ge=10, description="Silence after which an evaluation run is taken up again")
