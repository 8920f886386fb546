"""The tree uses the words of docs/glossary.md: those it says not to use stand nowhere."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from core.settings import CHECKOUT

GLOSSARY = "docs/glossary.md"
SUFFIXES = (".py", ".lua", ".md", ".html", ".toml", ".yml", ".yaml", ".css", ".json")
NAMES = ("Makefile", "Procfile", "Dockerfile")

_ROW = re.compile(r"^\| (?P<word>[^|]+) \| (?P<instead>[^|]+) \| (?P<places>[^|]*)\|$", re.M)
_PLACE = re.compile(r"`([^`]+)`")
#: Where a name is split: at underscores, and where small letters or digits end and a capital begins a word.
_SEAM = re.compile(r"_+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z](?!s\b)[a-z])")
_RELEASED = re.compile(r"^## (?!\[?Unreleased)", re.M)


@dataclass(frozen=True)
class Rule:
    """A word that is not used: of small letters in any case, of capitals in capitals only."""

    word: str
    instead: str
    #: Files, and folders with a slash at the end, in which it means something else.
    places: tuple[str, ...]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        words = r"\s+".join(map(re.escape, self.word.split()))
        return re.compile(rf"\b{words}(?:e?s)?\b", 0 if self.word.isupper() else re.I)

    def holds_in(self, path: str) -> bool:
        return path != GLOSSARY and not any(
            path.startswith(place) if place.endswith("/") else path == place for place in self.places
        )


def rules(glossary: str) -> list[Rule]:
    """The rows of the last table."""
    table = glossary.partition("\n| not | but | except in |\n| --- | --- | --- |\n")[2]
    return [Rule(m["word"], m["instead"], tuple(_PLACE.findall(m["places"]))) for m in _ROW.finditer(table)]


RULES = rules((CHECKOUT / GLOSSARY).read_text(encoding="utf-8"))


def faults(path: str, text: str) -> Iterator[str]:
    """File, line, the word and what to say instead, for each word that is not to be said."""
    words = _SEAM.sub(" ", text)
    for rule in (rule for rule in RULES if rule.holds_in(path)):
        for match in rule.pattern.finditer(words):
            line = words.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: {match[0]!r}: say {rule.instead}"


def ours() -> Iterator[Path]:
    """What is written by hand: no hidden folder, no environment, nothing that a build left."""
    for folder, folders, files in os.walk(CHECKOUT):
        here = Path(folder)
        folders[:] = [
            name for name in folders
            if not name.startswith((".", "__")) and name != "build" and not (here / name / "pyvenv.cfg").exists()
        ]  # fmt: skip
        yield from (here / name for name in files if name in NAMES or name.endswith(SUFFIXES))


def text_of(page: Path) -> str:
    """Of the changelog, what is not released yet: released versions keep the words they were released with."""
    text = page.read_text(encoding="utf-8")
    released = _RELEASED.search(text) if page.name == "CHANGELOG.md" else None
    return text[: released.start()] if released else text


def test_words_that_are_not_to_be_said_are_said_nowhere() -> None:
    said = [fault for page in sorted(ours()) for fault in faults(str(page.relative_to(CHECKOUT)), text_of(page))]
    assert not said, "\n".join(["docs/glossary.md has other words:", *said])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.word)
def test_each_word_is_found_alone_in_the_plural_and_in_a_name(rule: Rule) -> None:
    snake, camel = "_".join(rule.word.split()), "".join(word.capitalize() for word in rule.word.split())
    lines = [f"one {rule.word}.", f"some {rule.word}s", f"old_{snake} = 1"]
    lines += [] if rule.word.isupper() else [f"class New{camel}:", f"{rule.word.capitalize()}, first"]
    for line in lines:
        assert list(faults("any.py", f"first\n{line}\nlast\n")) != [], line
        assert all(fault.startswith("any.py:2: ") for fault in faults("any.py", f"first\n{line}\nlast\n"))
    assert not list(faults("any.py", f"un{rule.word}ly x{rule.word}y"))


def test_a_fault_names_the_place_the_word_and_what_to_say() -> None:
    word, *_ = (rule for rule in RULES if rule.instead == "services")
    assert list(faults("a/b.md", f"The\n\n{word.word.upper()} of it\n")) == [
        f"a/b.md:3: {word.word.upper()!r}: say services"
    ]


def test_a_word_may_stand_where_it_means_something_else_and_in_the_glossary() -> None:
    rule = next(rule for rule in RULES if any(place.endswith("/") for place in rule.places))
    folder = next(place for place in rule.places if place.endswith("/"))
    assert not list(faults(f"{folder}any.py", rule.word))
    assert list(faults(f"un{folder}any.py", rule.word))
    assert not list(faults(GLOSSARY, rule.word))


def test_words_of_capitals_are_ordinary_in_small_letters() -> None:
    assert not [fault for rule in RULES if rule.word.isupper() for fault in faults("any.py", rule.word.lower())]
