"""Help pages: commands stand under what they are for, each with its whole first sentence."""

from collections.abc import Iterator

import click
import pytest

from likeness.cli.main import likeness
from likeness.cli.sections import SectionedGroup
from tests.support.command import likeness as run


def group(path: str) -> SectionedGroup:
    found: click.Command = likeness
    for name in path.split():
        assert isinstance(found, click.Group)
        found = found.commands[name]
    assert isinstance(found, SectionedGroup)
    return found


@pytest.mark.parametrize("path", ["", "evaluate"])
def test_a_command_stands_in_one_section(path: str) -> None:
    placed = [name for names in group(path).sections.values() for name in names]
    assert len(placed) == len(set(placed))
    assert set(placed) <= set(group(path).commands)


def groups(command: click.Command, *path: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        yield " ".join(path)
        for name, inner in command.commands.items():
            yield from groups(inner, *path, name)


@pytest.mark.parametrize("path", list(groups(likeness)))
def test_no_sentence_of_a_help_page_is_cut(path: str) -> None:
    done = run(*path.split(), "--help")
    assert done.returncode == 0
    assert not [line for line in done.stdout.splitlines() if line.rstrip().endswith("...") and "[ARGS]" not in line]
    for title in group(path).sections:
        assert f"\n{title}:\n" in done.stdout


def test_what_is_placed_nowhere_is_listed_last() -> None:
    made = SectionedGroup("made", sections={"First": ("one",)})
    for name in ("zero", "one"):
        made.add_command(click.Command(name, help=f"Do {name}."))
    said = made.get_help(click.Context(made))
    assert said.index("First:") < said.index("one") < said.index("Other commands:") < said.index("zero")
