import pytest

from core.batches import batches


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (500, [500]), (501, [500, 1]), (1000, [500, 500])])
def test_batches_hold_everything_once_in_its_order(count: int, sizes: list[int]) -> None:
    cut = list(batches(range(count)))
    assert [len(batch) for batch in cut] == sizes
    assert [thing for batch in cut for thing in batch] == list(range(count))
