"""What the tasks of a process work with: made when its worker starts, never at import."""

from collections.abc import Callable

import structlog
from celery import Celery

from core.errors import LikenessError

log = structlog.get_logger()


def equip(app: Celery, process: str, make: Callable[[], object]) -> None:
    """Give the app its equipment, or refuse to start: one line in the log, one sentence, no traceback."""
    try:
        app.equipment = make()
    except LikenessError as why:
        log.critical(f"{process}_refuses_to_start", code=why.code, why=str(why))
        raise SystemExit(f"likeness {process}: {why}") from why
