"""A CSV of presentations, to measure presentation attack detection with: `image,bona_fide,attack`."""

from dataclasses import dataclass
from pathlib import Path

from evaluator.datasets.faults import DatasetInvalid, Fault
from evaluator.datasets.own_csv import TRUTH, rows_of
from evaluator.datasets.pairs import has_control_characters, text_of

COLUMNS = ("image", "bona_fide", "attack")


@dataclass(frozen=True, slots=True)
class Presentation:
    """One image, and what was in front of the camera."""

    #: As the list names it.
    image: str
    path: Path
    #: The attack's species; None where it was bona fide.
    species: str | None


def read_presentations(list_file: Path, images: Path | None = None) -> list[Presentation]:
    """Every row, its image found below `images`, or the directory of the list. Raise DatasetInvalid with every fault.

    `bona_fide` is 1, 0, true or false. `attack` names the species of attack, and is empty where there was none. Any
    other column is passed over.
    """
    faults: list[Fault] = []
    found: list[Presentation] = []
    seen: dict[str, int] = {}
    root = (images or list_file.parent).resolve()
    rows = rows_of(
        text_of(list_file.read_bytes(), list_file.name),
        lambda line, what: faults.append(Fault(list_file.name, line, what)),
    )
    line, names = next(rows, (1, []))
    if missing := [name for name in COLUMNS if names.count(name) != 1]:
        what = f"the header must have {', '.join(missing)} once; it has {', '.join(names) or 'nothing'}"
        raise DatasetInvalid([Fault(list_file.name, line, what)])
    for line, values in rows:
        wrong: list[str] = []
        if len(values) != len(names):
            faults.append(Fault(list_file.name, line, f"{len(values)} columns, where the header has {len(names)}"))
            continue
        row = dict(zip(names, values, strict=True))
        if (bona_fide := TRUTH.get(row["bona_fide"].lower())) is None:
            wrong.append(f"bona_fide is {row['bona_fide']!r}; it must be 1, 0, true or false")
        elif bona_fide and row["attack"]:
            wrong.append(f"a bona fide image has no attack; found {row['attack']!r}")
        elif not bona_fide and not row["attack"]:
            wrong.append("attack is empty; it must name the species of attack, e.g. print or screen")
        if has_control_characters(row["attack"]):
            wrong.append("attack has control characters")
        path = (root / row["image"]).resolve()
        if not path.is_relative_to(root):
            wrong.append(f"{row['image']!r} lies outside of {root}")
        elif not path.is_file():
            wrong.append(f"there is no file {path}")
        if (first := seen.setdefault(str(path), line)) != line:
            wrong.append(f"{row['image']!r} is on line {first} already")
        faults += [Fault(list_file.name, line, what) for what in wrong]
        if not wrong:
            found.append(Presentation(row["image"], path, row["attack"] or None))
    if not faults and not found:
        faults.append(Fault(list_file.name, None, "has no images"))
    if faults:
        raise DatasetInvalid(faults)
    return found
