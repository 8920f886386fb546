"""Reports: pure functions from scores and facts to JSON, HTML and CSV. What is in them: docs/report.md."""

from evaluator.report.calibration import calibrate, limits_over_people
from evaluator.report.comparison import compare, compare_runs
from evaluator.report.comparison_page import build_comparison_page
from evaluator.report.comparison_text import as_text, in_words
from evaluator.report.document import SCHEMA_VERSION, build_report, headline, report_bytes, score_digest
from evaluator.report.facts import CostFacts, DatasetFacts, PackFacts, RunFacts
from evaluator.report.finished import FinishedRun, RunsNotComparable, pipeline_of
from evaluator.report.images import ImageFileInvalid, ImageTable, image_table, images_from_csv
from evaluator.report.index import build_index, index_csv, index_document, indexed_part
from evaluator.report.pad_page import build_pad_page
from evaluator.report.page import build_page
from evaluator.report.plot_data import plot_data
from evaluator.report.questions import Contender
from evaluator.report.recompute import measurements_of, recompute
from evaluator.report.scores import (
    RESERVED_COLUMNS,
    ScoreFileInvalid,
    ScoreRow,
    ScoreTable,
    from_csv,
)
from evaluator.report.transfer import transfer
from evaluator.report.transfer_page import build_transfer_page

__all__ = [
    "RESERVED_COLUMNS",
    "SCHEMA_VERSION",
    "Contender",
    "CostFacts",
    "DatasetFacts",
    "FinishedRun",
    "ImageFileInvalid",
    "ImageTable",
    "PackFacts",
    "RunFacts",
    "RunsNotComparable",
    "ScoreFileInvalid",
    "ScoreRow",
    "ScoreTable",
    "as_text",
    "build_comparison_page",
    "build_index",
    "build_pad_page",
    "build_page",
    "build_report",
    "build_transfer_page",
    "calibrate",
    "compare",
    "compare_runs",
    "from_csv",
    "headline",
    "image_table",
    "images_from_csv",
    "in_words",
    "index_csv",
    "index_document",
    "indexed_part",
    "limits_over_people",
    "measurements_of",
    "pipeline_of",
    "plot_data",
    "recompute",
    "report_bytes",
    "score_digest",
    "transfer",
]
