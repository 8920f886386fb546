"""The Celery app that plans runs and assembles reports: `celery -A evaluator.app worker -Q reports`.

It holds no model: embedding is asked of the engine workers by task name.
"""

from core.messaging import process
from core.messaging.broker import celery_app
from core.settings import load_settings
from evaluator import tasks  # noqa: F401 (registers them)
from evaluator.services import EvaluatorServices

settings = load_settings()
app = celery_app("likeness-evaluator", settings)
app.conf.update(worker_pool="threads", worker_concurrency=2)
process.run(app, "evaluator", settings, lambda worker, registry: EvaluatorServices(settings, app, worker))
