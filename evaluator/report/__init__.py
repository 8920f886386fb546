"""Reports: pure functions from scores and facts to JSON, HTML and CSV. What is in them: docs/report.md."""

from evaluator.report.calibration import calibrate, limits_over_people
from evaluator.report.comparison import RunsNotComparable, as_text, compare
from evaluator.report.document import SCHEMA_VERSION, build_report, headline, report_bytes, score_digest
from evaluator.report.facts import DatasetFacts, PackFacts, RunFacts
from evaluator.report.page import build_page
from evaluator.report.recompute import measurements_of, recompute
from evaluator.report.scores import (
    RESERVED_COLUMNS,
    ScoreFileInvalid,
    ScoreRow,
    ScoreTable,
    from_csv,
)

__all__ = [
    "RESERVED_COLUMNS",
    "SCHEMA_VERSION",
    "DatasetFacts",
    "PackFacts",
    "RunFacts",
    "RunsNotComparable",
    "ScoreFileInvalid",
    "ScoreRow",
    "ScoreTable",
    "as_text",
    "build_page",
    "build_report",
    "calibrate",
    "compare",
    "from_csv",
    "headline",
    "limits_over_people",
    "measurements_of",
    "recompute",
    "report_bytes",
    "score_digest",
]
