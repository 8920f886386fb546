"""The courier's tasks while the servers are away: each says what it left undone, and none of them raises."""

from types import ModuleType

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from core.messaging.broker import Tasks
from core.messaging.process import provide
from core.settings import load_settings
from core.webhooks.signing import new_secret
from courier.services import CourierServices

NOBODY = "127.0.0.1:1"
LEFT_UNDONE = {
    Tasks.ERASE_DUE: "erasure_postponed",
    Tasks.FETCH_IMAGES: "fetching_postponed",
    Tasks.REAP: "reaping_postponed",
    Tasks.EXPIRE: "expiry_postponed",
    Tasks.SWEEP_ORPHANS: "sweep_postponed",
    Tasks.DELIVER: "delivery_postponed",
    Tasks.SWEEP_DELIVERIES: "sweep_of_deliveries_postponed",
    Tasks.FORGET_EXPIRED: "forgetting_postponed",
}


@pytest.fixture
def courier(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The courier's module, with services that find no server."""
    monkeypatch.setenv("LIKENESS_REDIS_URL", f"redis://{NOBODY}")
    monkeypatch.setenv("LIKENESS_S3_ENDPOINT", f"http://{NOBODY}")
    monkeypatch.setenv("LIKENESS_S3_ACCESS_KEY", "key")
    monkeypatch.setenv("LIKENESS_S3_SECRET_KEY", "secret")
    monkeypatch.setenv("LIKENESS_WEBHOOK_SECRETS", new_secret())
    import courier.app as courier

    provide(courier.app, "courier", lambda: CourierServices(load_settings(), CollectorRegistry(), ()))
    return courier


@pytest.mark.parametrize("name", LEFT_UNDONE)
def test_a_task_that_meets_an_outage_leaves_its_work_to_the_next_one(courier: ModuleType, name: str) -> None:
    arguments = {Tasks.DELIVER: {"event_id": "evt_1"}, Tasks.FETCH_IMAGES: {"job_id": "cmp_1"}}.get(name, {})
    with capture_logs() as logs:
        courier.app.tasks[name].run(*arguments.values())
    assert [(line["event"], line["log_level"]) for line in logs] == [(LEFT_UNDONE[name], "warning")]
    assert logs[0].keys() - {"event", "log_level"} == {"why", *arguments}
    assert arguments.items() <= logs[0].items()
    assert "did not answer" in logs[0]["why"]


def test_every_task_of_the_courier_is_such_a_duty(courier: ModuleType) -> None:
    ours = {name for name in courier.app.tasks if name.startswith("likeness.")}
    assert ours == {*LEFT_UNDONE}
