"""Model packs: which are served, where they lie, what a comparison gets that does not say."""

from pathlib import Path

from pydantic import Field

from core.liveness import LivenessRule, LivenessSides
from core.quality import QualityRule
from core.settings.groups.group import CommaSeparated, setting
from core.settings.groups.home import HomeSettings
from core.vocabulary import Policy


class PackSettings(HomeSettings):
    """Model packs: which are served, and where they lie."""

    served: CommaSeparated = setting("PACKS", ("opencv-zoo",), description="Packs a worker loads, comma-separated")
    default: str = setting("DEFAULT_PACK", "opencv-zoo", description="Pack of a comparison that names none")
    default_policy: Policy = Field(Policy.LARGEST, description="Face selection of a comparison that names none")
    directory: Path | None = setting("PACKS_DIR", None, description="Where packs lie; default: `packs` in the home")
    default_quality: QualityRule = Field(
        QualityRule.REPORT,
        description="What becomes of quality warnings where a comparison does not say: `report`, `require`",
    )
    liveness: str | None = setting(
        "LIVENESS_PACK",
        None,
        description="Pack that judges liveness, e.g. minifasnet; none: no comparison may ask for it",
    )
    default_liveness: LivenessRule = Field(
        LivenessRule.OFF, description="Liveness of a comparison that does not say: `off`, `report`, `require`"
    )
    default_liveness_sides: LivenessSides = Field(
        LivenessSides.PROBE,
        description="Images whose liveness is judged where a comparison does not say: `probe`, `both`",
    )
    liveness_threshold: float | None = Field(
        None, ge=0, le=1, description="Least liveness score that is bona fide; default: the pack's"
    )
    mirror: str | None = setting(
        "PACK_MIRROR", None, description="Base URL or directory with <pack>/<file>, tried before all else"
    )
    accept_licences: CommaSeparated = Field(
        (), description="Packs whose non-commercial licence you accept, comma-separated"
    )

    @property
    def needed(self) -> tuple[str, ...]:
        """Packs that a worker loads, the one for liveness among them."""
        return (*self.served, self.liveness) if self.liveness else self.served

    @property
    def path(self) -> Path:
        """The directory that holds one directory per pack."""
        return self.directory or self.home / "packs"
