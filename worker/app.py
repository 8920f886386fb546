"""The Celery app of an engine worker: `celery -A worker.app worker -Q comparisons`.

One process a device, on the threads pool; packs are loaded and warm before the first message is taken.
"""

from core.messaging import process
from core.messaging.broker import celery_app
from core.settings import load_settings
from worker import tasks  # noqa: F401 (registers them)
from worker.services import WorkerServices

settings = load_settings()
app = celery_app("likeness-engine", settings)
app.conf.update(worker_pool="threads", worker_concurrency=settings.worker.threads, worker_direct=True)
process.run(app, "worker", settings, lambda *given: WorkerServices(settings, app, *given))
