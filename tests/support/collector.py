"""A small OTLP receiver: what was sent to it, read back as spans."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from core import traces

#: What a caller may send, and what of it is found again.
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"


@dataclass(frozen=True)
class Span:
    """As it was sent."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    facts: dict[str, Any]
    began_ns: int
    ended_ns: int


@dataclass
class Collector:
    """Where it listens, and what has come so far."""

    endpoint: str
    spans: list[Span] = field(default_factory=list)

    def of(self, trace: str) -> dict[str, Span]:
        return {span.name: span for span in self.spans if span.trace == trace}

    def within(self, parent: str) -> Counter[str]:
        """The names of the spans that are part of one, by its id."""
        return Counter(span.name for span in self.spans if span.parent == parent)


@contextmanager
def collecting() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.spans += _read(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        heard = Collector(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield heard
        finally:
            server.shutdown()
            thread.join()


def _read(body: bytes) -> Iterator[Span]:
    for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        resource = {one.key: one.value.string_value for one in of_resource.resource.attributes}
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield Span(
                    resource["service.name"],
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    {one.key: one.value.string_value or one.value.int_value for one in span.attributes},
                    span.start_time_unix_nano,
                    span.end_time_unix_nano,
                )


@contextmanager
def tracing() -> Iterator[Collector]:
    """This process sends its spans; all of them have come after the block."""
    with collecting() as collector:
        traces.begin("test", f"{collector.endpoint}/")
        try:
            yield collector
        finally:
            traces.end()
