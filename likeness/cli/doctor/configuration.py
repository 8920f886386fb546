"""The settings: those that are wrong, those that do not exist, and those that do not go together."""

import difflib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from dotenv import dotenv_values

from core.deployment.finding import Finding, fail, ok, warn
from core.errors import LikenessError
from core.reasons import reason_of
from core.settings import Settings, default_home
from core.settings.groups import PREFIX
from core.settings.reading import variables

CORRECT = "correct it in .env or the environment, then restart what reads it (`likeness up`, or the process)"
#: Ours, but no settings: what the stack marks its processes with, and what tests are told.
_NO_SETTINGS = ("LIKENESS_STACK", "LIKENESS_TEST_")


def configuration(settings: Settings) -> Iterator[Finding]:
    """Every setting is read; what a process would refuse at its start is found here."""
    env = Path(".env").resolve()
    try:
        said = dotenv_values(env) if env.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        yield fail(
            "settings", f"{env} cannot be read: {reason_of(error)}", "make it a text in UTF-8 that this user may read"
        )
        return
    faults = settings.faults()
    for fault in faults:
        yield fail("settings", fault, CORRECT)
    unknown = [*unknown_names({name for name in (*os.environ, *said) if name.startswith(PREFIX)})]
    for name, meant in unknown:
        yield warn(
            "settings",
            f"there is no setting {name}, so it does nothing",
            f"did you mean {meant}?" if meant else "docs/settings.md has those that there are",
        )
    for line in (name for name, value in said.items() if value is None):
        yield warn("settings", f"{env}: {line!r} has no =", "write NAME=value on a line of its own")
    clash = None if faults else _clash(settings)
    if clash:
        yield fail("settings", clash, CORRECT)
    if not (faults or unknown or clash):
        here = sum(name.startswith(PREFIX) for name in os.environ)
        yield ok("settings", f"{here} from the environment, {_files(env, default_home() / 'stack.env')}")


def unknown_names(names: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """Those that set nothing, each with the one that may have been meant."""
    known = {variable.name for variable in variables()}
    known |= {f"{variable.name}_FILE" for variable in variables() if variable.is_secret}
    for name in sorted({*names} - known):
        if not name.startswith(_NO_SETTINGS):
            yield name, next(iter(difflib.get_close_matches(name, known, 1, 0.8)), None)


def _files(*files: Path) -> str:
    return ", ".join(f"{file} ({'read' if file.is_file() else 'not there'})" for file in files)


def _clash(settings: Settings) -> str | None:
    """Why the API would refuse to start although each setting may be what it is."""
    try:
        from api.door.services import make_services
    except ImportError:  # an image of another process
        return None
    try:
        nowhere = {} if settings.redis.url else {"redis_url": "redis://127.0.0.1"}
        if not settings.objects.endpoint:
            nowhere |= {"s3_endpoint": "http://127.0.0.1", "s3_access_key": "none", "s3_secret_key": "none"}
        make_services(settings.but(**nowhere))
    except LikenessError as error:
        return str(error)
    return None
