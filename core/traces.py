"""Traces: what a request leads to, from the API through a worker to the callback. Nothing unless it is configured.

Spans are made by hand, a dozen a job; OpenTelemetry is imported where they are sent, and nowhere else.
"""

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, TypeAlias

import structlog

from core.errors import LikenessError

Value: TypeAlias = str | int | float | bool

#: A collector that is away is tried for so long, and then what it would have got is forgotten.
SEND_S = 5.0
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
#: What makes spans; None where none are made.
_tracer: Any = None
_provider: Any = None
#: The span, or what was said to be one, that goes on in this thread (W3C Trace Context).
_CURRENT: ContextVar[str | None] = ContextVar("traceparent", default=None)


class TracesNotInstalled(LikenessError):
    """Traces are to be sent, and what sends them is not installed: infra/requirements/traces.txt has it."""

    code = "traces_not_installed"


@dataclass(frozen=True, slots=True)
class Origin:
    """Which request something comes from."""

    request_id: str | None = None
    #: As the W3C's header has it; None where nobody traces.
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A step that is over. Times are nanoseconds since the epoch, UTC."""

    name: str
    began_ns: int
    ended_ns: int


def begin(process: str, endpoint: str | None) -> None:
    """From now on, send what this process does to the OTLP/HTTP endpoint, if there is one. Raise TracesNotInstalled.

    OpenTelemetry's own variables say how: OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER and the rest.
    """
    global _tracer, _provider
    if endpoint is None or _tracer is not None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracesNotInstalled from error
    named = {"service.name": f"likeness-{process}", "service.version": version("likeness")}
    provider = TracerProvider(resource=Resource.create(named))
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=SEND_S)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _provider, _tracer = provider, provider.get_tracer("likeness")


def end() -> None:
    """Send what is not sent yet, and no more. At the end of a process it happens by itself."""
    global _tracer, _provider
    if _provider is not None:
        _provider.shutdown()
    _provider = _tracer = None


@contextmanager
def span(name: str, *, kind: str = "internal", of: Origin | None = None, **attributes: Value) -> Iterator[Any]:
    """What is done within is a span, and every log line says of which trace; the span, or None where none are made.

    `of`: what it comes from, from another process; without, it is part of what goes on in this thread.
    """
    told: dict[str, str] = {"request_id": of.request_id} if of and of.request_id else {}
    parent = of.traceparent if of else _CURRENT.get()
    if _tracer is None:
        with structlog.contextvars.bound_contextvars(**told, **_trace_of(parent)), _current(parent):
            yield None
        return
    from opentelemetry.trace import SpanKind

    made = _tracer.start_span(name, _context(parent), SpanKind[kind.upper()], attributes={**attributes, **_named(told)})
    here = _said(made)
    try:
        with structlog.contextvars.bound_contextvars(**told, **_trace_of(here)), _current(here):
            yield made
    except BaseException as error:
        made.set_attribute("error.type", type(error).__name__)
        raise
    finally:
        made.end()


def marked(marks: Iterable[Mark]) -> None:
    """Make spans, within the one that goes on here, of steps that are over."""
    if _tracer is None:
        return
    context = _context(_CURRENT.get())
    for mark in marks:
        _tracer.start_span(mark.name, context, start_time=mark.began_ns).end(mark.ended_ns)


def since(name: str, began: float) -> Mark:
    """A step that began then, seconds since the epoch, and is over now."""
    return Mark(name, int(began * 1e9), time.time_ns())


def current() -> Origin | None:
    """Of what goes on in this thread: for whoever goes on with it, in another process. None where nothing is known."""
    request_id, traceparent = structlog.contextvars.get_contextvars().get("request_id"), _CURRENT.get()
    return Origin(request_id, traceparent) if request_id or traceparent else None


def read(traceparent: str | None) -> str | None:
    """The header as a client sent it; None for what is none."""
    return traceparent if traceparent and _TRACEPARENT.fullmatch(traceparent) else None


@contextmanager
def _current(traceparent: str | None) -> Iterator[None]:
    before = _CURRENT.get()
    _CURRENT.set(traceparent)
    try:
        yield
    finally:
        _CURRENT.set(before)


def _context(traceparent: str | None) -> Any:
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    if traceparent is None:
        return Context()
    _, trace_id, span_id, flags = traceparent.split("-")
    parent = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
    return set_span_in_context(NonRecordingSpan(parent), Context())


def _said(made: Any) -> str:
    of = made.get_span_context()
    return f"00-{of.trace_id:032x}-{of.span_id:016x}-{int(of.trace_flags):02x}"


def _trace_of(traceparent: str | None) -> dict[str, str]:
    return {"trace_id": traceparent.split("-")[1]} if traceparent else {}


def _named(told: dict[str, str]) -> dict[str, str]:
    return {f"likeness.{name}": value for name, value in told.items()}
