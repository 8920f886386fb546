"""Lists of pairs in a file, and the batches that they are cut into."""

import csv
import hashlib
import json
import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from core.reasons import reason_of

COLUMNS = ("reference", "probe", "custom_id")


@dataclass(frozen=True, slots=True)
class ListedPair:
    """A pair of a list; `line` is where it stands, from 1."""

    line: int
    reference: str
    probe: str
    custom_id: str

    @property
    def document(self) -> dict[str, str]:
        """As a batch's list has it."""
        return {name: getattr(self, name) for name in COLUMNS}


@dataclass(slots=True)
class Bundle:
    """Pairs for one batch, and the files of their photographs by name."""

    pairs: list[ListedPair] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)

    def key(self, fields: Mapping[str, object], salt: str) -> str:
        """The idempotency key: the same pairs of the same photographs, asked for in the same way, are one batch."""
        digests = {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in self.files.items()}
        asked = [salt, [pair.document for pair in self.pairs], digests, {k: str(v) for k, v in fields.items() if v}]
        return f"batch-{hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()}"


def read_list(file: Path) -> list[ListedPair]:
    """The pairs of a CSV with a header, of JSON Lines, or of a JSON array. Raise ClickException with the line."""
    try:
        found = [*_read(file, file.read_text(encoding="utf-8-sig"))]
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file} is no list of pairs: {reason_of(error)}; save it as UTF-8") from None
    except (csv.Error, ValueError) as error:
        raise click.ClickException(f"{file} is no list of pairs: {reason_of(error)}") from None
    pairs = [_pair(file, line, value) for line, value in found]
    if not pairs:
        raise click.ClickException(f"{file} has no pair: it needs the columns reference and probe")
    return pairs


def each_with(reference: Path, folder: Path, out: Path | None = None) -> tuple[str, list[ListedPair]]:
    """The reference's name, and it with every file of a folder but it, `out`, and those named as no photographs."""
    names = sorted(file.name for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    passed_over = {file.resolve() for file in (reference, out) if file is not None}
    others = [name for name in names if (folder / name).resolve() not in passed_over]
    beside = [name for name in others if _may_be_photograph(name)]
    if left_out := [name for name in others if name not in beside]:
        click.echo(f"left out, no photographs by their names: {', '.join(left_out)}", err=True)
    if not beside:
        raise click.ClickException(f"{folder} has no file to compare {reference} with")
    called = reference.name
    while called in beside:
        called = f"reference {called}"
    return called, [ListedPair(n, called, name, name) for n, name in enumerate(beside, 1)]


def bundles(
    pairs: Sequence[ListedPair],
    folder: Path,
    elsewhere: Mapping[str, Path],
    *,
    most_pairs: int,
    most_photographs: int,
    most_bytes: int,
) -> list[Bundle]:
    """Batches within the limits, in the order of the list; photographs lie in the folder, but for those `elsewhere`.

    Raise ClickException for one that is not there.
    """
    files = {name: elsewhere.get(name, folder / name) for pair in pairs for name in (pair.reference, pair.probe)}
    sizes = {name: _size(files[name], pair) for pair in pairs for name in (pair.reference, pair.probe)}
    found: list[Bundle] = []
    current, in_bytes = Bundle(), 0
    for pair in pairs:
        added = {name for name in (pair.reference, pair.probe) if name not in current.files}
        added_bytes = sum(sizes[name] for name in added)
        if current.pairs and (
            len(current.pairs) == most_pairs
            or len(current.files) + len(added) > most_photographs
            or in_bytes + added_bytes > most_bytes
        ):
            found.append(current)
            current, in_bytes = Bundle(), 0
            added = {pair.reference, pair.probe}
            added_bytes = sum(sizes[name] for name in added)
        current.pairs.append(pair)
        current.files |= {name: files[name] for name in (pair.reference, pair.probe) if name in added}
        in_bytes += added_bytes
    for bundle in (*found, current):
        _require_distinct(bundle.pairs)
    return [*found, current]


def _read(file: Path, text: str) -> Iterator[tuple[int, object]]:
    if file.suffix.lower() in (".json", ".jsonl", ".ndjson"):
        if text.lstrip().startswith("["):
            yield from enumerate(json.loads(text), 1)
        else:
            yield from ((n, json.loads(line)) for n, line in enumerate(text.split("\n"), 1) if line.strip())
        return
    lines = csv.DictReader(text.splitlines())
    if {"reference", "probe"} - {*(lines.fieldnames or ())}:
        first = text.splitlines()[0][:80] if text else ""
        raise ValueError(
            f"its first line must name the columns reference and probe, parted by a comma; found {first!r}"
        )
    for row in lines:
        yield lines.line_num, {name: row[name] for name in COLUMNS if row.get(name)}


def _pair(file: Path, line: int, value: object) -> ListedPair:
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in ("reference", "probe")):
        raise click.ClickException(
            f"{file}, line {line}: a pair needs a reference and a probe, each the name of a file"
        )
    return ListedPair(line, value["reference"], value["probe"], str(value.get("custom_id") or line))


def _require_distinct(pairs: Sequence[ListedPair]) -> None:
    """Raise ClickException where two pairs of a batch have one name: their rows could not be told apart."""
    lines: dict[str, int] = {}
    for pair in pairs:
        if (line := lines.setdefault(pair.custom_id, pair.line)) != pair.line:
            raise click.ClickException(
                f"lines {line} and {pair.line} have one custom_id, {pair.custom_id!r}; without one it is the line"
            )


def _may_be_photograph(name: str) -> bool:
    """Whether a file's name does not say that it is something else; the same on every machine."""
    kind, _ = mimetypes.MimeTypes().guess_type(name)
    return kind is None or kind.startswith("image/") or kind == "application/octet-stream"


def _size(file: Path, pair: ListedPair) -> int:
    try:
        return file.stat().st_size
    except OSError:
        raise click.ClickException(f"{file}, which line {pair.line} names, is not there") from None
