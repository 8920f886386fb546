"""Every pair is in one shard, with both of its photographs, and pairs that share some land together."""

from hypothesis import given
from hypothesis import strategies as st

from core.batches import cutting
from core.batches.cutting import cut

PAIRS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=120)


@given(PAIRS, st.integers(2, 12), st.integers(1, 2**24))
def test_every_pair_is_in_one_shard_with_its_photographs_and_no_others(
    pairs: list[tuple[int, int]], most: int, size: int
) -> None:
    shards = cut(pairs, [size] * 31, most_photographs=most)
    assert sorted(number for shard in shards for number in shard.pairs) == list(range(len(pairs)))
    for shard in shards:
        assert {photograph for number in shard.pairs for photograph in pairs[number]} == set(shard.photographs)
        assert len(set(shard.photographs)) == len(shard.photographs) <= most
        if len(shard.photographs) > 2:
            assert size * len(shard.photographs) <= cutting.MOST_BYTES


def test_one_reference_goes_into_each_shard_with_probes_of_its_own() -> None:
    shards = cut([(0, probe) for probe in range(1, 101)], [1] * 101, most_photographs=26)
    assert [len(shard.photographs) for shard in shards] == [26] * 4
    assert all(0 in shard.photographs for shard in shards)


def test_a_grid_is_cut_into_tiles() -> None:
    grid = [(row, 16 + column) for row in range(16) for column in range(16)]
    shards = cut(grid, [1] * 32, most_photographs=16)
    assert len(shards) <= 6, "of rows it would be 32"


def test_distinct_pairs_stay_in_their_order() -> None:
    shards = cut([(2 * n, 2 * n + 1) for n in range(8)], [1] * 16, most_photographs=8)
    assert [shard.pairs for shard in shards] == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_a_shard_has_no_more_rows_than_are_written_in_one_step() -> None:
    shards = cut([(0, 1)] * 2500, [1, 1])
    assert [len(shard.pairs) for shard in shards] == [1000, 1000, 500]
