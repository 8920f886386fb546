"""Parts and pairs to scores, metrics and the report's three files."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

from core import traces
from core.evaluations.runs import Run
from core.storage.objects import Objects
from evaluator.datasets import PairList, load_pairs
from evaluator.report import (
    CostFacts,
    DatasetFacts,
    PackFacts,
    RunFacts,
    ScoreRow,
    ScoreTable,
    build_page,
    build_report,
    headline,
    image_table,
    report_bytes,
)
from evaluator.runs.parts import Embedded, read_parts
from evaluator.runs.planning import Plan


@dataclass(frozen=True, slots=True)
class Assembled:
    """What a run leaves behind."""

    #: JSON, for machines.
    report: bytes
    #: HTML, for people.
    page: bytes
    #: CSV: a row a pair.
    scores: bytes
    #: CSV: a row an image with its quality measures; None where nothing was measured.
    images: bytes | None
    #: The headline of the report.
    summary: dict[str, Any]


def assemble(run: Run, plan: Plan, objects: Objects, *, software: Mapping[str, str], cost: CostFacts) -> Assembled:
    """Read every part and compute everything. The score file depends on nothing but parts and pairs."""
    dataset = plan.dataset
    with traces.span("fetch"):
        embedded = read_parts(plan.messages, objects)
    with traces.span("score"):
        table = score_table(embedded, load_pairs(objects, dataset))
    facts = RunFacts(
        run_id=run.id,
        created_at=run.created_at,
        dataset=DatasetFacts(dataset.name, dataset.kind, dataset.track, dataset.digest, dataset.notes),
        pack=PackFacts.of(plan.pack),
        pipeline=plan.pipeline,
        engine={name: value for name, value in embedded.engine.items() if name != "pack"},
        software={**software, **embedded.software},
        cost=cost,
        timings={"wall_s": round(time.time() - (run.started_at or run.created_at), 3)},
    )
    with traces.span("measure"):
        images = image_table(tuple(table.failures), embedded.rows, embedded.measures)
        report = build_report(facts, table, images)
    with traces.span("page"):
        page = build_page(report, table).encode()
    return Assembled(
        report=report_bytes(report),
        page=page,
        scores=table.csv,
        images=None if images is None else images.csv,
        summary=headline(report),
    )


def score_table(embedded: Embedded, listed: PairList) -> ScoreTable:
    """A row a pair, in the order of the data set's list."""
    scores = embedded.scores(listed.pairs).tolist()
    subjects = listed.subjects or {}
    rows = (
        ScoreRow(
            reference=pair.reference,
            probe=pair.probe,
            mated=pair.mated,
            score=None if isnan(score) else score,
            fold=pair.fold,
            groups=pair.groups,
            reference_failure=embedded.failure(pair.reference),
            probe_failure=embedded.failure(pair.probe),
            reference_subject=subjects.get(pair.reference),
            probe_subject=subjects.get(pair.probe),
        )
        for pair, score in zip(listed.pairs, scores, strict=True)
    )
    return ScoreTable(tuple(rows), listed.group_names)
