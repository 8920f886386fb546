"""A small siege; `make chaos` is the large one."""

from pathlib import Path

import pytest

from tests.chaos.siege import LEAST_AILMENTS, LEAST_KILLS, besieged

pytestmark = pytest.mark.promise


def test_three_hundred_jobs_survive_a_siege(tmp_path: Path) -> None:
    with besieged(tmp_path / "stack", jobs=300, seed=4, careful=0) as siege:
        verdict = siege.run()
    assert verdict.broken == {}, verdict
    assert verdict.accepted == 300
    assert sum(verdict.kills.values()) >= LEAST_KILLS, "it was a siege"
    assert sum(verdict.ailments.values()) >= LEAST_AILMENTS, "Redis was ill as well"
