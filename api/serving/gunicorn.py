"""How gunicorn serves the API: `gunicorn --config python:api.serving.gunicorn 'api.app:create_app()'`."""

import logging
import sys

from api.serving import metrics
from core import allocator
from core.errors import LikenessError
from core.logs import configure_logs
from core.settings import load_settings
from core.storage import fitness

settings = load_settings()

bind = settings.api.bind
workers = settings.api.processes
worker_class = "api.serving.slow_clients.PatientWorker"  # gthread, with an end to waiting for a client
threads = settings.api.threads  # a request that waits for its job holds one

keepalive = 5
graceful_timeout = int(settings.worker.shutdown_grace_s)
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

accesslog = None  # the application logs what happens to jobs; a proxy in front logs requests
control_socket_disable = True  # it would lie outside the home, and nothing here uses it


def on_starting(server: object) -> None:
    """Send gunicorn's own lines the way of all others; refuse to serve on a Redis that cannot be used."""
    # Threads take turns at Python, so one arena will do; in one of its own each keeps the bytes of a batch.
    allocator.keep_buffers(most_arenas=1)
    configure_logs("api", json_lines=settings.logs.as_json, level=settings.logs.level)
    log = logging.getLogger("gunicorn.error")
    log.handlers.clear()
    log.propagate = True
    try:
        fitness.check(settings.redis)
        metrics.begin(settings.metrics)
    except LikenessError as error:
        sys.exit(f"likeness api: {error}")


def on_exit(server: object) -> None:
    """Leave nothing behind."""
    metrics.end()
