"""The Celery app of the courier, which holds no model: housekeeping, on `celery -A courier.app worker`.

`celery -A courier.app beat` sends its periodic tasks.
"""

from core.messaging import process
from core.messaging.broker import celery_app
from core.settings import load_settings
from courier import tasks
from courier.services import CourierServices

settings = load_settings()
app = celery_app("likeness-courier", settings)
app.conf.update(
    worker_pool="threads",
    worker_concurrency=settings.courier.threads,
    beat_schedule=tasks.schedule(settings.courier),
)
process.run(
    app, "courier", settings, lambda worker, registry: CourierServices(settings, registry, process.queues_of(worker))
)
