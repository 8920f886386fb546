"""Runs that have ended, as their report and score file tell of them: what is compared and transferred."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from core.errors import LikenessError
from core.evaluations.pipeline import Pipeline
from core.reasons import reason_of
from evaluator.report.document import SCHEMA_VERSION, score_digest
from evaluator.report.scores import ScoreTable, from_csv

Json = dict[str, Any]


class RunsNotComparable(LikenessError):
    """The runs cannot be held against each other."""

    code = "runs_not_comparable"


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run's report and its scores."""

    #: Its id.
    name: str
    report: Mapping[str, Any]
    table: ScoreTable

    @classmethod
    def read(cls, report: bytes, scores: bytes) -> "FinishedRun":
        """From the two files. Raise RunsNotComparable where they do not belong together, or are of another version."""
        try:
            told = json.loads(report)
        except ValueError as error:
            raise RunsNotComparable(f"report.json must be JSON: {reason_of(error)}") from None
        if not isinstance(told, dict):
            raise RunsNotComparable(f"report.json must be a JSON object; found a {type(told).__name__}")
        if (version := told.get("schema_version")) != SCHEMA_VERSION:
            raise RunsNotComparable(f"the report's schema_version must be {SCHEMA_VERSION}; found {version}")
        table = from_csv(scores)
        if told["score_digest"] != score_digest(table):
            raise RunsNotComparable(f"the report of run {told['run_id']} was made from another scores.csv")
        return cls(told["run_id"], told, table)

    @property
    def pack(self) -> str:
        """Its name."""
        return str(self.report["pack"]["name"])

    @property
    def threshold(self) -> float:
        """The pack's own, by which it decided when the run was made."""
        return float(self.report["pack"]["threshold"]["value"])

    @property
    def dataset(self) -> str:
        """Its name."""
        return str(self.report["dataset"]["name"])

    @property
    def dataset_digest(self) -> str:
        """Of its images and pairs."""
        return str(self.report["dataset"]["digest"])

    @property
    def pipeline(self) -> Pipeline:
        """As the run was planned, on the provider that its workers really had."""
        return pipeline_of(self.report)

    @property
    def cost(self) -> Mapping[str, Any]:
        """What a face cost; nothing in a report of before that was recorded."""
        cost: Mapping[str, Any] = self.report.get("cost", {})
        return cost


def pipeline_of(report: Mapping[str, Any]) -> Pipeline:
    """How the run of a report scored: as it was planned, on the provider that its workers really had."""
    names = {field.name for field in fields(Pipeline)}
    planned = {name: value for name, value in report["pipeline"].items() if name in names}
    return Pipeline.from_json(planned | {"provider": report["engine"].get("provider", planned["provider"])})
