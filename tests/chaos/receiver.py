"""Where callbacks arrive: counts them by event, and is in a bad mood now and then."""

import json
import random
import threading
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver(ThreadingHTTPServer):
    """`events[job id]` counts the attempts that were answered with 204, by webhook id."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, seed: int, address: str = "127.0.0.1", refused: float = 0.1) -> None:
        super().__init__((address, 0), _Handler)
        self.url = f"http://{address}:{self.server_port}/callback"
        self.events: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.attempts = 0
        self._refused = refused
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, name="receiver", daemon=True).start()

    def take(self, job_id: str, webhook_id: str) -> int:
        with self._lock:
            self.attempts += 1
            if self._random.random() < self._refused:
                return 503
            self.events[job_id][webhook_id] += 1
            return 204

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed in the middle of a request is what this is about."""


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.server.take(body["data"]["id"], self.headers["webhook-id"]))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
