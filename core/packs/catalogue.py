"""The list of model packs: `packs.toml` beside this, and the operator's own. Fetching is the worker's business."""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

from core.errors import PackUnknown, SettingsInvalid
from core.reasons import reason_of
from core.vocabulary import PackIdentity, Threshold

CATALOGUE_FILE = Path(__file__).with_name("packs.toml")
OWN_CATALOGUE = "packs.toml"  # in the home, in the same format
MANIFEST = "manifest.json"
LICENCE = "MODEL.LICENSE"

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class PackKind(StrEnum):
    """What a pack is asked for."""

    #: Whether two faces are of one person.
    RECOGNITION = "recognition"
    #: Whether there is a person.
    LIVENESS = "liveness"


@dataclass(frozen=True, slots=True)
class PackFile:
    """A file and its digest; the name may hold a folder, always with `/`."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PackSource:
    """One place to fetch from."""

    #: Names the fetcher.
    kind: str
    #: Its arguments.
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """What others report of this pack on a benchmark."""

    #: Its name: `lfw`, `calfw`, `cplfw`.
    benchmark: str
    #: What is given in per cent.
    measure: str
    percent: float
    #: How they measured it, for people.
    how: str
    #: Where it is published.
    source: str


@dataclass(frozen=True, slots=True)
class Pack:
    """A model pack: what it is made of, what it may be used for, how it decides."""

    name: str
    #: One sentence for people.
    summary: str
    licence: str
    commercial_use: bool
    #: Numbers in an embedding; 0 where it embeds nothing.
    embedding_dimension: int
    #: By which it decides where nobody names another.
    threshold: Threshold
    #: What lies in the pack's directory.
    files: tuple[PackFile, ...]
    #: What the sources deliver; without a recipe, the files.
    ingredients: tuple[PackFile, ...]
    #: Names what makes the files of the ingredients; None where nothing has to be made.
    recipe: str | None
    sources: tuple[PackSource, ...]
    published: tuple[PublishedFigure, ...]
    #: Least detection score of a face, 0 to 1.
    detection_threshold: float = 0.5
    #: What nearly every upright face scores at least and hardly any turned one, 0 to 1; below it the image is looked at
    #: again. The default is for SCRFD.
    clear_detection_score: float = 0.72
    kind: PackKind = PackKind.RECOGNITION

    @property
    def needs_acceptance(self) -> bool:
        """A non-commercial licence is accepted by the operator, in the settings, or the pack is refused."""
        return not self.commercial_use


def load_catalogue(home: Path | None = None) -> dict[str, Pack]:
    """Packs by name, in the list's order; then the operator's own from `<home>/packs.toml`, whose entries win."""
    packs = read_catalogue(CATALOGUE_FILE.read_text(encoding="utf-8"), CATALOGUE_FILE)
    if home is not None and (own := home / OWN_CATALOGUE).is_file():
        try:
            text = own.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsInvalid(f"the pack list {own} cannot be read: {reason_of(error)}") from error
        packs |= read_catalogue(text, own)
    return packs


def read_catalogue(text: str, origin: Path) -> dict[str, Pack]:
    """Raise SettingsInvalid, naming the file, the pack and what is wrong with its entry."""
    try:
        entries = tomllib.loads(text).get("packs", {})
        if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
            raise ValueError("each pack must be a table, [packs.NAME]")
        return {name: _pack(name, entry) for name, entry in entries.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise SettingsInvalid(f"the pack list {origin} cannot be used: {reason_of(error)}") from error


def find_pack(name: str, catalogue: Mapping[str, Pack] | None = None, kind: PackKind | None = None) -> Pack:
    """A pack by its name, of this kind where one is named. Raise PackUnknown, naming the packs there are."""
    packs = catalogue if catalogue is not None else load_catalogue()
    if kind is not None:
        if name in packs and packs[name].kind is not kind:
            raise PackUnknown(f"the pack {name!r} is for {packs[name].kind}, and one for {kind} is needed")
        packs = {other: pack for other, pack in packs.items() if pack.kind is kind}
    try:
        return packs[name]
    except KeyError:
        raise PackUnknown(f"no pack is called {name!r}; there are {', '.join(sorted(packs))}") from None


def require_pack_name(name: str) -> None:
    """A pack's name is a directory's name too. Raise ValueError, saying what is accepted."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot be the name of a pack: up to 64 small letters, digits and . _ -, a letter or digit first"
        )


def directory_identity(pack: Pack) -> PackIdentity:
    """Name and digest of the pack: sha256 over `name sha256` lines, sorted, of every file that is loaded.

    The licence's text is not loaded: correcting it does not make another pack.
    """
    loaded = sorted((file.name, file.sha256) for file in pack.files if file.name != LICENCE)
    lines = "".join(f"{name} {sha256}\n" for name, sha256 in loaded)
    return PackIdentity(pack.name, hashlib.sha256(lines.encode()).hexdigest())


def _pack(name: str, entry: Mapping[str, Any]) -> Pack:
    require_pack_name(name)
    try:
        files = _files(entry["files"])
        threshold = Threshold(float(entry["threshold"]), str(entry["threshold_origin"]))
        commercial_use, kind = entry["commercial_use"], PackKind(entry.get("kind", PackKind.RECOGNITION))
        dimension = 0 if kind is PackKind.LIVENESS else entry["embedding_dimension"]
        if not isinstance(commercial_use, bool):
            raise ValueError(f"commercial_use is true or false, not {commercial_use!r}")
        if kind is PackKind.LIVENESS and not 0 <= threshold.value <= 1:
            raise ValueError(f"the threshold is on a liveness score, 0..1, not {threshold.value}")
        if not -1 <= threshold.value <= 1:
            raise ValueError(f"the threshold is a cosine, -1..1, not {threshold.value}")
        scores = {key: float(entry[key]) for key in ("detection_threshold", "clear_detection_score") if key in entry}
        for key, score in scores.items():
            if not 0 < score < 1:
                raise ValueError(f"{key} lies between 0 and 1, not {score}")
        if kind is PackKind.RECOGNITION and (not isinstance(dimension, int) or dimension < 1):
            raise ValueError(f"embedding_dimension is a positive number, not {dimension!r}")
        return Pack(
            name=name,
            summary=str(entry["summary"]),
            licence=str(entry["licence"]),
            commercial_use=commercial_use,
            embedding_dimension=dimension,
            threshold=threshold,
            files=files,
            ingredients=_files(entry["ingredients"]) if "ingredients" in entry else files,
            recipe=entry.get("recipe"),
            sources=tuple(_source(source) for source in entry.get("sources", ())),
            **scores,
            kind=kind,
            published=tuple(PublishedFigure(**figure) for figure in entry.get("published", ())),
        )
    except KeyError as error:
        raise ValueError(f"pack {name!r} must have {error}") from None
    except (TypeError, ValueError) as error:
        raise ValueError(f"pack {name!r}: {error}") from error


def _files(table: Mapping[str, str]) -> tuple[PackFile, ...]:
    for name, sha256 in table.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or str(path) != name or "\\" in name:
            raise ValueError(f"{name!r} must be the name of a file below the pack's directory, with / between folders")
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"{name!r} must have a SHA-256 of 64 small hexadecimal digits; found {sha256!r}")
    return tuple(PackFile(name, sha256) for name, sha256 in table.items())


def _source(entry: Mapping[str, str]) -> PackSource:
    return PackSource(entry["kind"], {key: value for key, value in entry.items() if key != "kind"})
