"""The engine that invents its scores stays on this machine."""

import pytest

from core.settings import Settings
from worker.sleeping import SleepingEngine


@pytest.mark.parametrize("variable", ["LIKENESS_API_URL", "LIKENESS_REDIS_URL"])
def test_the_sleeping_engine_is_refused_where_others_could_meet_it(variable: str) -> None:
    field = variable.removeprefix("LIKENESS_").lower()
    elsewhere = Settings(**{"redis_url": "redis://127.0.0.1:1", field: "redis://faces.example:6379"})
    with pytest.raises(Exception, match=f"{variable} names the host 'faces.example'"):
        SleepingEngine.load("opencv-zoo", elsewhere)
