"""A process that cannot do its work says why in one sentence, and does not start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from celery import Celery
from structlog.testing import capture_logs

from core.errors import PackMissing
from core.messaging.process import Services, provide


def test_an_app_has_its_services_or_does_not_start() -> None:
    app = Celery("a-test", set_as_current=False)
    services = Services()
    provide(app, "worker", lambda: services)
    assert app.services is services

    def refuse() -> Services:
        raise PackMissing("the pack 'x' is not on this machine")

    with capture_logs() as logs, pytest.raises(SystemExit) as refused:
        provide(app, "worker", refuse)
    assert refused.value.code == "likeness worker: the pack 'x' is not on this machine"
    why = {"code": "pack_missing", "why": "the pack 'x' is not on this machine"}
    assert logs == [{"event": "worker_refuses_to_start", "log_level": "critical", **why}]


def test_an_evaluator_that_cannot_work_refuses_in_one_sentence(tmp_path: Path) -> None:
    """The worker's refusals are tried with the packs they are about."""
    celery = str(Path(sys.executable).parent / "celery")
    refused = subprocess.run(
        [celery, "-A", "evaluator.app", "worker", "-Q", "reports"],
        env={
            **os.environ,
            "LIKENESS_HOME": str(tmp_path),
            "LIKENESS_REDIS_URL": "redis://127.0.0.1:1",
            "LIKENESS_S3_ENDPOINT": "ftp://127.0.0.1:1",
            "LIKENESS_S3_ACCESS_KEY": "key",
            "LIKENESS_S3_SECRET_KEY": "secret",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 1
    assert "\nlikeness evaluator: LIKENESS_S3_ENDPOINT must be http(s)://host:port" in refused.stderr
    assert '"evaluator_refuses_to_start"' in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("module", "numerics"),
    [
        *(("worker.tasks", True), ("courier.tasks", False), ("evaluator.tasks", True), ("api.app", False)),
        ("courier.tasks, celery.bin.celery", False),  # and with it every command that Celery knows, our own among them
    ],
)
def test_tasks_and_routes_are_imported_without_any_setting(tmp_path: Path, module: str, numerics: bool) -> None:
    """Nothing connects, and nothing asks the environment for anything, before a process is started.

    The images of the API and the courier hold neither models nor numerics, and need not.
    """
    imported = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import sys, {module}; print('numpy' in sys.modules)"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (imported.returncode, imported.stderr, imported.stdout) == (0, "", f"{numerics}\n")
