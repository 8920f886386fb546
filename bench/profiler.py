"""What Python itself does in a process under load, by the library it is in: samples taken from outside by py-spy.

Counted is the time in which a thread holds the interpreter. Models, hashes and socket copies let go of it.
"""

import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.peers.venvs import NotInstalled, ensure_venv

RATE_PER_S = 250

#: Which paths are whose. A frame of the standard library, or of a package not named here, is its caller's.
LIBRARIES = {
    "HTTP": ("gunicorn/", "werkzeug/", "flask/", "flask_smorest/", "marshmallow/", "webargs/", "apispec/"),
    "Celery": ("celery/", "kombu/", "amqp/", "vine/"),
    "Redis": ("redis/", "limits/"),
    "S3": ("minio/", "urllib3/"),
    "engine": ("worker/engine/", "insightface/", "onnxruntime/", "cv2/"),
    "our own": ("api/", "core/", "worker/", "infra/"),
}


def held_ms_per_job(pid: int, load: Callable[[], int], *, for_s: float, home: Path) -> dict[str, float] | NotInstalled:
    """Milliseconds a job, by library, while `load` runs for so long and returns how many jobs it made."""
    python = ensure_venv("profiler", home)
    if isinstance(python, NotInstalled):
        return python
    with TemporaryDirectory() as folder:
        samples = Path(folder) / "samples"
        command = [python.with_name("py-spy"), "record", "--gil", "--nonblocking", "--format", "raw"]
        command += ["--rate", RATE_PER_S, "--duration", round(for_s), "--pid", pid, "--output", samples]
        spy = subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        jobs = load()
        _, errors = spy.communicate(timeout=60)
        if spy.returncode or not samples.exists():
            return NotInstalled((errors.strip().splitlines() or ["py-spy gave no reason"])[-1])
        counts = by_library(samples.read_text(encoding="utf-8"))
    return {library: 1000 * count / RATE_PER_S / jobs for library, count in counts.items()}


def by_library(samples: str) -> Mapping[str, int]:
    """Samples by library, from lines of `frame;frame;... count`, the innermost frame last.

    >>> by_library("run (gunicorn/arbiter.py:9);put (core/store.py:3);send (socket.py:1) 4")
    {'our own': 4}
    """
    counts = Counter[str]()
    for line in samples.splitlines():
        stack, _, count = line.rpartition(" ")
        counts[_library(stack.split(";"))] += int(count)
    return dict(counts.most_common())


def _library(frames: list[str]) -> str:
    for frame in reversed(frames):
        path = frame.rpartition("(")[2]
        for library, prefixes in LIBRARIES.items():
            if path.startswith(prefixes):
                return library
    return "Python"
