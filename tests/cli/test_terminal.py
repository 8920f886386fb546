"""What a terminal shows: nothing is wider than it is, and nothing is cut."""

import pytest

from core.storage.lifecycle import new_id
from likeness.cli.terminal import say, table

URL = f"https://example.com/{'x' * 200}"


@pytest.fixture(params=["20", "80", "120", "400"])
def columns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COLUMNS", request.param)
    return int(request.param)


def test_what_does_not_fit_beside_an_id_stands_below_it_by_name(
    columns: int, capsys: pytest.CaptureFixture[str]
) -> None:
    event_id = new_id("evt")
    rows = table("id", "status", "url", "note", "created")
    rows.add_row(event_id, "pending", URL, "", "2026-01-31 12:00:00")
    rows.show()
    head, *lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[0] == event_id, "an id is whole, and on one line, however narrow it is"
    assert all(len(line) <= max(columns, len(event_id)) for line in lines)
    assert ("url" in head.split()) is (columns == 400)
    said = "".join(line.strip() for line in lines)
    assert URL in said, "none of it is cut"
    assert ("url" in said.split(event_id)[1]) is (columns != 400)
    assert "note" not in said.replace(URL, ""), "what is empty is not named"


def test_a_fact_that_is_longer_than_a_line_goes_on_below_where_it_begins(
    columns: int, capsys: pytest.CaptureFixture[str]
) -> None:
    text = " ".join(["word"] * 70)
    say(f"why        {text}\nurl        {URL}")
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == f"why{text}url{URL}".replace(" ", "")
    assert all(line.startswith(("why ", "url ", "          ")) for line in lines)


def test_what_somebody_wrote_moves_no_cursor_and_breaks_no_row(
    capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    rows = table("id", "description")
    rows.add_row("ep_1", "\x1b[2J\nno\tmore")
    rows.show()
    assert not {"\x1b", "\t"} & {*capsys.readouterr().out}
