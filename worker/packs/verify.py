"""Is this pack's directory what the list says, and may it be loaded? Every digest is computed anew."""

from pathlib import Path

from core.errors import LicenceNotAccepted, PackCorrupt, PackMissing
from core.packs.catalogue import MANIFEST, Pack
from core.settings.groups import PackSettings
from core.storage.digest import mismatch, sha256_of


def verify(pack: Pack, directory: Path, packs: PackSettings) -> None:
    """Raise LicenceNotAccepted, PackMissing or PackCorrupt; the latter names everything that is wrong."""
    require_licence(pack, packs)
    if not directory.is_dir():
        raise PackMissing(
            f"the pack {pack.name} is not in {directory.parent}; fetch it with `likeness packs fetch {pack.name}`"
        )
    if wrong := faults(pack, directory):
        raise PackCorrupt(f"the pack {pack.name} in {directory} does not load: {'; '.join(wrong)}")


def require_licence(pack: Pack, packs: PackSettings) -> None:
    """Raise LicenceNotAccepted and name the setting that accepts it."""
    if pack.needs_acceptance and pack.name not in packs.accept_licences:
        accepted = ",".join([*packs.accept_licences, pack.name])
        raise LicenceNotAccepted(
            f"the pack {pack.name} may not be used commercially ({pack.licence}); if your use is covered, "
            f"accept the licence: put LIKENESS_ACCEPT_LICENCES={accepted} into .env, or the environment of every "
            "process that loads the pack, and restart those that run"
        )


def faults(pack: Pack, directory: Path) -> list[str]:
    """What is wrong with a pack's directory, a sentence each; empty when it is what the list says.

    FaceAnalysis loads every .onnx file of a directory without a manifest, and a manifest changes what it loads:
    either is a fault where the list does not name it.
    """
    wrong = []
    for file in pack.files:
        path = directory / file.name
        if not path.is_file():
            wrong.append(f"{file.name} is missing")
        elif (actual := sha256_of(path)) != file.sha256:
            wrong.append(mismatch(file.name, file.sha256, actual))
    listed = {file.name for file in pack.files}
    present = {path.relative_to(directory).as_posix() for path in directory.rglob("*")}
    wrong += [f"{name} is not in the list" for name in sorted(present - listed) if _is_loaded(name)]
    return wrong


def _is_loaded(name: str) -> bool:
    return name == MANIFEST or name.lower().endswith(".onnx")
