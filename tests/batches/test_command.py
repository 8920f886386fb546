"""`likeness batch` and the client's part for batches, against a running stack, as a person would use them."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from likeness import ApiRefused, BatchJob
from tests.support.stack import Stack

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def likeness(batching: Stack) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        done = batching.likeness(*map(str, arguments))
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def folder(photographs: dict[str, bytes], tmp_path: Path) -> Path:
    path = tmp_path / "photographs"
    path.mkdir()
    for name, body in photographs.items():
        (path / f"{name}.jpg").write_bytes(body)
    return path


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    file = tmp_path / "pairs.csv"
    file.write_text(
        "reference,probe,custom_id\nobama.jpg,obama2.jpg,a pair\nobama.jpg,biden.jpg,\nbiden.jpg,biden.jpg,itself\n"
    )
    return file


def test_a_list_is_compared_and_its_rows_are_written(
    likeness: Run, batching: Stack, pairs: Path, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results.csv"
    status, said, _ = likeness("batch", pairs, "--folder", folder, "--out", out)
    assert status == 0, said
    assert "3 of 3 pairs: 2 matches, 1 non-matches, 0 not acquired, 0 failed" in said
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["custom_id"] for row in rows] == ["a pair", "3", "itself"], "one without a name has its line's"
    assert [row["decision"] for row in rows] == ["match", "non_match", "match"]
    assert rows[2]["score"] == "1.0"
    with batching.client() as client:
        first = client.batches.list(limit=1)
        assert next(first).id in said


def test_a_long_list_becomes_several_batches_and_run_again_it_makes_none(
    likeness: Run, batching: Stack, pairs: Path, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results.jsonl"
    command = ("batch", pairs, "--folder", folder, "--batch-pairs", 2, "--out", out, "--threshold", "0.5")
    status, said, _ = likeness(*command)
    assert status == 0, said
    before = out.read_text()
    assert [json.loads(line)["custom_id"] for line in before.splitlines()] == ["a pair", "3", "itself"]
    ids = [line.split()[0] for line in said.splitlines() if line.startswith("bat_")]
    assert len(ids) == 2
    out.unlink()
    status, said, _ = likeness(*command)
    assert [line.split()[0] for line in said.splitlines() if line.startswith("bat_")] == ids
    assert out.read_text() == before
    status, said, _ = likeness(*command, "--again")
    assert not {*ids} & {line.split()[0] for line in said.splitlines()}
    for batch_id in ids:
        assert likeness("batches", "--erase", batch_id)[0] == 0
    status, _, failed = likeness(*command)
    assert status == 1
    assert "--again" in failed


def test_one_reference_is_compared_with_a_folder(likeness: Run, folder: Path, tmp_path: Path) -> None:
    reference = tmp_path / "reference.jpg"
    (folder / "obama.jpg").rename(reference)
    status, said, _ = likeness("batch", "--reference", reference, "--folder", folder, "--json")
    assert status == 0
    document = json.loads(said)
    assert (document["pairs"], document["photographs"]) == (2, 3)
    assert document["counts"]["matches"] == 1
    rows = likeness("batch", "--reference", reference, "--folder", folder, "--out", tmp_path / "rows.csv")
    assert rows[0] == 0
    assert str(tmp_path) not in (tmp_path / "rows.csv").read_text(), "where a file lies is nobody's business"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("one,two\na,b\n", "must name the columns reference and probe"),
        ("reference,probe\n", "has no pair"),
        ("reference,probe\nobama.jpg,nobody.jpg\n", "nobody.jpg, which line 2 names, is not there"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_before_anything_is_sent(
    likeness: Run, folder: Path, pairs: Path, text: str, said: str
) -> None:
    pairs.write_text(text)
    status, _, failed = likeness("batch", pairs, "--folder", folder)
    assert status == 1
    assert said in failed


def test_a_batch_is_shown_its_rows_are_printed_and_it_is_erased_by_a_beginning(
    likeness: Run, pairs: Path, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results.csv"
    status, said, _ = likeness("batch", pairs, "--folder", folder, "--out", out, "--again", "--json")
    assert status == 0
    batch_id = json.loads(said)["id"]
    _, shown, _ = likeness("batches", "show", batch_id)
    assert f"batch      {batch_id}  succeeded, 3 of 3 pairs" in shown
    assert json.loads(likeness("batches", "show", batch_id, "--json")[1])["id"] == batch_id
    assert batch_id in likeness("batches", "list", "--limit", 1)[1]
    assert likeness("batches", "rows", batch_id)[1].splitlines() == out.read_text().splitlines()
    assert len(likeness("batches", "rows", batch_id, "--json")[1].splitlines()) == 3
    assert likeness("batches", "rows", batch_id, "--out", tmp_path / "again.csv")[1] == f"{tmp_path}/again.csv\n"
    assert (tmp_path / "again.csv").read_bytes() == out.read_bytes()
    assert likeness("batches", "rows", batch_id, "--out", tmp_path / "rows.txt")[0] == 2
    status, _, failed = likeness("batches", "--limit", 5, "show", batch_id)
    assert (status, "--limit stands behind show" in failed) == (2, True)
    assert likeness("batches", "erase", batch_id)[:2] == (0, f"{batch_id} is erased\n")
    status, _, failed = likeness("batches", "show", batch_id)
    assert (status, failed) == (1, f"likeness: no batch has the id {batch_id!r}\n")


def test_batches_are_listed_and_cancelled(likeness: Run, pairs: Path, folder: Path) -> None:
    status, said, _ = likeness("batch", pairs, "--folder", folder, "--no-wait", "--again", "--json")
    assert status == 0
    batch_id = json.loads(said)["id"]
    status, said, failed = likeness("batches", "--cancel", batch_id)
    assert (status, "cancelled" in said) == (0, True) or "it cannot cancel any more" in failed
    assert batch_id in likeness("batches", "--limit", 5)[1]


def test_the_client_submits_waits_and_reads_rows(
    batching: Stack, photographs: dict[str, bytes], tmp_path: Path
) -> None:
    file = tmp_path / "one.jpg"
    file.write_bytes(photographs["obama"])
    told: list[BatchJob] = []
    with batching.client() as client:
        batch = client.batches.submit({"reference": file, "two": photographs["obama2"]}, threshold=0.9)
        ended = client.batches.wait(batch.id, timeout_s=60, tell=told.append)
        assert (ended.status, ended.done, ended.counts["non_matches"]) == ("succeeded", 1, 1)
        assert told[-1] == ended
        [row] = client.batches.results(batch.id, page=1)
        assert (row["probe"], row["outcome"], row["decision"]) == ("two", "compared", "non_match")
        client.batches.erase(batch.id)
        with pytest.raises(ApiRefused) as refused:
            client.batches.get(batch.id)
        assert refused.value.code == "job_not_found"
