"""What a pack's calibration says of one score: the calibrated points, and where it lies among the scores of the run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """A named FMR, kept with 95 % confidence: its threshold and what that rests on, or why there is none."""

    #: The named FMR, 0 to 1.
    target: float
    #: The smallest that keeps it; None where it was refused, as all that follows but the reason.
    threshold: float | None
    #: False matches at the threshold ...
    errors: int | None
    #: ... among so many non-mated trials.
    trials: int | None
    #: One-sided 95 % Clopper-Pearson limit of the FMR from below.
    low: float | None
    #: From above: what was shown, and by what the threshold was chosen; at most the target.
    high: float | None
    #: Why there is no threshold; None where there is one.
    refused: str | None
    #: As `high`, but for people who recur in the comparisons, as they did: above the target where that matters. None
    #: where it is not known who was compared.
    high_over_people: float | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Among how many comparisons of a run, and how many of them are as far out as the score; a tie counts."""

    trials: int
    #: Non-mated: scored as high. Mated: as low.
    beyond: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Counts and limits of one run, and nothing that is derived from them: they are no probability of anything."""

    run_id: str
    #: Its name when the run was requested.
    dataset: str
    #: When the pack was calibrated, in seconds since the epoch, UTC.
    made_at: float
    #: Largest target first; empty where the run does not speak of this score.
    points: tuple[Point, ...] = ()
    #: None where it is not known, or there were none; so is `mated`.
    non_mated: Tally | None = None
    mated: Tally | None = None
    #: Why the run does not speak of this score: it scored otherwise. None where it does.
    unfit: str | None = None

    @property
    def sentence(self) -> str:
        """For people."""
        if self.unfit:
            return self.unfit
        of_run = f"of run {self.run_id} on {self.dataset}"
        said = []
        if self.non_mated:
            said.append(f"of {self.non_mated.trials} non-mated pairs {of_run}, {self.non_mated.beyond} scored as high")
        if self.mated:
            run = "" if said else f" {of_run}"
            said.append(f"of {self.mated.trials} mated pairs{run}, {self.mated.beyond} scored as low")
        return "; ".join(said) or (
            f"where this score lies among those {of_run} is not known, they were not kept: "
            f"likeness evaluate calibrate {self.run_id} keeps them"
        )
