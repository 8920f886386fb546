"""How well presentation attacks are told from bona fide presentations, in the words of ISO/IEC 30107-3."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.metrics.operating_points import trials_needed
from evaluator.metrics.rates import InsufficientData, Rate, rate, zero_error_bound
from evaluator.metrics.scores import Booleans, Scores, as_scores, as_thresholds, count

#: The largest APCERs by which BPCER is named: BPCER10, BPCER20 and BPCER100.
TARGETS = (0.1, 0.05, 0.01)


@dataclass(frozen=True, slots=True, eq=False)
class PadSet:
    """Presentations, a row each; a larger score is more like a bona fide one."""

    #: Shape (n,), NaN where there was no response: nothing was judged.
    scores: Scores
    #: What each was: the attack's species, or None where it was bona fide.
    species: tuple[str | None, ...]

    def __post_init__(self) -> None:
        """Raise ValueError for scores that are infinite, or as many rows of one as of the other."""
        if self.scores.shape != (len(self.species),):
            raise ValueError(f"{len(self.species)} species for scores of shape {self.scores.shape}")
        as_scores(self.scores[self.judged])

    @property
    def judged(self) -> Booleans:
        """Which had a response, shape (n,)."""
        return ~np.isnan(self.scores)

    @property
    def attack_species(self) -> tuple[str, ...]:
        """Every species of attack, sorted."""
        return tuple(sorted({name for name in self.species if name is not None}))

    def of(self, species: str | None) -> Booleans:
        """Which are attacks of this species, or bona fide for None; shape (n,)."""
        return np.array([name == species for name in self.species], dtype=bool)


@dataclass(frozen=True, slots=True)
class AttackRates:
    """What became of the attacks of one species."""

    species: str
    presentations: int
    #: Attacks taken for bona fide, of those with a response.
    apcer: Rate | InsufficientData
    #: Attacks without a response, of all.
    apnrr: Rate | InsufficientData
    #: Attacks taken for bona fide, of all: what passes where a response is required.
    passed: Rate | InsufficientData


@dataclass(frozen=True, slots=True)
class PadPoint:
    """The error rates at one threshold."""

    threshold: float
    attacks: tuple[AttackRates, ...]
    #: Largest APCER of any species: the standard's figure for a PAD subsystem, never a mean over species.
    apcer: Rate | InsufficientData
    #: Bona fide presentations taken for attacks, of those with a response.
    bpcer: Rate | InsufficientData
    #: Bona fide presentations without a response, of all.
    bpnrr: Rate | InsufficientData
    #: Bona fide presentations taken for attacks or without a response, of all: who is refused where one is required.
    refused: Rate | InsufficientData


def pad_point(presentations: PadSet, threshold: float, *, confidence: float = 0.95) -> PadPoint:
    """The rates at a given threshold; a score exactly on it is bona fide. Raise ValueError for one that is NaN.

    Source: ISO/IEC 30107-3, which asks for APCER by species and reports the largest. Presentations are taken for
    independent: several of one person, or of one print, make the intervals too narrow.

    >>> shown = PadSet(np.array([0.9, 0.4, 0.6, 0.1, np.nan]), (None, None, "print", "print", "screen"))
    >>> point = pad_point(shown, 0.5)
    >>> point.bpcer.value, [attack.apcer for attack in point.attacks][0].value
    (0.5, 0.5)
    >>> point.attacks[1].apcer
    InsufficientData(reason='there are no attacks of species screen with a response')
    """
    threshold = float(as_thresholds(threshold))
    taken_for_bona_fide = presentations.judged & (presentations.scores >= threshold)
    judged, bona_fide = presentations.judged, presentations.of(None)
    attacks = []
    for species in presentations.attack_species:
        rows = presentations.of(species)
        name = f"attacks of species {species}"
        attacks.append(
            AttackRates(
                species,
                count(rows),
                _rate(rows & judged, taken_for_bona_fide, confidence, f"{name} with a response"),
                _rate(rows, ~judged, confidence, name),
                _rate(rows, taken_for_bona_fide, confidence, name),
            )
        )
    return PadPoint(
        threshold,
        tuple(attacks),
        _largest([attack.apcer for attack in attacks]),
        _rate(bona_fide & judged, ~taken_for_bona_fide, confidence, "bona fide presentations with a response"),
        _rate(bona_fide, ~judged, confidence, "bona fide presentations"),
        _rate(bona_fide, ~taken_for_bona_fide, confidence, "bona fide presentations"),
    )


def bpcer_at_apcer(presentations: PadSet, target: float, *, confidence: float = 0.95) -> PadPoint | InsufficientData:
    """BPCER at observed APCER at most `target` (0 < target < 1) for every species, never at the nearest.

    The threshold is the smallest of the observed scores, and one step above the largest, that keeps it. Insufficient
    data where a species has so few attacks with a response that even none taken for bona fide would not show, with
    one-sided `confidence`, an APCER of at most the target: 10 % needs 29, 5 % needs 59, 1 % needs 299. What these
    attacks show, no promise of others. Raise ValueError for a target outside (0, 1).

    >>> shown = PadSet(np.append(np.arange(100) / 100, 0.985), ("print",) * 100 + (None,))
    >>> point = bpcer_at_apcer(shown, 0.05)
    >>> point.threshold, point.apcer.errors, point.bpcer.errors
    (0.95, 5, 0)
    """
    needed = trials_needed(target, confidence=confidence)
    if not presentations.attack_species:
        return InsufficientData("there are no attacks")
    for species in presentations.attack_species:
        attacks = count(presentations.of(species) & presentations.judged)
        if attacks < needed:
            bound = f": {zero_error_bound(attacks, confidence=confidence):.3g}" if attacks else ""
            return InsufficientData(
                f"APCER at most {target:g} needs at least {needed} attacks of species {species} with a response, there "
                f"are {attacks}{bound and f', which even without an error show only APCER < {bound[2:]}'}"
            )
    scores = presentations.scores[presentations.judged]
    candidates = np.append(np.unique(scores), np.nextafter(scores.max(), np.inf))
    kept = np.ones(candidates.shape, dtype=bool)
    for species in presentations.attack_species:
        of_species = np.sort(presentations.scores[presentations.of(species) & presentations.judged])
        passed = of_species.size - np.searchsorted(of_species, candidates, side="left")
        kept &= passed / of_species.size <= target
    return pad_point(presentations, float(candidates[np.argmax(kept)]), confidence=confidence)


def _rate(rows: Booleans, wrong: Booleans, confidence: float, of: str) -> Rate | InsufficientData:
    return rate(count(rows & wrong), count(rows), confidence=confidence, of=of)


def _largest(rates: Sequence[Rate | InsufficientData]) -> Rate | InsufficientData:
    """Of several, the one that a subsystem is known by; none where one is not known."""
    if not rates:
        return InsufficientData("there are no attacks")
    missing = next((figure for figure in rates if isinstance(figure, InsufficientData)), None)
    return missing or max((figure for figure in rates if isinstance(figure, Rate)), key=lambda figure: figure.value)
