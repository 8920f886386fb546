"""Sealed images open with their key, under their job's name, whole; in every other case they do not open at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.comparisons.sealing import KEY_BYTES, NONCE_BYTES, TAG_BYTES, SealKey
from core.errors import ImagesDamaged

KEY = SealKey.new()
SEALED = KEY.seal(b"the reference", b"the probe", name="cmp_1")


@given(st.lists(st.binary(max_size=200), max_size=4), st.text(max_size=40))
def test_what_was_sealed_opens_again_as_it_was(parts: list[bytes], name: str) -> None:
    key = SealKey.parse(SealKey.new().text)
    sealed = key.seal(*parts, name=name)
    assert key.open(sealed, name=name) == b"".join(parts)
    assert len(sealed) == NONCE_BYTES + sum(map(len, parts)) + TAG_BYTES


def test_nothing_of_what_was_sealed_shows_and_no_two_seals_are_alike() -> None:
    assert b"the" not in SEALED
    assert KEY.seal(b"the reference", b"the probe", name="cmp_1") != SEALED
    assert len({SealKey.new().text for _ in range(100)}) == 100
    assert len(KEY.secret) == KEY_BYTES


@pytest.mark.parametrize("at", range(len(SEALED)))
def test_one_changed_bit_anywhere_is_noticed(at: int) -> None:
    changed = bytearray(SEALED)
    changed[at] ^= 1
    with pytest.raises(ImagesDamaged):
        KEY.open(bytes(changed), name="cmp_1")


@pytest.mark.parametrize("length", range(len(SEALED)))
def test_what_is_cut_short_does_not_open(length: int) -> None:
    with pytest.raises(ImagesDamaged):
        KEY.open(SEALED[:length], name="cmp_1")


def test_another_key_and_another_jobs_name_do_not_open_it() -> None:
    with pytest.raises(ImagesDamaged):
        SealKey.new().open(SEALED, name="cmp_1")
    with pytest.raises(ImagesDamaged):
        KEY.open(SEALED, name="cmp_2")


def test_a_key_is_not_shown() -> None:
    for shown in (repr(KEY), str(KEY), f"{KEY}"):
        assert KEY.text not in shown
        assert repr(KEY.secret)[2:-1] not in shown
