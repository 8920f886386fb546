"""Where a process shows what it counts, and that it says so when it can't."""

import os
import socket
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from core.instruments.exposition import MetricsNotShown, process_registry, show
from core.settings import Settings
from core.settings.groups import MetricsSettings
from infra.local.metrics_ports import PROCESSES, metrics_port_of
from infra.local.stack import PROCFILE
from tests.support.ports import ours
from tests.support.stack import commands


def test_nothing_is_shown_unless_a_port_is_set() -> None:
    assert Settings().metrics == MetricsSettings(port=None, host="127.0.0.1")
    assert show(process_registry("test"), Settings().metrics) is None


def test_a_process_shows_what_it_is_as_prometheus_reads_it() -> None:
    port = ours().take()
    server = show(process_registry("test"), MetricsSettings(port=port))
    assert server is not None
    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    finally:
        server.shutdown()
        server.server_close()
    assert f'likeness_build_info{{process="test",version="{version("likeness")}"}} 1.0' in text
    assert "process_cpu_seconds_total" in text
    assert "_created" not in text


def test_a_port_that_is_taken_stops_a_process_with_a_sentence_that_names_the_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ours().take()))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(MetricsNotShown, match=rf"LIKENESS_METRICS_PORT is {port}.*Address already in use"):
            show(process_registry("test"), MetricsSettings(port=port))


def test_the_processes_of_a_local_stack_take_a_port_each() -> None:
    assert set(PROCESSES) < set(commands()), PROCFILE
    told = [metrics_port_of(process, MetricsSettings(port=9100)) for process in PROCESSES]
    assert [int(one["LIKENESS_METRICS_PORT"]) for one in told] == [*range(9100, 9107)]
    more = [metrics_port_of(process, MetricsSettings(port=9100)) for process in ("worker-2", "worker-3")]
    assert [int(one["LIKENESS_METRICS_PORT"]) for one in more] == [9107, 9108]
    assert metrics_port_of("beat", MetricsSettings(port=9100)) == {}
    assert metrics_port_of("api", MetricsSettings()) == {}


def run(program: str, **environment: str) -> str:
    """What another process says."""
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_what_a_killed_api_has_left_behind_is_removed_at_the_next_start_and_what_another_works_with_stays(
    tmp_path: Path,
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    left, works = (tmp_path / f"likeness-metrics-{pid}-abc" for pid in (ended.pid, os.getpid()))
    just_left = tmp_path / f"likeness-metrics-{ended.pid}-def"  # its processes serve on for a moment
    for directory in (left, works, just_left):
        directory.mkdir()
        (directory / "counter_1.db").write_bytes(b"")
    for directory in (left, works):
        os.utime(directory, (time.time() - 61,) * 2)
    program = (
        "from api.serving import metrics; from core.settings.groups import MetricsSettings; import os\n"
        f"metrics.begin(MetricsSettings(port={ours().take()}))\n"
        "print(os.environ[metrics.DIRECTORY])\n"
        "metrics.end()"
    )
    assert Path(run(program, TMPDIR=str(tmp_path))).parent == tmp_path
    assert {*tmp_path.iterdir()} == {works, just_left}


def test_a_process_that_has_counted_nothing_yet_counts_on_without_its_directory(tmp_path: Path) -> None:
    program = """
import os, shutil, time
from flask import Flask, g
from prometheus_client import CollectorRegistry
from api.instruments import Instruments

instruments, app = Instruments(CollectorRegistry()), Flask("an application")
shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"])
with app.test_request_context("/nowhere"):
    g.began, g.problem = time.monotonic(), "not_found"
    print(instruments.answered(app.response_class(status=404)).status_code)
"""
    assert run(program, PROMETHEUS_MULTIPROC_DIR=str(tmp_path)) == "404"
