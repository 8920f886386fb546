"""A batch and its rows as everybody outside sees them: the one shape of answers, events and files."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.batches.batch import Batch, url_of
from core.batches.rows import NotJudged, PhotographFacts, Row
from core.comparisons.document import result_document, threshold_document
from core.times import rfc3339
from core.vocabulary import Result

#: Of a row, what a line of CSV has, in this order.
COLUMNS = (
    *("custom_id", "reference", "probe", "outcome", "score", "decision", "threshold", "reasons"),
    *("error", "pack", "pack_digest", "provider"),
)
#: Of a comparison, what rows are without: its calibration is the same 0.8 kB in each, and liveness is not judged.
_NOT_IN_ROWS = ("calibration", "liveness", "liveness_sides", "pad")
#: What makes a spreadsheet take a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def batch_document(batch: Batch) -> dict[str, Any]:
    """Everything that is known of a batch but its rows, as plain values; what is not known yet is None."""
    request, counts, here = batch.request, batch.counts, url_of(batch.id)
    return {
        "id": batch.id,
        "owner": batch.owner,
        "status": batch.status.value,
        "pairs": request.pairs,
        "photographs": request.photographs,
        "counts": {"done": counts.done, "compared": counts.compared, **asdict(counts)},
        "shards": request.shards,
        "shards_done": request.shards - batch.shards_left,
        **threshold_document(request.threshold),
        "pack": request.pack,
        "policy": request.policy.value,
        "quality": request.quality.value,
        "error": {"code": batch.failure.code, "message": batch.failure.message} if batch.failure else None,
        "metadata": dict(request.metadata),
        "callback_url": request.callback_url,
        "event_id": batch.event_id,
        "created_at": rfc3339(batch.created_at),
        "expires_at": rfc3339(request.expires_at) if request.expires_at else None,
        "started_at": rfc3339(batch.started_at) if batch.started_at else None,
        "ended_at": rfc3339(batch.ended_at) if batch.ended_at else None,
        "urls": {"self": here, "results": f"{here}/results", "cancel": f"{here}/cancel"},
    }


def row_document(batch: Batch, row: Row, facts: Mapping[int, PhotographFacts]) -> dict[str, Any]:
    """What became of one pair: what is said of a comparison of the two, under the client's names for them."""
    request = batch.request
    result = row.result(facts, request.threshold, request.policy)
    said = result_document(
        result if isinstance(result, Result) else None,
        threshold=request.threshold,
        pack=request.pack,
        policy=request.policy,
        quality=request.quality,
    )
    return {
        "custom_id": row.custom_id,
        "reference": row.reference,
        "probe": row.probe,
        **{name: value for name, value in said.items() if name not in _NOT_IN_ROWS},
        "outcome": "failed" if isinstance(result, NotJudged) else said["outcome"],
        "error": {"code": result.code, "message": result.message} if isinstance(result, NotJudged) else None,
    }


def row_cells(document: Mapping[str, Any]) -> list[str]:
    """The row as a line of CSV, in the order of COLUMNS. A number is written so that it is read back to the last bit.

    A name that a spreadsheet would run as a formula has an apostrophe before it.
    """
    error = document["error"]
    cells = {
        **{name: document[name] for name in COLUMNS},
        "reasons": " ".join(f"{reason['side']}:{reason['reason']}" for reason in document["reasons"]),
        "error": error["code"] if error else None,
    }
    return [_cell(cells[name]) for name in COLUMNS]


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return repr(value)
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
