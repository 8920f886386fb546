"""Lists and an archive as their owners publish them, where they are at hand; nothing of them is in the checkout."""

import os
from collections import Counter
from pathlib import Path

import pytest

from evaluator.datasets import parse_lfw, parse_two_lines, read_cfp_benchmark
from evaluator.datasets.benchmark import CfpKind
from evaluator.datasets.names import NameList, with_groups

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("LIKENESS_SHARED", ROOT.parent / "shared")) / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the data is not on this machine; set LIKENESS_SHARED")


def test_cplfw_is_read_with_and_without_its_header_and_with_either_line_end() -> None:
    published = (DATA / "cplfw" / "pairs_CPLFW.txt").read_bytes()
    header, _, below = published.partition(b"\r\n")
    assert header == b"name same_person"
    pairs = parse_two_lines(published, "pairs_CPLFW.txt").pairs
    assert Counter((pair.fold, pair.mated) for pair in pairs) == {
        (fold, mated): 300 for fold in range(1, 11) for mated in (True, False)
    }
    for body in (below, published.replace(b"\r\n", b"\n"), below.replace(b"\r\n", b"\n")):
        assert parse_two_lines(body, "pairs_CPLFW.txt").pairs == pairs


@pytest.mark.parametrize(("kind", "images", "repeats"), [("cfp-ff", 4764, 130), ("cfp-fp", 5901, 0)])
def test_cfp_is_read_from_its_archive(kind: CfpKind, images: int, repeats: int) -> None:
    pairs = read_cfp_benchmark(kind, DATA / "cfp" / "cfp-dataset.tgz").pairs
    assert Counter((pair.fold, pair.mated) for pair in pairs.pairs) == {
        (fold, mated): 350 for fold in range(1, 11) for mated in (True, False)
    }
    assert len(pairs.image_ids) == images
    assert all((pair.reference[:3] == pair.probe[:3]) == pair.mated for pair in pairs.pairs), "folders are people"
    assert bool(pairs.notes) == bool(repeats)
    assert all(note.startswith(f"{repeats} pairs repeat") for note in pairs.notes)


def test_the_lists_of_names_give_nearly_all_pairs_of_lfw_a_group_on_both_sides() -> None:
    pairs = parse_lfw((DATA / "lfw" / "pairs.txt").read_bytes())
    files = [DATA / "lfw" / f"{group}_names.txt" for group in ("male", "female")]
    grouped = with_groups(pairs, [NameList.read(file.read_bytes(), file.name) for file in files])
    assert Counter("/".join(sorted(pair.groups)) for pair in grouped.pairs) == {
        "male/male": 3890,
        "female/female": 953,
        "female/male": 1145,
        "/male": 11,
        "/female": 1,
    }
