"""A home is its owner's alone, whoever makes it first."""

import os
import stat
from pathlib import Path

from core.private import make_home, write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_home(tmp_path / "somewhere" / "home")
    finally:
        os.umask(before)
    assert mode(tmp_path / "somewhere" / "home") == 0o700


def test_a_home_that_0_1_0_left_open_is_closed(tmp_path: Path) -> None:
    home = tmp_path / ".likeness"
    home.mkdir()
    home.chmod(0o755)
    make_home(home)
    assert mode(home) == 0o700


def test_a_directory_that_an_operator_has_named_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    make_home(tmp_path)
    assert mode(tmp_path) == 0o1777


def test_a_private_file_is_private_even_where_one_was_not(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    file.write_text("{}", encoding="utf-8")
    file.chmod(0o644)
    write_private(file, '{"known": "secret"}')
    assert (mode(file), file.read_text(encoding="utf-8")) == (0o600, '{"known": "secret"}')
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]
