"""Waiting for a job, and being told by a webhook: `python 02_wait_or_webhook.py REFERENCE PROBE`.

The receiver listens on this machine, so the deployment must be one that may call here: a stack of `make up` may.
"""

import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from likeness import Client, SignatureInvalid, Webhook

URL = os.environ.get("LIKENESS_API_URL", "http://127.0.0.1:8000")
KEY = os.environ.get("LIKENESS_API_KEY")


class Receiver(HTTPServer):
    """Takes events. In a service of yours this is a route: see 05 and 06."""

    webhook: Webhook

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ended = threading.Event()
        #: Ids of events: the same one may come twice.
        self.seen: set[str] = set()


class Handler(BaseHTTPRequestHandler):
    """Verify, note, answer at once; work later."""

    server: Receiver

    def do_POST(self) -> None:
        """Take one event."""
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            event = self.server.webhook.verify(body, dict(self.headers))
        except SignatureInvalid as error:
            print(f"refused: {error}")
            self.answer(401)
            return
        if self.headers["webhook-id"] not in self.server.seen:
            self.server.seen.add(self.headers["webhook-id"])
            print(f"told by webhook: {event['type']} {event['data'].get('decision')}")
        self.answer(204)
        if event["type"].startswith("comparison."):
            self.server.ended.set()

    def answer(self, status: int) -> None:
        """Nothing but a status is read."""
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


def main(reference: bytes, probe: bytes) -> None:
    """The same pair twice."""
    with Client(URL, key=KEY) as client, Receiver() as receiver:
        job = client.submit(reference, probe)
        # Long polling: the API holds the call until the end. It is never asked again sooner than it said.
        print(f"waited for: {client.wait(job.id).decision}")

        # A secret of the endpoint's own, shown this once: keep it with your other secrets.
        endpoint = client.add_endpoint(f"http://127.0.0.1:{receiver.server_address[1]}/")
        try:
            receiver.webhook = Webhook(endpoint["secret"])
            threading.Thread(target=receiver.serve_forever, daemon=True).start()
            job = client.submit(reference, probe)
            if not receiver.ended.wait(60):
                # Never lost: what was not answered is sent again, for three days.
                sys.exit(f"no event within a minute: likeness webhooks list; the job is {client.get(job.id).status}")
        finally:
            client.remove_endpoint(endpoint["id"])
            receiver.shutdown()


if __name__ == "__main__":
    main(*(Path(name).read_bytes() for name in sys.argv[1:3]))
