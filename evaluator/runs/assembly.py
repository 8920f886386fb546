"""Parts and pairs to scores, metrics and the report's three files."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.evaluations.runs import Run
from core.evaluations.shards import ShardMessage
from core.packs.catalogue import Pack
from core.storage.objects import ObjectStore
from evaluator.datasets import Dataset, load_pairs
from evaluator.metrics import ScoreSet
from evaluator.report import (
    DatasetFacts,
    PackFacts,
    RunFacts,
    ScoreTable,
    build_page,
    build_report,
    headline,
    report_bytes,
    table_of,
    to_csv,
)
from evaluator.runs.parts import Embedded, read_parts


@dataclass(frozen=True, slots=True)
class Assembled:
    """What a run leaves behind: the report for machines and for people, the score file, and the headline."""

    report: bytes
    page: bytes
    scores: bytes
    summary: dict[str, Any]


def assemble(
    run: Run,
    dataset: Dataset,
    messages: Sequence[ShardMessage],
    objects: ObjectStore,
    *,
    pack: Pack,
    software: Mapping[str, str],
) -> Assembled:
    """Read every part and compute everything. The score file depends on nothing but parts and pairs."""
    embedded = read_parts(messages, objects)
    table = score_table(embedded, dataset, objects)
    facts = RunFacts(
        run_id=run.id,
        created_at=run.created_at,
        dataset=DatasetFacts(dataset.name, dataset.kind, dataset.track, dataset.digest, dataset.notes),
        pack=PackFacts.of(pack),
        pipeline=messages[0].pipeline,
        engine={name: value for name, value in embedded.engine.items() if name != "pack"},
        software={**software, **embedded.software},
        timings={"wall_s": round(time.time() - (run.started_at or run.created_at), 3)},
    )
    report = build_report(facts, table)
    return Assembled(
        report=report_bytes(report),
        page=build_page(report, table).encode(),
        scores=to_csv(table),
        summary=headline(report),
    )


def score_table(embedded: Embedded, dataset: Dataset, objects: ObjectStore) -> ScoreTable:
    """A row a pair, in the order of the data set's list."""
    listed = load_pairs(objects, dataset)
    pairs = listed.pairs
    scores = embedded.scores(pairs)
    folds = np.array([pair.fold for pair in pairs]) if listed.folds else None
    mated = np.array([pair.mated for pair in pairs], np.bool_)
    return table_of(
        ScoreSet(score=scores, mated=mated, acquired=~np.isnan(scores), fold=folds),
        [pair.reference for pair in pairs],
        [pair.probe for pair in pairs],
        reference_failures=[embedded.failure(pair.reference) for pair in pairs],
        probe_failures=[embedded.failure(pair.probe) for pair in pairs],
        groups={name: [pair.groups[column] for pair in pairs] for column, name in enumerate(listed.group_names)},
    )
