"""Traces: from the request to the callback in one, to a small OTLP receiver; and nothing of it where it is off."""

import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from structlog.contextvars import clear_contextvars, get_contextvars

from core import traces
from core.traces import Mark, Origin
from core.webhooks.signing import new_secret
from tests.support import collector as collectors
from tests.support.collector import CALLER, TRACE, TRACEPARENT, Collector, Span, collecting
from tests.support.receivers import receiving
from tests.support.stack import Stack, eventually


@pytest.fixture(autouse=True)
def nothing_goes_on() -> None:
    """Another test's request may have been served in this thread."""
    clear_contextvars()


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture
def tracing() -> Iterator[Collector]:
    with collectors.tracing() as found:
        yield found


def test_spans_are_sent_as_what_they_are_part_of(tracing: Collector) -> None:
    with traces.span("outer", kind="server", of=Origin("req_1", TRACEPARENT), **{"http.route": "/"}):
        origin = traces.current()
        assert get_contextvars()["trace_id"] == TRACE
        with traces.span("inner"):
            traces.marked([Mark("step", 1_000_000_000, 3_000_000_000)])
    assert traces.current() is None
    assert "trace_id" not in get_contextvars()
    with pytest.raises(ValueError, match="it broke"), traces.span("elsewhere", kind="consumer", of=origin):
        raise ValueError("it broke")
    with traces.span("a trace of its own"):
        pass
    traces.end()
    spans = tracing.of(TRACE)
    assert spans.keys() == {"outer", "inner", "step", "elsewhere"}
    outer, inner = spans["outer"], spans["inner"]
    assert (outer.service, outer.parent, outer.facts["http.route"]) == ("likeness-test", CALLER, "/")
    assert outer.facts["likeness.request_id"] == "req_1"
    assert (inner.parent, spans["step"].parent, spans["elsewhere"].parent) == (outer.id, inner.id, outer.id)
    assert (spans["step"].began_ns, spans["step"].ended_ns) == (1_000_000_000, 3_000_000_000)
    assert spans["elsewhere"].facts["error.type"] == "ValueError"
    (alone,) = (span for span in tracing.spans if span.trace != TRACE)
    assert (alone.name, alone.parent) == ("a trace of its own", "")


def test_where_it_is_off_nothing_is_imported_and_what_a_client_sent_is_passed_on() -> None:
    traces.begin("test", None)
    with traces.span("outer", of=Origin("req_1", TRACEPARENT)) as made:
        assert made is None
        assert traces.current() == Origin("req_1", TRACEPARENT)
        traces.marked([Mark("step", 1, 2)])
    with traces.span("outer"):
        assert traces.current() is None


@pytest.mark.parametrize(
    "header", [None, "", "nonsense", TRACEPARENT.upper(), f"01{TRACEPARENT[2:]}", TRACEPARENT[:-1]]
)
def test_a_header_that_is_none_is_passed_over(header: str | None) -> None:
    assert traces.read(header) is None
    assert traces.read(TRACEPARENT) == TRACEPARENT


def test_a_collector_that_is_away_costs_nobody_anything(collector: Collector) -> None:
    traces.begin("test", "http://127.0.0.1:1")
    with traces.span("outer"):
        pass
    traces.end()


def test_without_the_package_a_process_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(traces.TracesNotInstalled, match=r"infra/requirements/traces\.txt"):
        traces.begin("test", "http://127.0.0.1:1")


def test_a_comparison_is_one_trace_from_the_request_to_the_callback(
    own_stack: Stack, collector: Collector, samples: dict[str, Path]
) -> None:
    environment = {
        "LIKENESS_TRACES_ENDPOINT": collector.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "LIKENESS_WEBHOOK_SECRETS": new_secret(),
        "LIKENESS_WEBHOOK_ALLOW_HTTP": "true",
        "LIKENESS_WEBHOOK_ALLOW_PRIVATE": "true",
    }
    own_stack.start("api", "worker", "courier", **environment)
    own_stack.wait_until_ready()
    with receiving() as receiver:
        files = {side: samples["obama.jpg"].read_bytes() for side in ("reference", "probe")}
        answer = httpx.post(
            f"{own_stack.url}/v1/comparisons",
            files=files,
            data={"callback_url": receiver.url},
            headers={"traceparent": TRACEPARENT, "X-Request-Id": "one-of-ours"},
        )
        assert answer.status_code == 202, answer.text

        def called_back() -> None:
            assert receiver.requests

        eventually(called_back)
        (sent,) = receiver.requests

    def whole() -> dict[str, Span]:
        spans = collector.of(TRACE)
        assert {"POST /v1/comparisons", "compare", "deliver"} <= {*spans}
        steps = {name for name, span in spans.items() if span.parent == spans["compare"].id}
        sided = {f"{step} {side}" for step in ("decode", "detect", "align") for side in ("reference", "probe")}
        assert {"queue", "fetch", "total", "embed", "score", "record", *sided} <= steps
        return spans

    spans = eventually(whole)
    request, compare, deliver = (spans[name] for name in ("POST /v1/comparisons", "compare", "deliver"))
    assert (request.service, compare.service, deliver.service) == (
        *("likeness-api", "likeness-worker", "likeness-courier"),
    )
    assert (request.parent, compare.parent, deliver.parent) == (CALLER, request.id, request.id)
    assert request.facts["http.response.status_code"] == 202
    assert compare.facts["likeness.job_id"] == answer.json()["id"]
    assert all(span.began_ns <= span.ended_ns for span in spans.values())
    assert len([span for span in collector.spans if span.trace == TRACE]) < 25, "none for each command of Redis"
    assert sent.headers["traceparent"] == f"00-{TRACE}-{deliver.id}-01"

    def told_by(process: str, event: str) -> None:
        lines = [json.loads(line) for line in own_stack.log(process).splitlines() if f'"{event}"' in line]
        told = {(line["request_id"], line.get("trace_id")) for line in lines}
        assert ("one-of-ours", TRACE) in told, lines

    for process, event in (("api", "request"), ("worker", "comparison_ended"), ("courier", "delivery_attempted")):
        eventually(partial(told_by, process, event))
