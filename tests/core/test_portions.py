import pytest

from core.portions import portions


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (500, [500]), (501, [500, 1]), (1000, [500, 500])])
def test_portions_hold_everything_once_in_its_order(count: int, sizes: list[int]) -> None:
    cut = list(portions(range(count)))
    assert [len(portion) for portion in cut] == sizes
    assert [thing for portion in cut for thing in portion] == list(range(count))
