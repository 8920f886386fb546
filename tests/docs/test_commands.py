"""Every command that a page names exists, with its options."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from core.settings import CHECKOUT
from likeness.cli.main import likeness
from tests.docs.pages import PAGES, command_lines

TARGETS = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
COMMAND = re.compile(
    r"(?:[A-Z_]+=\S+ )*(?:(?:\.venv/bin/|docker compose run --rm \w+ )?"
    r"(?:(?P<ours>likeness) |(?P<evaluate>celery -A \w+\.app (?=evaluate ))|python3? -m (?P<module>[a-z_.]+))"
    r"|(?P<make>make) )(?P<rest>.*)"
)


def commands(line: str) -> Iterator[re.Match[str]]:
    """The commands of ours in a line of a shell."""
    for part in re.split(r"&&|\|", re.sub(r"\s#.*", "", line)):
        if found := COMMAND.fullmatch(part.strip()):
            yield found


def fault_of(command: re.Match[str]) -> str | None:
    """What does not exist of a command, if anything."""
    words = shlex.split(command["rest"])
    if command["make"]:
        return next((word for word in words if word.islower() and word not in TARGETS), None)
    if module := command["module"]:
        return None if importlib.util.find_spec(module) else module
    found: click.Command = likeness
    for word in words:
        if word == "...":
            break
        if isinstance(found, click.Group) and not word.startswith("-"):
            if word not in found.commands:
                return word
            found = found.commands[word]
        elif word.startswith("--") and word != "--help":
            known = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
            if word.split("=")[0] not in known:
                return f"{found.name} {word}"
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_what_a_page_tells_to_type_exists(page: Path) -> None:
    assert [fault for line in command_lines(page) for c in commands(line) if (fault := fault_of(c))] == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("make demo     # sets everything up", None),
        ("make benchmark", "benchmark"),
        ("make chaos JOBS=500 SEED=7", None),
        (".venv/bin/likeness evaluate import sample && .venv/bin/likeness evaluate run sample --wait", None),
        ("likeness evaluate rum sample", "rum"),
        ("likeness compare one.jpg two.jpg --treshold 0.3", "compare --treshold"),
        ("celery -A evaluator.app evaluate import lfw --archive lfw.tgz --pears pairs.txt", "import --pears"),
        ("LIKENESS_HOME=elsewhere .venv/bin/python -m infra.local.servers wait", None),
        ("python -m infra.papers", "infra.papers"),
    ],
)
def test_a_command_that_does_not_exist_is_found(line: str, fault: str | None) -> None:
    (found,) = list(commands(line))[-1:]
    assert fault_of(found) == fault
