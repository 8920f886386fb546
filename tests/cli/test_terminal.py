"""What a terminal shows: nothing is wider than it is, and nothing is cut."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from core.storage.lifecycle import new_id
from likeness.cli.terminal import table, wrapped
from tests.support.servers import outside

URL = f"https://example.com/{'x' * 200}"
WIDTHS = (20, 80, 120, 400)


@pytest.mark.parametrize("columns", WIDTHS)
def test_what_does_not_fit_beside_an_id_stands_below_it_by_name(columns: int) -> None:
    event_id = new_id("evt")
    rows = table("id", "status", "url", "note", "created")
    rows.add_row(event_id, "pending", URL, "", "2026-01-31 12:00:00")
    head, *lines = rows.lines(columns)
    assert lines[0].split()[0] == event_id, "an id is whole, and on one line, however narrow it is"
    assert all(len(line) <= max(columns, len(event_id)) for line in lines)
    assert ("url" in head.split()) is (columns == 400)
    said = "".join(line.strip() for line in lines)
    assert URL in said, "none of it is cut"
    assert ("url" in said.split(event_id)[1]) is (columns != 400)
    assert "note" not in said.replace(URL, ""), "what is empty is not named"


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_fact_that_is_longer_than_a_line_goes_on_below_where_it_begins(columns: int) -> None:
    text = " ".join(["word"] * 90)
    for line in (f"why        {text}", f"url        {URL}{URL}"):
        first, *below = wrapped(line, columns, indent=11)
        assert below
        assert all(len(piece) <= columns for piece in (first, *below))
        assert "".join((first, *below)).replace(" ", "") == line.replace(" ", "")
        assert all(piece.startswith(" " * 10) for piece in below)


def test_what_somebody_wrote_moves_no_cursor_and_breaks_no_row() -> None:
    rows = table("id", "description")
    rows.add_row("ep_1", "\x1b[2J\nno\tmore")
    assert len([*rows.lines(None)]) == 2
    assert not {"\x1b", "\t", "\n"} & {*"".join(rows.lines(None))}


def test_a_list_is_as_wide_as_the_terminal_in_which_it_is_asked_for(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    environment = {name: value for name, value in outside().items() if name != "COLUMNS"}
    command = [str(Path(sys.executable).with_name("likeness")), "packs", "list"]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment | {"LIKENESS_HOME": str(tmp_path)}
    ) as process:
        os.close(theirs)
        said = b""
        try:
            while piece := os.read(ours, 4096):
                said += piece
        except OSError:
            pass  # how a terminal ends on Linux
        finally:
            os.close(ours)
        assert process.wait() == 0
    lines = said.decode().splitlines()
    assert any("licence MIT (YuNet)" in line for line in lines), lines
    assert max(len(line.removeprefix("\x1b[1m").removesuffix("\x1b[0m")) for line in lines) <= 80
