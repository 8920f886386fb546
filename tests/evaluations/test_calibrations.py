"""Where the thresholds of a pack are kept."""

from dataclasses import replace

import pytest

from core.evaluations.calibrations import Calibration, CalibrationSmaller, CalibrationStore
from core.packs.catalogue import Pack, directory_identity
from core.standing import Point
from tests.support.servers import Servers


def test_the_newest_calibration_of_a_pack_is_kept_by_its_digest(redis_server: Servers, zoo: Pack) -> None:
    store = CalibrationStore(redis_server.settings.redis)
    digest = directory_identity(zoo).digest
    assert store.get(digest) is None
    made = Calibration(zoo.name, digest, "run_x", "own", "d", 640, 0.0, (Point(0.1, 0.4, 3, 300, 0.002, 0.03, None),))
    store.put(made)
    assert store.get(digest) == made
    assert made.threshold_for(0.2).value == 0.4, "the largest named FMR that does not exceed the one asked for"


def test_a_calibration_from_fewer_comparisons_replaces_none_by_accident(redis_server: Servers) -> None:
    store = CalibrationStore(redis_server.settings.redis)
    whole = Calibration("a-pack", "p", "run_x", "lfw", "d", 640, 0.0, (Point(0.1, 0.4, 3, 300, 0.002, 0.03, None),))
    tiny = replace(whole, run_id="run_y", dataset="sample", points=(replace(whole.points[0], trials=30),))
    nothing = replace(tiny, points=(Point(0.1, None, None, None, None, None, "too few"),))
    store.put(tiny)
    store.put(whole)
    for weaker in (tiny, nothing):
        with pytest.raises(CalibrationSmaller, match=r"run_x on lfw, 300 .* run_y has"):
            store.put(weaker)
        assert store.get("p") == whole
    store.put(tiny, smaller=True)
    assert store.get("p") == tiny
    store.put(replace(tiny, run_id="run_z"))
