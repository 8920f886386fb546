"""A run is one trace: from the request that asked for it, over its shards and the engine's steps, to its report."""

from collections import Counter
from pathlib import Path
from typing import Any

from structlog.contextvars import clear_contextvars

from core import traces
from core.evaluations.requesting import request_run
from core.packs.catalogue import Pack
from core.storage.lifecycle import Status
from core.traces import Origin
from core.vocabulary import Policy
from evaluator.datasets import import_dataset, read_benchmark
from tests.support.collector import CALLER, TRACE, TRACEPARENT, tracing
from worker.embedding import Shards
from worker.engines import Engines

STEPS = ("decode", "detect", "align")


def test_a_run_is_one_trace_from_the_request_to_the_report(
    bench: Any, zoo: Pack, samples: dict[str, Path], tmp_path: Path
) -> None:
    for name in ("obama.jpg", "obama2.jpg", "no_face.png"):
        (tmp_path / name).write_bytes(samples[name].read_bytes())
    (tmp_path / "pairs.csv").write_text("reference,probe,mated\nobama.jpg,obama2.jpg,1\nobama.jpg,no_face.png,0\n")
    import_dataset(bench.objects, "own", read_benchmark("csv", tmp_path / "pairs.csv", tmp_path), images_per_shard=2)
    shards = Shards(bench.store, bench.objects, Engines(bench.settings), bench.quarantine, at_once=1)
    clear_contextvars()
    with tracing() as collector:
        with traces.span("request", kind="server", of=Origin("req_1", TRACEPARENT)):
            asked: dict[str, Any] = {
                "dataset": "own",
                "pack": zoo,
                "flip": False,
                "policy": Policy.LARGEST,
                "detection_size": 320,
            }
            run = request_run(bench.store, bench.objects, lambda *told, **more: None, **asked)
        # What follows is done by other processes: nothing but the run's record says where it comes from.
        bench.runs.launch(run.id)
        bench.runs.assemble(run.id, [shards.embed(message) for message in bench.sent()])
    assert bench.store.get(run.id).status is Status.SUCCEEDED

    assert {span.trace for span in collector.spans} == {TRACE}
    spans = collector.of(TRACE)
    request = spans["request"]
    assert request.parent == CALLER
    assert collector.within(request.id) == Counter(
        {"record": 1, "enqueue": 1, "plan run": 1, "embed shard": 2, "assemble run": 1}
    )
    tasks = [span for span in collector.spans if span.parent == request.id and " " in span.name]
    assert {span.facts["likeness.run_id"] for span in tasks} == {run.id}
    assert {span.facts["likeness.request_id"] for span in tasks} == {"req_1"}
    assert collector.within(spans["plan run"].id) == Counter(["enqueue"])
    assert collector.within(spans["assemble run"].id) == Counter(
        ["fetch", "score", "measure", "page", "store", "record"]
    )
    embedded = sorted((span for span in tasks if span.name == "embed shard"), key=lambda s: s.facts["likeness.shard"])
    own = Counter(["fetch", "wait", "embed", "store", "record"])
    assert sum((collector.within(span.id) for span in embedded), Counter()) == own + own + Counter({"acquire": 3})
    looked = [collector.within(span.id) for span in collector.spans if span.name == "acquire"]
    assert all({"wait", "decode", "detect"} <= found.keys() <= {"wait", *STEPS} for found in looked), looked
    assert sum("align" in found for found in looked) == 2, "there is nobody on the third one"
