"""Where the thresholds of a pack are kept."""

from core.evaluations.calibrations import Calibration, CalibrationStore, Point
from core.packs.catalogue import Pack, directory_identity
from tests.support.servers import Servers


def test_the_newest_calibration_of_a_pack_is_kept_by_its_digest(redis_server: Servers, zoo: Pack) -> None:
    store = CalibrationStore(redis_server.settings.redis)
    digest = directory_identity(zoo).digest
    assert store.get(digest) is None
    made = Calibration(zoo.name, digest, "run_x", "own", "d", 640, 0.0, (Point(0.1, 0.4, 3, 300, 0.002, 0.03, None),))
    store.put(made)
    assert store.get(digest) == made
    assert made.threshold_for(0.2).value == 0.4, "the largest named FMR that does not exceed the one asked for"
