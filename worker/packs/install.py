"""Puts a pack on this machine: gathered beside its place, checked, and renamed into it; half a pack never exists."""

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from core.errors import DownloadFailed
from core.packs.catalogue import Pack, PackSource
from core.private import make_home
from core.settings.groups import PackSettings
from core.storage.download import Progress, no_progress
from worker.packs import insightface_liveness, minifasnet, opencv_zoo
from worker.packs.sources import FetchRequest, copy_from, describe, from_mirror, from_source
from worker.packs.verify import faults, require_licence

DOWNLOADS = ".downloads"  # beside the packs: what a broken-off download left, to be resumed
RECIPES: dict[str, Callable[[Path, Path], None]] = {
    "opencv-zoo": opencv_zoo.build,
    "minifasnet": minifasnet.build,
    "insightface-liveness": insightface_liveness.build,
}


def fetch(pack: Pack, packs: PackSettings, progress: Progress = no_progress, *, at_hand: Path | None = None) -> Path:
    """Return the pack's directory. A pack that is there and whole costs nothing but its digests.

    Tried in order: good files that are there already, the mirror, the sources; where a directory `at_hand` is named, it
    and nothing else: it holds the finished files, or what the sources would deliver. Raises LicenceNotAccepted before
    anything is fetched, and DownloadFailed naming every place and its reason.
    """
    require_licence(pack, packs)
    directory = packs.path / pack.name
    if _is_whole(pack, directory):
        return directory
    if packs.directory is None:
        make_home(packs.home)
    with gathering(packs.path, pack.name) as gathered:
        if not _is_whole(pack, directory):  # another process may have been faster
            _gather(pack, gathered, packs, progress, at_hand)
            put_in_place(gathered, directory)
    return directory


@contextmanager
def gathering(packs: Path, name: str) -> Iterator[Path]:
    """An empty directory beside the packs, for one process at a time; removed unless it was put in place."""
    packs.mkdir(parents=True, exist_ok=True)
    with (packs / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left_by_a_killed_process in packs.glob(f".{name}-*"):
            shutil.rmtree(left_by_a_killed_process)
        directory = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=packs))
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)


def put_in_place(gathered: Path, directory: Path) -> None:
    """Replace the pack by renaming; between the two renames there is no pack, never half of one."""
    gathered.chmod(0o755)
    if directory.exists():
        retired = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        directory.rename(retired / directory.name)
        gathered.rename(directory)
        shutil.rmtree(retired)
    else:
        gathered.rename(directory)


def _is_whole(pack: Pack, directory: Path) -> bool:
    return directory.is_dir() and not faults(pack, directory)


def _gather(pack: Pack, gathered: Path, packs: PackSettings, progress: Progress, at_hand: Path | None) -> None:
    downloads = packs.path / DOWNLOADS
    downloads.mkdir(exist_ok=True)
    reasons = []
    for place, fill in _places(pack, packs, FetchRequest(pack.files, gathered, downloads, progress), at_hand):
        try:
            fill()
            wrong = faults(pack, gathered)
        except (DownloadFailed, OSError) as error:
            wrong = [str(error)]
        if not wrong:
            return
        reasons.append(f"{place}: {', '.join(wrong)}")
        _empty(gathered)
    tried = "; ".join(reasons) or "nothing, for no source is listed"
    hint = (
        ""
        if at_hand
        else (
            f". Its files from elsewhere: `likeness packs fetch {pack.name} --from DIRECTORY`, or LIKENESS_PACK_MIRROR"
        )
    )
    raise DownloadFailed(f"the pack {pack.name} could not be fetched. Tried {tried}{hint}")


def _places(
    pack: Pack, packs: PackSettings, request: FetchRequest, at_hand: Path | None
) -> Iterator[tuple[str, Callable[[], None]]]:
    present = packs.path / pack.name
    if present.is_dir():
        yield "what is there already", partial(copy_from, present, pack.files, request.destination)
    if at_hand is not None:
        yield str(at_hand), partial(_from_directory, pack, at_hand, request)
        return
    if packs.mirror:
        yield f"mirror {packs.mirror}", partial(from_mirror, packs.mirror, pack, request)
    for source in pack.sources:
        fill = from_source if pack.recipe is None else partial(_from_recipe, pack)
        yield describe(source), partial(fill, source, request)


def _from_directory(pack: Pack, directory: Path, request: FetchRequest) -> None:
    if pack.recipe is None or all((directory / file.name).is_file() for file in pack.files):
        copy_from(directory, pack.files, request.destination)
    else:
        _made(pack, request, lambda ingredients: copy_from(directory, pack.ingredients, ingredients))


def _from_recipe(pack: Pack, source: PackSource, request: FetchRequest) -> None:
    _made(
        pack,
        request,
        lambda ingredients: from_source(source, replace(request, files=pack.ingredients, destination=ingredients)),
    )


def _made(pack: Pack, request: FetchRequest, gather: Callable[[Path], None]) -> None:
    try:
        recipe = RECIPES[pack.recipe or ""]
    except KeyError:
        raise DownloadFailed(f"no recipe is called {pack.recipe!r}; there are {', '.join(RECIPES)}") from None
    with tempfile.TemporaryDirectory() as ingredients:
        gather(Path(ingredients))
        recipe(Path(ingredients), request.destination)


def _empty(directory: Path) -> None:
    for path in directory.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
