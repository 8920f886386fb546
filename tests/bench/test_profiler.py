"""Whose time a sample counts for."""

import pytest

from bench.profiler import LIBRARIES, by_library
from bench.report.wording import LIBRARIES as WORDING


@pytest.mark.parametrize(
    ("frames", "library"),
    [
        ("handle (gunicorn/workers/gthread.py:9);post (api/routes/comparisons.py:50)", "our own"),
        ("post (api/routes/comparisons.py:50);put (minio/api.py:3);send (socket.py:1)", "S3"),
        ("run (worker/comparing.py:80);detect (worker/engine/detect.py:9);run (onnxruntime/capi/x.py:2)", "engine"),
        ("_bootstrap (threading.py:1);wait (threading.py:331)", "Python"),
    ],
)
def test_a_sample_counts_for_the_innermost_library_that_is_named(frames: str, library: str) -> None:
    assert by_library(f"{frames} 3\n{frames} 2") == {library: 5}


def test_every_library_has_its_words_on_the_page() -> None:
    assert {*LIBRARIES, "Python"} == set(WORDING)
