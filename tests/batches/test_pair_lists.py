"""Lists of pairs as people write them: what is wrong is said of their lines, before anything is sent."""

from pathlib import Path

import click
import pytest

from likeness.cli.pair_lists import bundles, each_with, read_list
from tests.client.test_calls import Answer, serving
from tests.support.command import likeness

LIMITS = {"most_pairs": 10, "most_photographs": 10, "most_bytes": 1000}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"", "first line must name the columns reference and probe, parted by a comma; found ''"),
        (b"reference;probe\na.jpg;b.jpg\n", "parted by a comma; found 'reference;probe'"),
        ("reference,probe\nJos\u00e9.jpg,b.jpg\n".encode("latin-1"), "save it as UTF-8"),
        (b"reference,probe\n", "has no pair"),
        (b"reference,probe\na.jpg,\n", "line 2: a pair needs a reference and a probe"),
    ],
    ids=["empty", "semicolons", "Latin-1", "header alone", "half a pair"],
)
def test_a_list_that_cannot_be_read_is_told_with_what_was_found(written: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_bytes(written)
    with pytest.raises(click.ClickException) as refused:
        read_list(file)
    assert said in refused.value.message


def test_two_pairs_of_one_name_are_told_by_their_lines(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "pairs.csv"):
        (tmp_path / name).write_text("reference,probe,custom_id\na.jpg,b.jpg,3\nb.jpg,a.jpg,\n")
    with pytest.raises(click.ClickException, match="lines 2 and 3 have one custom_id, '3'"):
        bundles(read_list(tmp_path / "pairs.csv"), tmp_path, {}, **LIMITS)


def test_of_a_folder_neither_the_rows_nor_other_documents_are_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one.jpg", "two.HEIC", "scan", "three.img", "rows.csv", "out.jsonl", "notes.txt", "a.pdf", ".hidden"):
        (tmp_path / name).write_bytes(b"x")
    called, listed = each_with(tmp_path / "one.jpg", tmp_path, tmp_path / "out.jsonl")
    assert (called, [pair.probe for pair in listed]) == ("one.jpg", ["scan", "three.img", "two.HEIC"])
    assert "left out, no photographs by their names: a.pdf, notes.txt, rows.csv" in capsys.readouterr().err


def test_whoever_may_submit_alone_is_told_the_batch_and_asks_for_none_without_waiting(tmp_path: Path) -> None:
    counts = dict.fromkeys(("done", "compared", "matches", "non_matches", "not_acquired", "failed"), 0)
    batch = {"id": "bat_1", "status": "queued", "pairs": 1, "counts": counts, "error": None}
    refused = {"code": "scope_missing", "status": 403, "detail": "this call needs a key with the scope read"}
    answers: list[Answer] = [(200, {}, {}), (202, batch, {}), (403, refused, {})]
    for name in ("a.jpg", "b.jpg", "pairs.csv"):
        (tmp_path / name).write_text("reference,probe\na.jpg,b.jpg\n")
    for option, status, said in (("--no-wait", 0, ""), ("--wait", 1, "the batch bat_1 was accepted, and goes on")):
        with serving(*answers) as api:
            where = {"LIKENESS_API_URL": api.url, "LIKENESS_HOME": str(tmp_path)}
            done = likeness("batch", str(tmp_path / "pairs.csv"), option, **where)
        assert (done.returncode, said in done.stderr) == (status, True), done
        assert [path for path, _ in api.requests][:2] == ["/health", "/v1/batches"]
        assert len(api.requests) == 2 + status
