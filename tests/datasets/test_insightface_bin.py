"""Hostile pickles among them. No file here was made by InsightFace; its writer is `pickle.dump((bytes, bools))`."""

import io
import os
import pickle
import struct
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import KFold

from core.storage.objects import ObjectStore
from evaluator.datasets import DatasetInvalid, Pair, import_dataset, load_pairs, read_bin_benchmark
from evaluator.datasets.insightface_bin import read_bin


@pytest.fixture
def written(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(body: bytes) -> Path:
        path = tmp_path / "lfw.bin"
        path.write_bytes(body)
        return path

    return write


def packed(pairs: int, protocol: int = 4) -> bytes:
    return pickle.dumps(([b"\xff\xd8%d" % n for n in range(2 * pairs)], [n % 2 == 0 for n in range(pairs)]), protocol)


def python2(pairs: int) -> bytes:
    """What Python 2 writes for the same: protocol 2, str as BINSTRING or SHORT_BINSTRING."""
    body = io.BytesIO()
    body.write(b"\x80\x02]q\x00(")
    for n in range(2 * pairs):
        image = b"\xff\xd8%d" % n
        body.write((b"U" + bytes([len(image)]) if n % 2 else b"T" + struct.pack("<i", len(image))) + image)
        body.write(b"q" + bytes([n + 1]))
    body.write(b"e]q\xfe(" + b"".join(b"\x88" if n % 2 == 0 else b"\x89" for n in range(pairs)) + b"e\x86q\xff.")
    return body.getvalue()


@pytest.mark.parametrize("body", [python2(20), packed(20, 3), packed(20, 4), packed(20, 5)])
def test_files_of_every_writer_read_the_same(written: Callable[[bytes], Path], body: bytes) -> None:
    pairs, images = read_bin(written(body))
    assert pairs.pairs[0] == Pair("000000.jpg", "000001.jpg", True, 1, ())
    assert pairs.pairs[3] == Pair("000006.jpg", "000007.jpg", False, 2, ())
    assert len(pairs.pairs) == 20
    assert images.bodies["000039.jpg"] == b"\xff\xd839"
    assert list(images.images({"000003.jpg", "else.jpg"})) == [("000003.jpg", b"\xff\xd83")]
    benchmark = read_bin_benchmark(written(body))
    assert (benchmark.kind, benchmark.track, benchmark.pairs.source) == ("bin", "aligned", "lfw.bin")


@pytest.mark.parametrize("count", [10, 17, 6000])
def test_folds_are_those_of_kfold_without_shuffling(written: Callable[[bytes], Path], count: int) -> None:
    pairs, _ = read_bin(written(packed(count)))
    expected = np.zeros(count, dtype=int)
    for fold, (_, test) in enumerate(KFold(10, shuffle=False).split(np.arange(count)), 1):
        expected[test] = fold
    assert [pair.fold for pair in pairs.pairs] == expected.tolist()
    assert pairs.notes == (
        "The file has no folds: ten consecutive blocks, as insightface's verification.py makes them.",
    )


def test_too_few_pairs_have_no_folds(written: Callable[[bytes], Path]) -> None:
    pairs, _ = read_bin(written(packed(9)))
    assert (pairs.folds, pairs.notes) == (0, ())


def test_an_image_that_comes_again_keeps_its_first_name_and_is_counted(written: Callable[[bytes], Path]) -> None:
    bodies = [b"a", b"b", b"c", b"a", b"b", b"a", b"d", b"d"]
    pairs, images = read_bin(written(pickle.dumps((bodies, [True, False, True, True]))))
    assert [(pair.reference, pair.probe) for pair in pairs.pairs] == [
        ("000000.jpg", "000001.jpg"),
        ("000002.jpg", "000000.jpg"),
        ("000001.jpg", "000000.jpg"),
        ("000006.jpg", "000006.jpg"),
    ]
    assert list(images.bodies) == ["000000.jpg", "000001.jpg", "000002.jpg", "000006.jpg"]
    assert pairs.notes == (
        "4 of 8 images repeat an earlier one and are kept once.",
        "1 pairs repeat the images of an earlier pair.",
        "1 pairs have the same image on both sides.",
    )


def test_a_run_can_read_the_pairs_of_a_file_in_which_one_comes_twice(
    objects: ObjectStore, written: Callable[[bytes], Path], make_image: Callable[..., bytes]
) -> None:
    one, other = (make_image(seed, size=(112, 112)) for seed in (1, 2))
    benchmark = read_bin_benchmark(written(pickle.dumps(([one, other, other, one, one, one], [True, True, True]))))
    dataset = import_dataset(objects, "twice", benchmark)
    assert load_pairs(objects, dataset).pairs == benchmark.pairs.pairs


def test_a_png_is_called_one(written: Callable[[bytes], Path], make_image: Callable[..., bytes]) -> None:
    body = pickle.dumps(([make_image(1, form="PNG"), make_image(2)], [True]))
    assert read_bin(written(body))[0].image_ids == ["000000.png", "000001.jpg"]


def refusal(path: Path, **limits: int) -> str:
    with pytest.raises(DatasetInvalid) as raised:
        read_bin(path, **limits)
    (fault,) = raised.value.faults
    assert (fault.source, fault.line) == (path.name, None)
    return fault.what


class Calls:
    """Unpickling this calls `function`."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("function", [os.system, eval, exec, __import__])
def test_a_pickle_that_calls_is_refused_and_calls_nothing(
    written: Callable[[bytes], Path], tmp_path: Path, protocol: int, nested: bool, function: Callable[..., Any]
) -> None:
    mark = tmp_path / "called"
    argument = f"touch {mark}" if function is os.system else f"open({str(mark)!r}, 'w').close()"
    hostile: Any = Calls(function, argument)
    value = ([b"a", [b"b", (hostile,)]], [True]) if nested else hostile
    path = written(pickle.dumps(value, protocol))
    assert "is not admitted" in refusal(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("STRING 'echo'", b"(S'echo'\nios\nsystem\n."),
        ("INST 'os system'", b"(ios\nsystem\n."),
        ("OBJ", b"(]o."),
        ("GLOBAL 'os system'", b"\x80\x02cos\nsystem\n."),
        ("SHORT_BINUNICODE 'os'", b"\x80\x04\x8c\x02os\x8c\x06system\x93."),
        ("EXT1 1", b"\x80\x02\x82\x01."),
        ("PERSID '0'", b"P0\n."),
        ("BINPERSID", b"\x80\x02]Q."),
        ("BUILD", b"\x80\x02]]b."),
        ("EMPTY_TUPLE", b"\x80\x02])R."),
        ("REDUCE", b"\x80\x02](tR."),
        ("NEWOBJ", b"\x80\x02]]\x81."),
        ("EMPTY_DICT", b"\x80\x02}."),
        ("DUP", b"\x80\x02]2."),
        ("NEXT_BUFFER", b"\x80\x05\x97."),
        ("BYTEARRAY8 bytearray(b'a')", b"\x80\x05\x96\x01" + bytes(7) + b"a."),
    ],
)
def test_opcodes_that_are_not_needed_are_not_admitted(written: Callable[[bytes], Path], name: str, body: bytes) -> None:
    assert f": the opcode {name} at byte " in refusal(written(body))


@pytest.mark.parametrize(
    "bomb",
    [
        b"\x80\x04]r\xff\xff\xff\x7f.",  # a memo index that pickle.Unpickler makes room for: 32 GiB
        b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"x.",  # bytes that are not there
        b"\x80\x04B" + struct.pack("<I", 2**32 - 1) + b"x.",
        b"\x80\x02T" + struct.pack("<i", 2**31 - 1) + b"x.",
        b"\x80\x04\x95" + struct.pack("<Q", 2**50) + b"].",  # a frame that is not there
        b"\x80\x04" + b"]" + b"h\x00" * 3 + b".",
        b"\x80\x04]\x94" + b"(h\x00h\x00h\x00h\x00e" * 1000 + b".",  # a list that holds itself
        b"\x80\x02\x8b" + struct.pack("<i", 2**30) + b"\x01.",
    ],
)
def test_a_small_file_never_takes_much_memory(written: Callable[[bytes], Path], bomb: bytes) -> None:
    path = written(bomb)
    tracemalloc.start()
    try:
        refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


def test_a_file_over_the_limit_is_not_read(written: Callable[[bytes], Path]) -> None:
    path = written(packed(10))
    size = path.stat().st_size
    assert refusal(path, max_file_bytes=size - 1) == f"has {size} bytes; at most {size - 1} are read"
    read_bin(path, max_file_bytes=size)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ([b"a", b"b"], "must hold two lists, the images and the labels"),
        ((b"a", b"b"), "must hold two lists, the images and the labels"),
        (([], []), "has 0 images and 0 labels; there must be two images to each label"),
        (([b"a", b"b", b"c"], [True]), "has 3 images and 1 labels; there must be two images to each label"),
        (([b"a", True], [True]), "must hold a list of bytes and a list of booleans"),
        (([b"a", b"b"], [b"1"]), "must hold a list of bytes and a list of booleans"),
        (([b"a", [b"b"]], [True]), "must hold a list of bytes and a list of booleans"),
    ],
)
def test_a_pickle_of_another_shape_is_refused(written: Callable[[bytes], Path], value: object, what: str) -> None:
    assert refusal(written(pickle.dumps(value))) == what


@pytest.mark.parametrize("value", [([np.zeros(3, np.uint8)], [True]), ([b"a", b"b"], [np.True_]), ([b"a", b"b"], [1])])
def test_numpy_and_numbers_are_refused(written: Callable[[bytes], Path], value: object) -> None:
    assert "is not admitted" in refusal(written(pickle.dumps(value, 2)))


@pytest.mark.parametrize("body", [b"", b"\x80", b"\xff\xd8\xff\xe0", packed(10)[:-1], packed(10)[:100], b"\x80\x04(e."])
def test_a_damaged_file_is_refused(written: Callable[[bytes], Path], body: bytes) -> None:
    assert refusal(written(body)).startswith("cannot be read as a pickle of images and booleans: ")


def test_nothing_may_follow_and_the_file_must_be_there(written: Callable[[bytes], Path], tmp_path: Path) -> None:
    assert refusal(written(packed(10) + b"more")) == "goes on after the end of its pickle"
    assert refusal(tmp_path / "none.bin").startswith("cannot be read: ")


@given(body=st.binary(max_size=80) | st.binary(max_size=40).map(lambda tail: b"\x80\x04]\x94(C\x01aC\x01be" + tail))
def test_whatever_the_bytes_nothing_else_is_raised(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.bin"
    path.write_bytes(body)
    with suppress(DatasetInvalid):
        read_bin(path)


def test_an_image_is_hashed_once_however_often_it_is_referred_to(written: Callable[[bytes], Path]) -> None:
    """Two bytes of the file are a reference, so a small file could ask for hours."""
    image, references = b"\xff\xd8\xff" + bytes(2**20), 40_000
    first = b"\x80\x02]q\x00(B" + struct.pack("<I", len(image)) + image + b"q\x01"
    body = first + b"h\x01" * (references - 1) + b"e]q\x02(" + b"\x88" * (references // 2) + b"e\x86."
    path = written(body)
    began = time.process_time()
    pairs, images = read_bin(path)
    assert time.process_time() - began < 5, "40 GB of hashing: half a minute"
    assert images.bodies == {"000000.jpg": image}
    assert {(pair.reference, pair.probe) for pair in pairs.pairs} == {("000000.jpg", "000000.jpg")}
