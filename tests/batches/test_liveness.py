"""Liveness in batches: each photograph is judged once, and counts where a pair asks for it."""

import json
from typing import Any

import pytest

from core.batches.batch import Batch
from core.batches.document import COLUMNS, row_cells, row_document
from core.batches.pairs import AskedPair
from core.batches.shard import shard_id
from core.liveness import LivenessRule, LivenessSides
from core.settings import Settings
from core.storage.lifecycle import Status
from tests.support.batching import NAMES, Bench

REPORT, REQUIRE, BOTH = LivenessRule.REPORT, LivenessRule.REQUIRE, LivenessSides.BOTH


@pytest.fixture
def bench(stores: Settings) -> Bench:
    return Bench(stores)


def pairs(*names: tuple[str, str]) -> list[AskedPair]:
    return [AskedPair(reference, probe, f"{reference} {probe}") for reference, probe in names]


def done(bench: Bench, batch: Batch) -> dict[str, dict[str, Any]]:
    """Documents of the rows, by custom id."""
    for number in range(batch.request.shards):
        bench.work.run(shard_id(batch.id, number))
    after = bench.batches.get(batch.id)
    assert after.status is Status.SUCCEEDED
    page = bench.batches.rows(after, limit=100)
    return {row.custom_id: row_document(after, row, page.facts) for row in page.rows}


def verdicts(row: dict[str, Any]) -> dict[str, str]:
    return {side: pad["verdict"] for side, pad in row["pad"].items()}


def test_nobody_is_judged_where_nobody_asks(bench: Bench) -> None:
    bench.engine.judges = False
    rows = done(bench, bench.submitted())
    assert [(row["liveness"], row["liveness_sides"], row["pad"]) for row in rows.values()] == [("off", None, {})] * 5
    assert bench.engine.judged == []


def test_a_photograph_that_stands_in_many_pairs_is_judged_once(bench: Bench) -> None:
    batch = bench.submitted(in_shards=3, liveness=REPORT, liveness_sides=BOTH)
    with bench.work.memory.of(batch.id):  # another shard of it is in hand
        rows = done(bench, batch)
    assert len(bench.engine.judged) == len(NAMES)
    assert {tuple(verdicts(row).items()) for row in rows.values()} == {
        (("reference", "bona_fide"), ("probe", "bona_fide"))
    }


def test_a_report_is_told_of_the_probe_and_vetoes_nothing(bench: Bench) -> None:
    bench.engine.attacks = ("two",)
    rows = done(bench, bench.submitted(liveness=REPORT))
    assert {name: verdicts(row) for name, row in rows.items()} == {
        name: {"probe": "attack" if name == "two" else "bona_fide"} for name in NAMES[1:]
    }
    assert {row["outcome"] for row in rows.values()} == {"compared"}
    assert (rows["two"]["liveness"], rows["two"]["liveness_sides"]) == ("report", "probe")
    assert rows["two"]["pad"]["probe"]["score"] == 0.1


def test_a_required_liveness_vetoes_the_rows_of_an_attack_and_no_others(bench: Bench) -> None:
    bench.engine.attacks = ("two",)
    batch = bench.submitted(liveness=REQUIRE)
    rows = done(bench, batch)
    assert {name for name, row in rows.items() if row["outcome"] == "not_acquired"} == {"two"}
    assert [(r["side"], r["reason"]) for r in rows["two"]["reasons"]] == [("probe", "presentation_attack")]
    assert (rows["two"]["score"], [*rows["two"]["faces"]]) == (None, ["reference"])
    counts = bench.batches.get(batch.id).counts
    assert (counts.not_acquired, counts.compared) == (1, 4)


def test_a_verdict_counts_only_on_the_side_that_is_asked_for(bench: Bench) -> None:
    """`one` is the probe of a pair, where it is an attack, and the reference of another, where nobody asks."""
    bench.engine.attacks = ("one",)
    used = pairs(("reference", "one"), ("one", "two"), ("three", "four"), ("five", "two"))
    rows = done(bench, bench.submitted(used, liveness=REQUIRE))
    assert {name: (row["outcome"], verdicts(row)) for name, row in rows.items()} == {
        "reference one": ("not_acquired", {"probe": "attack"}),
        "one two": ("compared", {"probe": "bona_fide"}),
        "three four": ("compared", {"probe": "bona_fide"}),
        "five two": ("compared", {"probe": "bona_fide"}),
    }
    assert {body[-4:] for body in bench.engine.judged} == {b"\xd9one", b"\xd9two", b"four"}


def test_what_both_sides_are_refused_for_is_not_embedded(bench: Bench) -> None:
    bench.engine.attacks = ("reference",)
    rows = done(bench, bench.submitted(liveness=REQUIRE, liveness_sides=BOTH))
    assert {row["outcome"] for row in rows.values()} == {"not_acquired"}
    assert bench.engine.embedded == len(NAMES) - 1


def test_a_file_that_is_no_photograph_is_not_judged_and_says_so(bench: Bench) -> None:
    row = done(bench, bench.submitted(but={"two": b"a text"}, liveness=REQUIRE))["two"]
    assert [(r["side"], r["reason"]) for r in row["reasons"]] == [("probe", "undecodable_image")]
    pad = row["pad"]["probe"]
    assert (pad["verdict"], pad["score"], pad["reason"]) == ("not_judged", None, "not_acquired")


@pytest.mark.parametrize("but", [{}, {"one": b"a text"}])
def test_a_worker_that_cannot_judge_fails_the_batch_and_never_leaves_it_out(
    bench: Bench, but: dict[str, bytes]
) -> None:
    bench.engine.judges = False
    batch = bench.submitted(liveness=REPORT, but=but)
    bench.work.run(shard_id(batch.id, 0))
    after = bench.batches.get(batch.id)
    assert after.status is Status.FAILED
    assert after.failure is not None
    assert after.failure.code == "liveness_not_installed"
    assert "LIKENESS_LIVENESS_PACK" in after.failure.message


def test_a_batch_that_the_version_before_has_taken_runs_and_nobody_is_judged(bench: Bench) -> None:
    batch = bench.submitted()
    for key, unknown in ((f"batch:{batch.id}", "liveness"), (f"shard:{shard_id(batch.id, 0)}", "is_judged")):
        request = json.loads(bench.redis.hget(key, "request") or "")
        for holder in (request, *_photographs(request)):
            holder.pop(unknown, None)
        assert unknown not in json.dumps(request)
        bench.redis.hset(key, "request", json.dumps(request))
    rows = done(bench, batch)
    assert [(row["liveness"], row["outcome"], row["pad"]) for row in rows.values()] == [("off", "compared", {})] * 5


def _photographs(request: dict[str, Any]) -> list[dict[str, Any]]:
    photographs = request["photographs"]
    return photographs if isinstance(photographs, list) else []  # a batch has their number, a shard themselves


def test_a_line_of_csv_has_the_verdict_and_score_of_each_side_at_its_end(bench: Bench) -> None:
    bench.engine.attacks = ("two",)
    rows = done(bench, bench.submitted(liveness=REPORT))
    assert COLUMNS[-4:] == ("reference_liveness", "reference_liveness_score", "probe_liveness", "probe_liveness_score")
    assert row_cells(rows["two"])[-4:] == ["", "", "attack", "0.1"]
