from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import PackUnknown, SettingsInvalid
from core.packs.catalogue import (
    LICENCE,
    Pack,
    PackFile,
    PackKind,
    directory_identity,
    find_pack,
    load_catalogue,
    read_catalogue,
)
from worker.packs.install import RECIPES
from worker.packs.sources import KINDS

ENTRY = """
[packs.mine]
summary = "ours"
licence = "ours"
commercial_use = true
embedding_dimension = 128
threshold = 0.4
threshold_origin = "our trial"
[packs.mine.files]
"det.onnx" = "5838f7fe053675b1c7a08b633df49e7af5495cee0493c7dcf6697200b85b5b91"
"""


def test_the_projects_own_list_is_whole() -> None:
    packs = load_catalogue()
    assert list(packs) == ["opencv-zoo", "buffalo_l", "buffalo_s", "minifasnet", "insightface-liveness"]
    judging = [pack.name for pack in packs.values() if pack.kind is PackKind.LIVENESS]
    assert judging == ["minifasnet", "insightface-liveness"]
    gated = [pack.name for pack in packs.values() if pack.needs_acceptance]
    assert gated == ["buffalo_l", "buffalo_s", "insightface-liveness"]
    for pack in packs.values():
        assert pack.summary
        assert pack.threshold.origin
        assert pack.published or pack.kind is PackKind.LIVENESS
        assert {source.kind for source in pack.sources} <= set(KINDS)
        assert pack.recipe is None or pack.recipe in RECIPES


def test_packs_differ_in_their_digests() -> None:
    digests = {directory_identity(pack).digest for pack in load_catalogue().values()}
    assert len(digests) == 5


def test_the_digest_covers_what_is_loaded_and_not_the_licences_text(zoo: Pack) -> None:
    def with_changed(name: str) -> Pack:
        files = (PackFile(f.name, "0" * 64 if f.name == name else f.sha256) for f in zoo.files)
        return replace(zoo, files=tuple(files))

    identity = directory_identity(zoo)
    assert directory_identity(replace(zoo, files=zoo.files[::-1])) == identity
    assert directory_identity(with_changed(LICENCE)) == identity
    for file in zoo.files:
        if file.name != LICENCE:
            assert directory_identity(with_changed(file.name)) != identity


def test_an_unknown_pack_is_answered_with_those_there_are() -> None:
    with pytest.raises(
        PackUnknown, match="there are buffalo_l, buffalo_s, insightface-liveness, minifasnet, opencv-zoo"
    ):
        find_pack("antelopev2")


@pytest.mark.parametrize(("name", "kind"), [("minifasnet", PackKind.RECOGNITION), ("opencv-zoo", PackKind.LIVENESS)])
def test_a_pack_for_something_else_is_not_taken(name: str, kind: PackKind) -> None:
    assert find_pack(name).kind is not kind
    with pytest.raises(PackUnknown, match=f"the pack '{name}' is for .*, and one for {kind} is needed"):
        find_pack(name, kind=kind)


def test_a_liveness_pack_embeds_nothing_and_decides_by_a_score_of_0_to_1(tmp_path: Path) -> None:
    entry = ENTRY.replace("embedding_dimension = 128\n", 'kind = "liveness"\n')
    pack = read_catalogue(entry, tmp_path)["mine"]
    assert (pack.kind, pack.embedding_dimension) == (PackKind.LIVENESS, 0)
    with pytest.raises(SettingsInvalid, match=r"on a liveness score, 0\.\.1, not -0.4"):
        read_catalogue(entry.replace("= 0.4", "= -0.4"), tmp_path)
    with pytest.raises(SettingsInvalid, match="'likeness' is not a valid PackKind"):
        read_catalogue(entry.replace('"liveness"', '"likeness"'), tmp_path)


def test_the_operators_list_is_added_and_wins(tmp_path: Path) -> None:
    (tmp_path / "packs.toml").write_text(ENTRY + ENTRY.replace("packs.mine", "packs.buffalo_l"))
    packs = load_catalogue(tmp_path)
    assert list(packs) == ["opencv-zoo", "buffalo_l", "buffalo_s", "minifasnet", "insightface-liveness", "mine"]
    assert packs["buffalo_l"].threshold.origin == "our trial"
    assert packs["mine"].ingredients == packs["mine"].files


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("threshold = 0.4\n", "", "pack 'mine' must have 'threshold'"),
        ("threshold = 0.4", "threshold = 40", r"cosine, -1\.\.1, not 40"),
        ("threshold = 0.4", "threshold = nan", "cosine"),
        ("commercial_use = true", 'commercial_use = "no"', "commercial_use is true or false, not 'no'"),
        ("= 128", "= 0", "embedding_dimension is a positive number, not 0"),
        ("5838f7", "5838F7", "'det.onnx' must have a SHA-256"),
        ('"det.onnx"', '"../det.onnx"', "must be the name of a file below"),
        ('"det.onnx"', '"/det.onnx"', "must be the name of a file below"),
        ("packs.mine", 'packs."../mine"', "cannot be the name of a pack"),
        ("summary =", "summary", "line 3, column 9 is not as TOML has it"),
        ("[packs.mine]", "[packs]", r"each pack must be a table, \[packs\.NAME\]"),
    ],
)
def test_a_list_that_cannot_be_used_says_where_and_why(tmp_path: Path, old: str, new: str, reason: str) -> None:
    (tmp_path / "packs.toml").write_text(ENTRY.replace(old, new))
    with pytest.raises(SettingsInvalid, match=f"{tmp_path}/packs.toml cannot be used: .*{reason}"):
        load_catalogue(tmp_path)


def test_an_empty_list_is_a_list() -> None:
    assert read_catalogue("", Path("packs.toml")) == {}
