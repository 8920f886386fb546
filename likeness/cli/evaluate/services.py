"""What every command works with: settings, stores, a progress bar."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial, update_wrapper
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from core.errors import LikenessError, ObjectNotFound
from core.evaluations.runs import RunKeys
from core.evaluations.store import RunStore
from core.messaging.broker import Enqueue, celery_app, enqueue
from core.settings import Settings, load_settings
from core.storage.objects import Objects, ObjectStore
from core.storage.patience import COMMAND_S
from likeness.cli.ids import run_id

#: What commands call the id of a run.
RUN_ARGUMENT = "run_id"
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class Services:
    """What a command works with."""

    settings: Settings
    runs: RunStore
    objects: Objects

    @property
    def enqueue(self) -> Enqueue:
        """Publishes tasks."""
        return partial(enqueue, celery_app("likeness-cli", self.settings, answer_s=COMMAND_S))


def services() -> Services:
    """Of this deployment. Raise SettingsInvalid where it is not known which that is."""
    settings = load_settings()
    return Services(settings, RunStore(settings.redis), ObjectStore(settings.objects))


def with_services(command: Callable[..., None]) -> Callable[..., None]:
    """Hand the command its services, made late, so that `--help` needs no settings, and whole ids of the runs named."""

    def wrapped(*args: Any, **kwargs: Any) -> None:
        found = services()
        named = {RUN_ARGUMENT: run_id(found.runs, kwargs[RUN_ARGUMENT])} if RUN_ARGUMENT in kwargs else {}
        command(found, *args, **{**kwargs, **named})

    return update_wrapper(wrapped, command)


def result_of(services: Services, run_id: str, kind: str) -> bytes:
    """One of a run's results. Raise LikenessError, naming the run's status, when there is none."""
    run = services.runs.get(run_id)
    try:
        return services.objects.get(getattr(RunKeys(run_id), kind))
    except ObjectNotFound:
        raise LikenessError(f"run {run_id} is {run.status}; its {kind} is there once it has succeeded") from None


def result_if_any(services: Services, run_id: str, kind: str) -> bytes | None:
    """One of a run's results that not every run has."""
    try:
        return services.objects.get(getattr(RunKeys(run_id), kind))
    except ObjectNotFound:
        return None


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, where that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task: TaskID = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total or None)
