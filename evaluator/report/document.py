"""`report.json`: everything a run found out, for machines. Its schema is docs/report.schema.json."""

import hashlib
import json
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from evaluator.metrics import FoldAccuracy, Measurements
from evaluator.report.caveats import caveats
from evaluator.report.facts import CostFacts, PackFacts, RunFacts
from evaluator.report.headlines import first_figures
from evaluator.report.images import ImageTable
from evaluator.report.published import beside_ours, how_measured
from evaluator.report.recompute import measurements_of, metrics_of
from evaluator.report.scores import ScoreRow, ScoreTable
from evaluator.report.support import lfw_disclaimer, statements

SCHEMA_VERSION = 1

Json = dict[str, Any]


def build_report(
    facts: RunFacts,
    table: ScoreTable,
    images: ImageTable | None = None,
    *,
    worst: int = 20,
    listed_failures: int = 200,
) -> Json:
    """The whole report as plain data; `worst` and `listed_failures` cap the two lists of images."""
    pack = facts.pack
    metrics = measurements_of(table, pack.threshold.value)
    plain_metrics = metrics_of(metrics, table, pack.threshold.value, images)
    more = "" if images is None else "--images images.csv "
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": facts.run_id,
        "created_at": datetime.fromtimestamp(facts.created_at, UTC).isoformat(timespec="seconds"),
        "dataset": _dataset(facts, table),
        "pack": _pack(pack),
        "pipeline": asdict(facts.pipeline) | {"policy": facts.pipeline.policy.value, "how": how_measured(facts)},
        "engine": dict(facts.engine),
        "software": dict(facts.software),
        "timings": dict(facts.timings),
        "cost": _cost(facts.cost),
        "headline": first_figures(plain_metrics),
        "caveats": caveats(facts, table),
        "metrics": plain_metrics,
        "worst": _worst(table, metrics, pack.threshold.value, worst),
        "failures_to_acquire": _failures(table, listed_failures),
        "published_beside_ours": beside_ours(facts, metrics.accuracy_10fold),
        "support": statements(table, metrics, track=facts.pipeline.track),
        "disclaimer": lfw_disclaimer() if facts.dataset.derives_from_lfw else None,
        "score_digest": score_digest(table),
        "image_digest": None if images is None else images.digest,
        "recompute": f"likeness evaluate recompute scores.csv {more}--threshold {pack.threshold.value!r}",
    }


def report_bytes(report: Json) -> bytes:
    """The same bytes for the same report, always; UTF-8, without NaN."""
    return (json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def score_digest(table: ScoreTable) -> str:
    """SHA-256 of the score file."""
    return hashlib.sha256(table.csv).hexdigest()


def headline(report: Json) -> Json:
    """What a list of runs shows of a report; each entry is as in the report, so it may be refused."""
    metrics, first = report["metrics"], report["headline"]
    accuracy = metrics["accuracy_10fold"]
    return {
        "fnmr_at_fmr": first["fnmr_at_fmr"],
        "at_threshold": first["at_threshold"],
        "accuracy_10fold": {key: accuracy[key] for key in ("mean", "std", "insufficient_data") if key in accuracy},
        "fta": {"images": metrics["fta"]["images"]},
        "eer": metrics["eer"].get("value"),
        "worth": first["worth"],
        "caveats": report["caveats"],
        "score_digest": report["score_digest"],
    }


def _dataset(facts: RunFacts, table: ScoreTable) -> Json:
    dataset = facts.dataset
    return {
        "name": dataset.name,
        "kind": dataset.kind,
        "track": dataset.track,
        "digest": dataset.digest,
        "images": len(table.failures),
        "pairs": len(table.rows),
        "mated": sum(row.mated for row in table.rows),
        "folds": table.folds,
        "groups": list(table.group_names),
        "notes": list(dataset.notes),
    }


def _pack(pack: PackFacts) -> Json:
    return {
        "name": pack.name,
        "digest": pack.digest,
        "licence": pack.licence,
        "commercial_use": pack.commercial_use,
        "threshold": {"value": pack.threshold.value, "origin": pack.threshold.origin},
        "published": [asdict(figure) for figure in pack.published],
    }


def _cost(cost: CostFacts | None) -> Json:
    """An embedding has four bytes a number."""
    if cost is None:
        return {"insufficient_data": "the cost was not noted"}
    refused = {"insufficient_data": "every image had been embedded before, so this run embedded none"}
    per_image = 1000 * cost.embedding_s / cost.embedded_images if cost.embedded_images else refused
    return {
        "ms_per_image": per_image,
        "embedded_images": cost.embedded_images,
        "machines": list(cost.machines),
        "pack_bytes": cost.pack_bytes,
        "embedding_dimension": cost.embedding_dimension,
        "embedding_bytes": 4 * cost.embedding_dimension,
    }


def _worst(table: ScoreTable, metrics: Measurements, pack_threshold: float, most: int) -> Json:
    """The highest non-mated and the lowest mated scores; the ones on the wrong side are marked as such."""
    threshold, origin = pack_threshold, "the pack's threshold, for there is no 10-fold accuracy"
    if isinstance(metrics.accuracy_10fold, FoldAccuracy):
        folds = metrics.accuracy_10fold.folds
        threshold = sum(fold.threshold for fold in folds) / len(folds)
        origin = f"mean of the {len(folds)} thresholds of the 10-fold protocol"

    def ranked(mated: bool) -> list[tuple[float, ScoreRow]]:
        scored = [(row.score, row) for row in table.rows if row.score is not None and row.mated == mated]
        return sorted(scored, key=lambda pair: (pair[0] if mated else -pair[0], pair[1].reference, pair[1].probe))

    def shown(ranking: list[tuple[float, ScoreRow]]) -> list[Json]:
        return [
            {
                "reference": row.reference,
                "probe": row.probe,
                "score": score,
                "fold": row.fold,
                "wrong": (score >= threshold) != row.mated,
            }
            for score, row in ranking[:most]
        ]

    mated, non_mated = ranked(True), ranked(False)
    return {
        "threshold": threshold,
        "threshold_origin": origin,
        "total": {
            "false_matches": sum(score >= threshold for score, _ in non_mated),
            "false_non_matches": sum(score < threshold for score, _ in mated),
        },
        "false_matches": shown(non_mated),
        "false_non_matches": shown(mated),
    }


def _failures(table: ScoreTable, most: int) -> Json:
    failed = [(image, reason) for image, reason in table.failures.items() if reason is not None]
    return {
        "images": len(failed),
        "pairs": sum(not row.acquired for row in table.rows),
        "by_reason": dict(sorted(Counter(reason for _, reason in failed).items())),
        "listed": [{"image": image, "reason": reason} for image, reason in failed[:most]],
    }
