"""What the API counts: requests by route and status, how long they take, and refusals by code."""

import time

from flask import Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram

#: From a `/health` to a request that waits for its job.
BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
#: Of every other a client may invent as many as it likes.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Instruments:
    """Counts in the thread that answers. Labels have the values that we gave them: a route's template, never a path."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "likeness_http_requests",
            "Requests that were answered, by route, method and status",
            ("route", "method", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "likeness_http_request_seconds",
            "Time until a request was answered, waiting for a job included",
            ("route", "method"),
            buckets=BOUNDS_S,
            registry=registry,
        )
        self._problems = Counter(
            "likeness_http_problems", "Requests that were refused or failed, by code", ("code",), registry=registry
        )
        # Of several processes each counts into files, one for counters and one for histograms. Opened now, they are its
        # own, also once their directory is gone: a new master tidies up after one that was killed.
        self._requests.labels("none", "GET", "404")
        self._seconds.labels("none", "GET")

    def answered(self, response: Response) -> Response:
        """As Flask's `after_request` has it: gives back the response."""
        route = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.method in METHODS else "other"
        self._requests.labels(route, method, str(response.status_code)).inc()
        self._seconds.labels(route, method).observe(time.monotonic() - g.began)
        if code := g.get("problem"):
            self._problems.labels(code).inc()
        return response
