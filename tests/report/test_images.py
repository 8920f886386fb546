"""The image file, and what is computed again from it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from evaluator.report import (
    ImageFileInvalid,
    ImageTable,
    RunFacts,
    ScoreTable,
    build_report,
    image_table,
    images_from_csv,
    recompute,
    report_bytes,
)


@pytest.fixture
def images(by_hand: ScoreTable) -> ImageTable:
    """Sharp are the images of mated pairs alone; the one without a face was not measured."""
    ids = tuple(by_hand.failures)
    sharpness = np.array([np.nan if by_hand.failures[i] else 0.1 + (i[0] in "ab") for i in ids], np.float32)
    yaw = np.linspace(-60, 60, len(ids)).astype(np.float32)
    return ImageTable(ids, {"yaw_deg": yaw, "sharpness": sharpness})


def test_the_file_gives_the_table_back_and_the_table_the_file(images: ImageTable) -> None:
    again = images_from_csv(images.csv)
    assert again.images == images.images
    for name, column in images.measures.items():
        np.testing.assert_array_equal(again.measures[name], column)
    assert again.csv == images.csv
    assert images.csv.startswith(b"image,yaw_deg,sharpness\na01,-60.0,1.1\n")
    assert b"\nd10,60.0,\n" in images.csv


def test_what_a_report_says_of_quality_follows_from_both_files(
    by_hand: ScoreTable, images: ImageTable, facts: RunFacts
) -> None:
    report = build_report(facts, by_hand, images)
    assert json.loads(report_bytes(report))["metrics"] == recompute(by_hand.csv, 0.363, images.csv)
    assert report["image_digest"] == images.digest
    assert report["recompute"] == "likeness evaluate recompute scores.csv --images images.csv --threshold 0.363"
    assert set(report["metrics"]["quality"]["discard"]) == {"yaw_deg", "sharpness"}
    assert set(report["metrics"]["quality"]["bins"]) == {"yaw_deg", "sharpness"}


def test_the_score_file_is_the_same_with_and_without_images(
    by_hand: ScoreTable, images: ImageTable, facts: RunFacts
) -> None:
    digests = {build_report(facts, by_hand, given)["score_digest"] for given in (None, images)}
    assert len(digests) == 1
    without = build_report(facts, by_hand)["metrics"]
    assert "insufficient_data" in without["quality"]
    assert {**recompute(by_hand.csv, 0.363, images.csv), "quality": None} == {**without, "quality": None}


def test_the_worse_image_of_a_pair_counts(by_hand: ScoreTable, facts: RunFacts) -> None:
    ids = tuple(by_hand.failures)
    yaw = np.array([50.0 if i == "b03" else -50.0 if i == "a03" else 0.0 for i in ids], np.float32)
    quality = build_report(facts, by_hand, ImageTable(ids, {"yaw_deg": yaw}))["metrics"]["quality"]
    beyond, *_, frontal = quality["bins"]["yaw_deg"]
    assert (beyond["high"], frontal["low"]) == (-45.0, -15.0)
    assert (beyond["fnmr"]["errors"], beyond["fnmr"]["trials"]) == (1, 1)
    assert frontal["fnmr"]["errors"] == 0
    # One of ten mated pairs: the least quality, and the only error.
    curve = quality["discard"]["yaw_deg"]
    assert (curve["errors"][0], curve["errors"][-1], curve["discarded"][-1]) == (1, 0, 1)


def test_a_run_without_measures_has_no_file() -> None:
    nothing = {"sharpness": np.array([np.nan, np.nan], np.float32)}
    assert image_table(("a", "b"), {"a": 0, "b": 1}, nothing) is None
    assert image_table(("a", "b"), {"a": 0, "b": 1}, {}) is None


def test_the_file_has_the_images_of_the_pairs_in_order_whatever_the_order_of_the_parts() -> None:
    measures = {"sharpness": np.array([0.1, 0.2, 0.3], np.float32)}
    table = image_table(("c", "a"), {"a": 2, "b": 1, "c": 0}, measures)
    assert table is not None
    assert table.csv == b"image,sharpness\na,0.3\nc,0.1\n"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "line 1"),
        (b"image,x,x\n", "line 1"),
        (b"name,x\na,1\n", "line 1"),
        (b"image,x\na,1\na,2\n", "line 3.*sorted"),
        (b"image,x\na\n", "line 2: 1 columns"),
        (b"image,x\na,wide\n", "line 2.*wide"),
        (b"image,x\na,inf\n", "line 2.*finite"),
        (b"image,x\n\xff,1\n", "UTF-8"),
    ],
)
def test_a_damaged_file_gives_its_line(body: bytes, message: str) -> None:
    with pytest.raises(ImageFileInvalid, match=message):
        images_from_csv(body)


def test_a_pair_whose_images_the_file_lacks_has_no_quality(by_hand: ScoreTable, images: ImageTable) -> None:
    fewer = replace(images, images=images.images[:1], measures={k: v[:1] for k, v in images.measures.items()})
    quality = recompute(by_hand.csv, 0.363, fewer.csv)["quality"]
    assert isinstance(quality, dict)
    assert "insufficient_data" in quality["discard"]["sharpness"]
