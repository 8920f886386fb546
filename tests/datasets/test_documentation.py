import re
import textwrap
from pathlib import Path
from typing import get_args

from evaluator.datasets import Kind, parse_csv
from evaluator.datasets.store import IMAGES_PER_SHARD

PAGE = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")


def test_every_kind_has_its_row() -> None:
    assert set(re.findall(r"^\| `([\w-]+)` \|", PAGE, re.MULTILINE)) == set(get_args(Kind))


def test_the_csv_example_is_read() -> None:
    (example,) = re.findall(r"(?:^    [^ \n]*(?:,[^ \n]*){4}\n)+", PAGE, re.MULTILINE)
    assert parse_csv(textwrap.dedent(example).encode()).group_names == ("lighting",)


def test_the_figures_of_the_layout_are_those_of_the_code() -> None:
    assert f"{IMAGES_PER_SHARD} images each" in PAGE
