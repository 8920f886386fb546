"""A batch is one trace: from the request that submitted it, over its shards and the engine's steps, to its end."""

from collections import Counter
from pathlib import Path
from typing import Any, cast

from structlog.contextvars import clear_contextvars

from core import traces
from core.batches.shard import shard_id
from core.settings import Settings
from core.storage.lifecycle import Status
from core.traces import Origin
from tests.support.batching import NAMES, Bench
from tests.support.collector import CALLER, TRACE, TRACEPARENT, tracing
from worker.engines import Engines


def test_a_batch_is_one_trace_from_the_request_to_its_end(stores: Settings, samples: dict[str, Path]) -> None:
    bench = Bench(stores, engine=cast(Any, Engines(stores)))
    people = {
        name: samples[f"{photograph}.jpg"].read_bytes()
        for name, photograph in (("reference", "obama"), ("one", "obama2"))
    }
    clear_contextvars()
    with tracing() as collector:
        with traces.span("request", kind="server", of=Origin("req_1", TRACEPARENT)):
            batch = bench.submitted(but=people)
        # What follows is done by another process: nothing but the batch's record says where it comes from.
        bench.work.run(shard_id(batch.id, 0))
    ended = bench.batches.get(batch.id)
    assert (ended.status, ended.counts.matches, ended.counts.not_acquired) == (Status.SUCCEEDED, 1, 4)

    assert {span.trace for span in collector.spans} == {TRACE}
    spans = collector.of(TRACE)
    request, shard = spans["request"], spans["compare shard"]
    assert request.parent == CALLER
    assert collector.within(request.id) == Counter(["store", "record", "enqueue", "compare shard"])
    assert shard.facts["likeness.batch_id"] == batch.id
    assert shard.facts["likeness.request_id"] == "req_1"
    steps = Counter(["fetch", "wait", "embed", "record", "end"])
    assert collector.within(shard.id) == steps + Counter({"acquire": len(NAMES)})
    assert spans["embed"].facts["likeness.faces"] == len(people)
    acquired = [span for span in collector.spans if span.name == "acquire"]
    assert {span.facts["likeness.photograph"] for span in acquired} == {*range(len(NAMES))}
    looked = [collector.within(span.id) for span in acquired]
    assert all({"wait", "decode", "detect"} <= found.keys() for found in looked), looked
    assert sum("align" in found for found in looked) == len(people)
