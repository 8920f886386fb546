"""An operator's own pack: tried, copied, every digest recorded in `<home>/packs.toml`."""

import json
import shutil
from pathlib import Path

from core.errors import SettingsInvalid
from core.packs.catalogue import OWN_CATALOGUE, Pack, PackKind, load_catalogue, read_catalogue, require_pack_name
from core.private import make_home
from core.settings.groups import PackSettings
from core.storage.digest import sha256_of
from worker.engine.inspecting import inspect_pack
from worker.packs.install import gathering, put_in_place


def add_pack(
    name: str,
    directory: Path,
    packs: PackSettings,
    *,
    licence: str,
    commercial_use: bool,
    threshold: float,
    threshold_origin: str = "given when the pack was added",
    summary: str = "",
) -> Pack:
    """Copy the pack into the packs directory and list it. Landmark and attribute models stay behind.

    Raises PackCorrupt where InsightFace does not load a detector and a recogniser from the directory, or the networks
    do not do what its manifest declares, and SettingsInvalid where the name is taken or the entry would not be valid.
    """
    try:
        require_pack_name(name)
    except ValueError as error:
        raise SettingsInvalid(str(error)) from None
    if name in load_catalogue(packs.home):
        raise SettingsInvalid(
            f"a pack is already called {name!r}; choose another name, or put the files at hand in place with "
            f"`likeness packs fetch {name} --from DIRECTORY`"
        )
    contents = inspect_pack(directory)
    make_home(packs.home)
    own = packs.home / OWN_CATALOGUE
    with gathering(packs.path, name) as gathered:
        for file in contents.files:
            (gathered / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(directory / file, gathered / file)
        # An entry for recognition looks as it always has: versions before know no other kind.
        kind = {} if contents.kind is PackKind.RECOGNITION else {"kind": contents.kind.value}
        entry = _entry(
            name,
            {
                **kind,
                "summary": summary or f"added from {directory}",
                "licence": licence,
                "commercial_use": commercial_use,
                "embedding_dimension": contents.embedding_dimension,
                "threshold": float(threshold),
                "threshold_origin": threshold_origin,
            },
            {file: sha256_of(gathered / file) for file in contents.files},
        )
        text = (own.read_text(encoding="utf-8") + "\n" if own.is_file() else "") + entry
        pack = read_catalogue(text, own)[name]
        put_in_place(gathered, packs.path / name)
        _write_atomically(own, text)
    return pack


def _entry(name: str, facts: dict[str, str | bool | int | float], files: dict[str, str]) -> str:
    lines = [f"[packs.{_quoted(name)}]"]
    lines += [f"{key} = {_quoted(value)}" for key, value in facts.items()]
    lines += ["", f"[packs.{_quoted(name)}.files]"]
    lines += [f"{_quoted(file)} = {_quoted(sha256)}" for file, sha256 in files.items()]
    return "\n".join(lines) + "\n"


def _quoted(value: str | bool | int | float) -> str:
    """A JSON value is a TOML value, as long as its text is not escaped into surrogates."""
    return json.dumps(value, ensure_ascii=False)


def _write_atomically(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
