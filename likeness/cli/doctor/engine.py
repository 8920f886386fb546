"""What this machine would compare with: packs, and what onnxruntime computes on."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from core.deployment.finding import Finding, fail, ok, warn
from core.errors import LicenceNotAccepted, LikenessError, PackMissing, ProviderUnavailable
from core.packs.catalogue import Pack, directory_identity, find_pack, load_catalogue
from core.settings import Settings

RESTART = "then restart the workers (`likeness up`, or each)"


def packs(settings: Settings, held: Mapping[str, str], *, is_begun: bool) -> Iterator[Finding]:
    """Each pack that the settings load: there, undamaged, licence accepted.

    `held`: by pack, a worker that has it. `is_begun`: something runs, so `likeness up` is not still to fetch them.
    """
    catalogue = load_catalogue(settings.home)
    for name in settings.packs.needed:
        part = f"pack {name}"
        try:
            yield ok(part, _verified(find_pack(name, catalogue), settings))
        except PackMissing as error:
            if name in held:
                yield warn(part, f"not on this machine, but {held[name]} holds it", "nothing, if no worker runs here")
            elif is_begun:
                yield fail(part, str(error), f"`likeness packs fetch {name}`, {RESTART}")
            else:
                yield warn(
                    part, "not on this machine yet", f"`likeness up` fetches it, or `likeness packs fetch {name}`"
                )
        except LicenceNotAccepted as error:
            yield fail(part, str(error), f"put it into .env where workers run, {RESTART}")
        except LikenessError as error:
            directory = settings.packs.path / name
            yield fail(part, str(error), f"remove {directory}, run `likeness packs fetch {name}`, {RESTART}")


def _verified(pack: Pack, settings: Settings) -> str:
    from worker.packs.verify import verify

    verify(pack, settings.packs.path / pack.name, settings.packs)
    licence = "its licence allows commercial use" if pack.commercial_use else "its licence was accepted"
    return f"{len(pack.files)} files as recorded, digest {directory_identity(pack).digest[:12]}; {licence}"


def provider(settings: Settings) -> Iterator[Finding]:
    """What onnxruntime offers of what the settings ask for."""
    if settings.engine.kind == "sleeping":
        yield warn("provider", "scores are invented", "unset LIKENESS_ENGINE, and restart the workers")
        return
    try:
        from worker.engine.providers import candidates, require_offered
    except ImportError:
        yield ok("provider", "onnxruntime is not installed here: no worker runs on this machine")
        return
    asked = settings.engine.provider
    first, *_ = candidates(asked)
    try:
        require_offered(first)
    except ProviderUnavailable as error:
        yield fail("provider", str(error), f"set LIKENESS_PROVIDER where workers run, {RESTART}")
        return
    found = f"`{asked}` takes {first}"
    if first == "cpu" and Path("/dev/nvidia0").exists():
        yield warn(
            "provider",
            f"{found}, on a machine with a GPU",
            "install infra/requirements/worker-gpu.txt in place of worker-cpu.txt to use it",
        )
    else:
        yield ok("provider", found)
