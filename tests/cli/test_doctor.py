"""`likeness doctor` where nothing runs, where something is wrong, and beside a stack."""

import json
import shutil
from pathlib import Path

import pytest

from core.deployment.finding import Verdict
from likeness.cli.doctor.servers import clock
from tests.support.command import likeness
from tests.support.servers import Servers
from tests.support.stack import Stack


def findings(*arguments: str, **environment: str) -> tuple[int, dict[str, dict[str, str]]]:
    """Exit status, and what was found of each part: the worst."""
    done = likeness("doctor", "--json", *arguments, **environment)
    assert "Traceback" not in done.stderr
    order = [Verdict.OK, Verdict.WARN, Verdict.FAIL]
    found: dict[str, dict[str, str]] = {}
    for one in json.loads(done.stdout):
        if one["part"] not in found or order.index(Verdict(one["verdict"])) > order.index(
            Verdict(found[one["part"]]["verdict"])
        ):
            found[one["part"]] = one
    return done.returncode, found


def test_where_nothing_runs_it_says_so_and_what_a_start_needs(tmp_path: Path) -> None:
    status, found = findings(LIKENESS_HOME=str(tmp_path / "home"))
    assert status == 0
    assert found["stack"]["verdict"] == "warn"
    assert "nothing runs" in found["stack"]["found"]
    assert "likeness up" in found["stack"]["remedy"]
    assert "likeness packs fetch opencv-zoo" in found["pack opencv-zoo"]["remedy"]
    assert found["packages"]["verdict"] == "ok"
    assert {"disk", "home", "ports", "provider"} <= found.keys()
    assert not {"redis", "object store", "api"} & found.keys()
    assert not (tmp_path / "home").exists()


def test_each_wrong_setting_is_a_line_with_its_name(tmp_path: Path) -> None:
    status, found = findings(LIKENESS_HOME=str(tmp_path), LIKENESS_LEASE_S="soon", LIKENESS_REDIS_URL="http://x")
    assert status == 1
    done = likeness("doctor", LIKENESS_HOME=str(tmp_path), LIKENESS_LEASE_S="soon", LIKENESS_REDIS_URL="http://x")
    assert [line.split()[2][:-1] for line in done.stdout.splitlines() if line.startswith("fail")] == [
        "LIKENESS_REDIS_URL",
        "LIKENESS_LEASE_S",
    ]
    assert "restart" in found["settings"]["remedy"]


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [({"LIKENESS_PAKCS": "x"}, "did you mean LIKENESS_PACKS?"), ({"LIKENESS_XYZZY": "1"}, "docs/settings.md")],
)
def test_a_setting_that_does_not_exist_is_a_warning(tmp_path: Path, wrong: dict[str, str], remedy: str) -> None:
    status, found = findings(LIKENESS_HOME=str(tmp_path), **wrong)
    assert status == 0
    assert remedy in found["settings"]["remedy"]


def test_settings_that_do_not_go_together_are_found_before_the_api_refuses_them(tmp_path: Path) -> None:
    status, found = findings(LIKENESS_HOME=str(tmp_path), LIKENESS_DEFAULT_PACK="buffalo_l")
    assert status == 1
    assert "LIKENESS_DEFAULT_PACK is 'buffalo_l'; it must be one of LIKENESS_PACKS" in found["settings"]["found"]


def test_a_damaged_pack_and_a_licence_nobody_accepted_are_named(
    tmp_path: Path, zoo_directory: Path, redis_server: Servers
) -> None:
    shutil.copytree(zoo_directory, tmp_path / "opencv-zoo")
    next((tmp_path / "opencv-zoo").glob("*.onnx")).write_bytes(b"cut")
    status, found = findings(
        **redis_server.where, LIKENESS_PACKS_DIR=str(tmp_path), LIKENESS_PACKS="opencv-zoo,buffalo_l"
    )
    assert status == 1
    assert "does not load" in found["pack opencv-zoo"]["found"]
    assert "likeness packs fetch opencv-zoo" in found["pack opencv-zoo"]["remedy"]
    assert "LIKENESS_ACCEPT_LICENCES=buffalo_l" in found["pack buffalo_l"]["found"]
    assert "restart the workers" in found["pack buffalo_l"]["remedy"]


def test_servers_that_are_away_or_refuse_are_failures_with_the_settings_to_correct(
    tmp_path: Path, bucket: dict[str, str]
) -> None:
    where = {"LIKENESS_HOME": str(tmp_path), "LIKENESS_API_URL": "http://127.0.0.1:9", **bucket}
    status, found = findings(**where, LIKENESS_REDIS_URL="redis://127.0.0.1:9")
    assert status == 1
    assert "127.0.0.1:9 does not answer" in found["redis"]["found"]
    assert "LIKENESS_REDIS_URL" in found["redis"]["remedy"]
    assert found["object store"]["verdict"] == "ok"
    assert found["store clock"]["verdict"] == "ok"
    assert found["api"]["verdict"] == "warn"
    _, found = findings(**{**where, "LIKENESS_S3_BUCKET": "not-there"})
    assert found["object store"]["found"] == "the bucket 'not-there' does not exist"
    assert "make it" in found["object store"]["remedy"]
    _, found = findings(**{**where, "LIKENESS_S3_SECRET_KEY": "another"})
    assert found["object store"]["verdict"] == "fail"
    assert "_SECRET_KEY" in found["object store"]["remedy"]


def test_beside_a_stack_it_names_the_workers_and_the_queues_that_nobody_takes_from(stack: Stack) -> None:
    status, found = findings(**stack.environment)
    assert status == 1
    for part in ("redis", "redis clock", "object store", "pack opencv-zoo", "api", "ready: worker", "api key"):
        assert found[part]["verdict"] == "ok", found[part]
    worker = next(part for part in found if part.startswith("worker engine@"))
    assert "holds opencv-zoo on cpu" in found[worker]["found"]
    assert found["queue comparisons"]["verdict"] == "ok"
    assert found["queue callbacks"]["verdict"] == "fail"
    assert "the process courier" in found["queue callbacks"]["remedy"]


@pytest.mark.parametrize(("ahead_s", "verdict"), [(0.4, "ok"), (-1.9, "ok"), (-7, "warn"), (120, "fail")])
def test_a_clock_that_is_off_is_told(ahead_s: float, verdict: str) -> None:
    found = clock("redis clock", ahead_s)
    assert found.verdict == verdict
    assert verdict == "ok" or ("ahead of" if ahead_s > 0 else "behind") in found.found
