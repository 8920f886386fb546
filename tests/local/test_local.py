import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest

from core.settings import load_settings
from core.storage.readiness import ping_redis
from infra.local.processes import MARK, StackFailed
from infra.local.stack import LocalStack, StackRunning, start_stack
from tests.support.busyness import measured
from tests.support.ports import ours
from tests.support.stack import eventually

Procfile = Callable[[str], Path]

API = f"api: exec {sys.executable} {Path(__file__).parent / 'tiny_api.py'}\n"
SERVERS = "redis: exec python -m infra.local.servers redis\ns3: exec python -m infra.local.servers s3\n"
# Children of children; the last one leaves the process group as well.
FAMILY = "family: sleep 1000 & sh -c 'sleep 1001 & wait' & setsid sleep 1002 >/dev/null 2>&1 & wait\n"
UP = "import sys, pathlib; from infra.local.stack import up; sys.exit(up(procfile=pathlib.Path(sys.argv[1])))"

pytestmark = pytest.mark.stack
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed process")


@pytest.fixture
def procfile(tmp_path: Path) -> Procfile:
    def write(lines: str) -> Path:
        (tmp_path / "Procfile").write_text(lines)
        return tmp_path / "Procfile"

    return write


@pytest.fixture
def set_servers(elsewhere: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis and S3 run elsewhere, and the settings say where."""
    for name, value in elsewhere.items():
        monkeypatch.setenv(name, value)


def processes(home: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(home):
                found.append(process)
        except psutil.Error:
            pass
    return found


def names(home: Path) -> list[str]:
    found = []
    for process in processes(home):
        with suppress(psutil.NoSuchProcess):
            found.append(process.name())
    return sorted(found)


def family_is_whole(home: Path) -> None:
    """That a stack is up is said of its servers and its API: others may be about to begin."""
    assert names(home).count("sleep") == 3


@contextmanager
def up_in_a_terminal(procfile: Path, home: Path) -> Iterator[subprocess.Popen[str]]:
    """`likeness up` as its own process, once it has said that the stack is up, and all that one should know then."""
    process = subprocess.Popen([sys.executable, "-c", UP, str(procfile)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        said = ""
        while "Ctrl-C stops everything" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        assert "The stack is up" in said
        is_open = "every user of this machine can call it" in said and "likeness keys create" in said
        assert is_open == (os.environ.get("LIKENESS_AUTH") != "on"), said
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def watch(stack: LocalStack) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        stack.check()
        time.sleep(0.05)


def run_until_it_fails(procfile: Path) -> None:
    with start_stack(procfile=procfile) as stack:
        watch(stack)


def test_other_commands_find_the_stack_while_it_runs_and_not_after(home: Path, procfile: Procfile) -> None:
    with start_stack(procfile=procfile(SERVERS + API)) as stack:
        settings = load_settings()
        assert settings.api.url == stack.api_url
        assert httpx.get(f"{settings.api.url}/ready").status_code == 200
        ping_redis(settings.redis)
        for secret in (home / "stack.env", home / "secrets.json", home / "s3" / "s3.json"):
            assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert not (home / "stack.env").exists()
    assert load_settings().redis.url is None
    assert not processes(home)


def test_passwords_are_made_once(home: Path, procfile: Procfile, set_servers: None) -> None:
    with start_stack(procfile=procfile(API)) as stack:
        first = stack.environment["FLOWER_BASIC_AUTH"]
    with start_stack(procfile=procfile(API)) as stack:
        assert stack.environment["FLOWER_BASIC_AUTH"] == first


def test_servers_that_the_settings_name_are_used_and_none_is_started(
    home: Path, procfile: Procfile, set_servers: None
) -> None:
    with start_stack(procfile=procfile(SERVERS + API)) as stack:
        assert stack.environment["LIKENESS_REDIS_URL"] == os.environ["LIKENESS_REDIS_URL"]
        assert not {"weed", "valkey-server"} & set(names(home))
        assert not (home / "redis").exists()


def test_a_second_stack_in_the_same_home_is_refused_with_the_address_of_the_first(
    home: Path, procfile: Procfile, set_servers: None
) -> None:
    with (
        start_stack(procfile=procfile(API)) as stack,
        pytest.raises(StackRunning, match=stack.api_url),
        start_stack(procfile=procfile(API)),
    ):
        pytest.fail("two stacks run in one home")


def test_a_process_that_dies_at_start_is_named_with_its_last_words(
    home: Path, procfile: Procfile, set_servers: None
) -> None:
    lines = API + "worker: echo the pack is missing; exit 3\n"
    with pytest.raises(StackFailed, match=r"worker stopped with exit code 3(.|\n)*the pack is missing"):
        run_until_it_fails(procfile(lines))
    assert not processes(home)


def test_a_port_that_was_asked_for_and_is_taken_is_no_timeout(
    home: Path, procfile: Procfile, set_servers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_stack(procfile=procfile(API)) as first:
        monkeypatch.setenv("LIKENESS_API_URL", first.api_url)
        monkeypatch.setenv("LIKENESS_HOME", str(home.with_name("other home")))
        with pytest.raises(StackFailed, match=r"api stopped(.|\n)*Address already in use"):
            run_until_it_fails(procfile(API))


def test_a_crash_is_noticed_and_ends_the_rest(home: Path, procfile: Procfile, set_servers: None) -> None:
    with start_stack(procfile=procfile(API + FAMILY)) as stack:
        stack.check()
        eventually(lambda: family_is_whole(home))
        [api] = [p for p in processes(home) if "tiny_api.py" in " ".join(p.cmdline())]
        api.kill()
        with pytest.raises(StackFailed, match="api stopped with exit code -9"):
            watch(stack)
    assert not processes(home)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_down_to_the_grandchildren(
    home: Path, procfile: Procfile, set_servers: None, number: signal.Signals
) -> None:
    with up_in_a_terminal(procfile(API + FAMILY), home) as up:
        eventually(lambda: family_is_whole(home))
        up.send_signal(number)
        assert up.wait(60) == 0
        assert not processes(home)
        assert not (home / "stack.env").exists()


@pytest.fixture
def hung() -> Iterator[str]:
    """Address of what takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


HANGS = f"api: exec {sys.executable} {Path(__file__).parent / 'tiny_api.py'} hang\n"


@pytest.mark.parametrize(
    ("lines", "setting", "said"),
    [
        (API, "LIKENESS_REDIS_URL=redis://{hung}", "Waiting: the Redis server at {hung} does not answer: Timeout"),
        (API, "LIKENESS_S3_ENDPOINT=http://{hung}", "Waiting: the object store at {hung} did not answer"),
        (HANGS, "LIKENESS_API_URL=http://{free}", "Waiting: the API at http://{free} does not answer yet"),
    ],
    ids=["redis", "s3", "api"],
)
def test_within_five_seconds_it_says_what_it_waits_for(
    home: Path, procfile: Procfile, set_servers: None, hung: str, lines: str, setting: str, said: str
) -> None:
    where = {"hung": hung, "free": f"127.0.0.1:{ours().take()}"}
    name, _, value = setting.format(**where).partition("=")
    command = [sys.executable, "-c", UP, str(procfile(lines))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, name: value}) as up:
        assert up.stdout
        line = up.stdout.readline()
        start = time.monotonic()
        with measured() as busyness:
            while "Waiting" not in line:
                line = up.stdout.readline()
                assert line, "it has ended"
        assert time.monotonic() - start < busyness.stretched(5)
        up.terminate()
        rest = up.stdout.read()
    assert re.match(said.format(**where), line + rest), line
    assert not processes(home)


@pytest.mark.parametrize(("auth", "takes"), [("off", "comparisons,comparisons-busy"), ("on", "comparisons")])
def test_where_keys_are_on_what_busy_keys_have_beyond_their_share_has_a_worker_of_its_own(
    home: Path, procfile: Procfile, set_servers: None, monkeypatch: pytest.MonkeyPatch, auth: str, takes: str
) -> None:
    monkeypatch.setenv("LIKENESS_AUTH", auth)
    lines = "worker: echo takes $WORKER_QUEUES; exec sleep 1003\nsurplus: exec sleep 1004\n"
    with start_stack(procfile=procfile(API + lines)) as stack:

        def told() -> None:
            assert f"takes {takes}\n" in stack.log.read_text()
            assert names(home).count("sleep") == (2 if auth == "on" else 1)

        eventually(told)


def test_more_workers_than_one_have_names_of_their_own_and_share_the_cores(
    home: Path, procfile: Procfile, set_servers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIKENESS_WORKER_PROCESSES", "3")
    monkeypatch.setenv("LIKENESS_WORKER_THREADS", "7")
    line = "worker: echo ${WORKER_NODE:-engine} has $LIKENESS_ENGINE_THREADS and $LIKENESS_WORKER_THREADS; sleep 1003\n"
    share = -(-(os.cpu_count() or 1) // 3)
    with start_stack(procfile=procfile(API + line)) as stack:

        def told() -> None:
            written = stack.log.read_text()
            assert all(f"{node} has {share} and 7\n" in written for node in ("engine", "engine-2", "engine-3"))

        eventually(told)


@linux_only
def test_kill_9_of_the_supervisor_takes_the_stack_with_it(home: Path, procfile: Procfile, set_servers: None) -> None:
    with up_in_a_terminal(procfile(API), home) as up:
        up.kill()

        def gone() -> None:
            assert not processes(home)

        eventually(gone)


def test_the_next_start_ends_what_a_killed_one_left_behind(home: Path, procfile: Procfile) -> None:
    with up_in_a_terminal(procfile(SERVERS + API + FAMILY), home) as up:
        eventually(lambda: family_is_whole(home))
        up.send_signal(signal.SIGSTOP)  # so that it cannot clean up
        for process in processes(home):
            if "infra.local.runner" in process.cmdline():
                process.kill()
        up.kill()
        up.wait()
        left = processes(home)
        # SeaweedFS ends by itself once it writes a line to a pipe that nobody reads any more.
        assert {"valkey-server", "sleep"} <= {p.name() for p in left}
        assert (home / "stack.env").exists()
        said: list[str] = []
        with start_stack(procfile=procfile(SERVERS + API), say=said.append) as stack:
            assert "left behind" in said[0]
            assert not [p for p in left if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
            found = load_settings().redis.url
            assert found
            assert stack.environment["LIKENESS_REDIS_URL"] == found.get_secret_value()


CHATTY = (
    f"chatty: exec {sys.executable} -uc "
    '"import itertools, time; [(print(chr(35), i), time.sleep(0.002)) for i in itertools.count()]"\n'
)


def test_the_log_stays_within_bounds_and_loses_no_line_whoever_renames_it(
    home: Path, procfile: Procfile, set_servers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIKENESS_LOG_MAX_BYTES", "10000")
    logs = home / "logs"
    with up_in_a_terminal(procfile(API + CHATTY), home):

        def there(name: str) -> None:
            assert (logs / name).exists()

        eventually(partial(there, "stack.log.1"))

        def renamed() -> None:
            try:
                (logs / "stack.log").rename(logs / "stack.log.by-logrotate")
            except FileNotFoundError:
                raise AssertionError("it was put aside just now") from None

        eventually(renamed)
        eventually(partial(there, "stack.log.3"))
    files = [*logs.iterdir()]
    assert all(file.stat().st_size < 100_000 for file in files)
    said = [number for file in files for number in re.findall(r"chatty +\| # (\d+)\n", file.read_text())]
    assert sorted(map(int, said)) == [*range(len(said))]
