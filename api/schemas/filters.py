"""What lists are filtered by."""

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from flask import request
from marshmallow import fields, validate

from api.schemas.common import ListQuery
from core.comparisons.wanted import Period, WantedJobs
from core.evaluations.runs import Run
from core.vocabulary import Decision, Reason

OUTCOMES = ("compared", "not_acquired")
#: What a parameter begins with that names a field of the metadata.
METADATA = "metadata."
METADATA_PARAMETER = {
    "in": "query",
    "name": "metadata.<name>",
    "schema": {"type": "string"},
    "description": "Only those whose metadata has this field with this value, as in `metadata.case=42`; repeatable "
    "with other names.",
}


def moment(description: str) -> fields.AwareDateTime:
    """A point in time; one without a zone is UTC."""
    return fields.AwareDateTime(
        format="iso",
        default_timezone=UTC,
        error_messages={"invalid": "time_invalid|must be a time such as 2026-01-31T12:00:00Z; found {input}"},
        metadata={"description": description},
    )


class PeriodQuery(ListQuery):
    """Which of a list, by when they were made."""

    created_after = moment("Only those created then or later, RFC 3339.")
    created_before = moment("Only those created before then, RFC 3339.")


class MetadataQuery(PeriodQuery):
    """By pack and metadata too."""

    #: Parameters that begin so are known, however they go on.
    OPEN_NAMES = (METADATA,)

    pack = fields.String(metadata={"description": "Only those of this pack."})


class JobListQuery(MetadataQuery):
    """Which jobs to list."""

    decision = fields.String(
        validate=validate.OneOf(
            list(Decision), error="decision_unknown|must be one of match, non_match; found {input}"
        ),
        metadata={"description": "Only jobs that were decided so."},
    )
    outcome = fields.String(
        validate=validate.OneOf(OUTCOMES, error="outcome_unknown|must be one of compared, not_acquired; found {input}"),
        metadata={"description": "Only jobs with this outcome."},
    )
    reason = fields.String(
        validate=validate.OneOf(
            list(Reason), error=f"reason_unknown|must be one of {', '.join(Reason)}; found {{input}}"
        ),
        metadata={"description": "Only jobs with this reason why an image was not acquired."},
    )


class RunListQuery(PeriodQuery):
    """Which runs to list."""

    pack = fields.String(metadata={"description": "Only runs of this pack."})
    dataset = fields.String(metadata={"description": "Only runs on the data set of this name."})


def period_of(query: Mapping[str, Any]) -> Period:
    """When what is wanted was made."""
    since, until = query.get("created_after"), query.get("created_before")
    return Period(since and since.timestamp(), until and until.timestamp())


def asked_metadata() -> dict[str, str]:
    """What the metadata is to have, by the parameters of this request."""
    return {name.removeprefix(METADATA): value for name, value in request.args.items() if name.startswith(METADATA)}


def wanted_jobs(query: Mapping[str, Any]) -> WantedJobs:
    """What a valid query asks for."""
    return WantedJobs(
        period_of(query),
        decision=Decision(query["decision"]) if "decision" in query else None,
        outcome=query.get("outcome"),
        reason=Reason(query["reason"]) if "reason" in query else None,
        pack=query.get("pack"),
        metadata=asked_metadata(),
    )


def wanted_runs(query: Mapping[str, Any]) -> Callable[[Run], bool]:
    """Whether a run is one that a valid query asks for."""
    period, pack, dataset = period_of(query), query.get("pack"), query.get("dataset")

    def wanted(run: Run) -> bool:
        of_both = pack in (None, run.request.pack) and dataset in (None, run.request.dataset)
        return of_both and period.holds(run.created_at)

    return wanted
