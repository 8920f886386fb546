"""Who is on each image: read from names and columns, kept in the manifest, and never taken for what it is not."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from core.storage.objects import Objects
from core.vocabulary import Track
from evaluator.datasets import (
    Benchmark,
    DatasetInvalid,
    canonical_csv,
    import_dataset,
    load_dataset,
    load_pairs,
    parse_csv,
    parse_lfw,
    parse_two_lines,
    sample_benchmark,
)
from evaluator.datasets.insightface_bin import ImagesInMemory
from evaluator.datasets.manifest import decode, encode, pointer_key

MakeImage = Callable[..., bytes]

LFW = b"1\t1\nAbel_Pacheco\t1\t4\nAbel_Pacheco\t1\tBo\t1\n"
CSV = """\
reference,probe,mated,reference_subject,probe_subject,lighting
1.jpg,2.jpg,1,Ada,Ada,indoor
1.jpg,3.jpg,0,Ada,Bo,outdoor
"""


def test_lfw_names_the_people_by_their_folders() -> None:
    assert parse_lfw(LFW).subjects == {
        "Abel_Pacheco/Abel_Pacheco_0001.jpg": "Abel_Pacheco",
        "Abel_Pacheco/Abel_Pacheco_0004.jpg": "Abel_Pacheco",
        "Bo/Bo_0001.jpg": "Bo",
    }


@pytest.mark.parametrize("number", ["{}", "{:04d}"])
def test_calfw_and_cplfw_name_them_in_the_file_names(number: str) -> None:
    names = [f"Ada_Lovelace_{number.format(n)}.jpg" for n in (1, 2, 3)]
    lines = [f"{name} {token}" for name, token in zip([*names, f"Bo_{number.format(1)}.jpg"], "1100", strict=True)]
    body = "\n".join(lines * 10).encode()
    with pytest.raises(DatasetInvalid):
        parse_two_lines(body, "pairs", pairs_per_fold=1)
    lines = [
        f"{name}{fold}_{number.format(n)}.jpg {token}"
        for token, rows in (("1", (("Ada", 1), ("Ada", 2))), ("0", (("Ada", 3), ("Bo", 1))))
        for fold in range(10)
        for name, n in rows
    ]
    subjects = parse_two_lines("\n".join(lines).encode(), "pairs", pairs_per_fold=1).subjects
    assert subjects
    assert {*subjects.values()} == {f"{name}{fold}" for name in ("Ada", "Bo") for fold in range(10)}


def test_names_that_contradict_the_pairs_are_no_subjects() -> None:
    lines = [
        f"{name}_{fold}.jpg {token}" for token in "10" for fold in range(10) for name in (f"A{token}", f"B{token}")
    ]
    assert parse_two_lines("\n".join(lines).encode(), "pairs", pairs_per_fold=1).subjects is None


def test_a_csv_names_them_in_two_columns_which_are_no_groups() -> None:
    pairs = parse_csv(CSV.encode())
    assert pairs.subjects == {"1.jpg": "Ada", "2.jpg": "Ada", "3.jpg": "Bo"}
    assert pairs.group_names == ("lighting",)
    assert parse_csv(b"reference,probe,mated\n1.jpg,2.jpg,1\n").subjects is None


@pytest.mark.parametrize(
    ("csv", "what"),
    [
        (CSV.replace(",probe_subject", ",whom"), "pairs.csv:1: the header has reference_subject alone"),
        (CSV.replace("Ada,Bo", "Ada,"), "pairs.csv:3: probe_subject is ''; it must name someone in every row"),
        (CSV.replace("0,Ada,Bo", "0,Cy,Bo"), "pairs.csv:3: 1.jpg shows 'Cy', but 'Ada' in an earlier row"),
        (
            CSV.replace("0,Ada,Bo", "0,Ada,Ada"),
            "pairs.csv:3: mated is '0', but reference_subject and probe_subject are one",
        ),
        (
            CSV.replace("1,Ada,Ada", "1,Ada,Di"),
            "pairs.csv:2: mated is '1', but reference_subject and probe_subject are two",
        ),
        (CSV.replace("Bo", "=1+1"), "the subject '=1+1' would be a formula"),
    ],
)
def test_a_subject_that_is_missing_or_wrong_is_named_by_line(csv: str, what: str, objects: Objects) -> None:
    with pytest.raises(DatasetInvalid, match=re.escape(what)):
        import_dataset(objects, "own", Benchmark("csv", Track.RAW, parse_csv(csv.encode()), ImagesInMemory("none", {})))


def test_they_travel_in_the_manifest_and_leave_the_digest_as_it_was(objects: Objects, make_image: MakeImage) -> None:
    bodies = {f"{number}.jpg": make_image(number) for number in (1, 2, 3)}

    def imported(csv: str) -> str:
        benchmark = Benchmark("csv", Track.RAW, parse_csv(csv.encode()), ImagesInMemory("memory", bodies))
        return import_dataset(objects, "own", benchmark).digest

    without = CSV.replace(",reference_subject,probe_subject", "").replace(",Ada,Ada", "").replace(",Ada,Bo", "")
    digest = imported(without)
    before = load_dataset(objects, "own")
    assert (before.subjects, before.people) == (None, None)
    assert load_pairs(objects, before).subjects is None
    assert imported(CSV) == digest, "so what is embedded stays, and the name need not be replaced"
    after = load_dataset(objects, "own")
    assert after.people == 2
    assert load_pairs(objects, after).subjects == {"1.jpg": "Ada", "2.jpg": "Ada", "3.jpg": "Bo"}
    assert b"subject" not in canonical_csv(load_pairs(objects, after))


def test_what_0_1_0_imported_is_read_and_has_no_subjects(objects: Objects, make_image: MakeImage) -> None:
    bodies = {f"{number}.jpg": make_image(number) for number in (1, 2, 3)}
    dataset = import_dataset(
        objects, "own", Benchmark("csv", Track.RAW, parse_csv(CSV.encode()), ImagesInMemory("m", bodies))
    )
    old = json.loads(encode(dataset))
    del old["subjects"]
    objects.put(pointer_key("own"), json.dumps(old).encode(), "application/json")
    assert load_dataset(objects, "own").subjects is None
    assert decode(json.dumps(old).encode()).shards == dataset.shards
    assert len(load_pairs(objects, load_dataset(objects, "own")).pairs) == 2


def test_the_sample_has_two_people(tmp_path: Path) -> None:
    assert len({*(sample_benchmark(tmp_path).pairs.subjects or {}).values()}) == 2
