"""What `likeness compare` says of a score beside the decision."""

from likeness.cli.comparisons import describe
from likeness.client import ComparisonJob

POINT = {
    "target": 0.01,
    "threshold": 0.29,
    "errors": 20,
    "trials": 3000,
    "low": 0.004,
    "high": 0.00967,
    "refused": None,
}
CALIBRATION = {
    "detail": "of 3000 non-mated pairs of run run_x on lfw, 0 scored as high",
    "points": [
        POINT,
        POINT | {"target": 0.001, "threshold": 0.71, "errors": 0, "high": 0.000998},
        POINT | {"target": 0.0001, "threshold": None, "refused": "there are 3000"},
    ],
}
DOCUMENT = {
    **{
        "id": "cmp_x",
        "status": "succeeded",
        "outcome": "compared",
        "score": 0.5,
        "decision": "match",
        "threshold": 0.3,
    },
    **{"threshold_origin": "request", "reasons": [], "faces": {}, "pack": "a-pack", "provider": "cpu", "error": None},
    **{"timings_ms": {}},
}


def test_every_calibrated_point_is_said_and_on_which_side_of_it_the_score_is() -> None:
    said = describe(ComparisonJob.from_document(DOCUMENT | {"calibration": CALIBRATION})).splitlines()
    assert said[3:7] == [
        "standing   of 3000 non-mated pairs of run run_x on lfw, 0 scored as high",
        "calibrated FMR at most 0.01: at or above 0.2900 (20 false matches in 3000: at most 0.00967, 95 % confidence)",
        "           FMR at most 0.001: below 0.7100 (0 false matches in 3000: at most 0.000998, 95 % confidence)",
        "           FMR at most 0.0001: refused, there are 3000",
    ]


def test_of_a_pack_without_a_calibration_and_of_an_older_api_no_more_is_said_than_that() -> None:
    for document in (DOCUMENT | {"calibration": None}, DOCUMENT):
        said = describe(ComparisonJob.from_document(document))
        assert "calibrated not: no run says what a score of this pack is worth" in said
        assert "standing" not in said
