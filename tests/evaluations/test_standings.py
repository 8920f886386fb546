"""What the calibration that a pack has at this moment says of a score."""

import time
from dataclasses import replace
from typing import Any

import pytest

from core.evaluations.calibrations import Calibration, CalibrationStore
from core.evaluations.run_scores import RunScores
from core.evaluations.scoring import pipeline_of
from core.evaluations.standings import Standings
from core.settings.groups import RedisSettings
from core.standing import Point, Tally
from core.storage.connection import connect
from core.vocabulary import EngineFacts, PackIdentity, Policy
from tests.support.servers import Servers

ENGINE = EngineFacts(PackIdentity("a-pack", "d" * 64), "cpu", 640, 0.6, 32)
POINTS = (Point(0.1, 0.4, 3, 300, 0.002, 0.03, None), Point(0.01, None, None, None, None, None, "too few"))
MADE = Calibration(
    *("a-pack", "d" * 64, "run_x", "own", "d", 640, 5.0, POINTS), pipeline=pipeline_of(ENGINE, Policy.LARGEST)
)
SCORES = RunScores.of(non_mated=[0.1, 0.2, 0.3], mated=[0.4, 0.6])


@pytest.fixture
def server(redis_server: Servers) -> RedisSettings:
    return redis_server.settings.redis


@pytest.fixture
def store(server: RedisSettings) -> CalibrationStore:
    return CalibrationStore(server)


@pytest.fixture
def standings(store: CalibrationStore) -> Standings:
    return Standings(store)


def of(standings: Standings, score: float, policy: Policy = Policy.LARGEST) -> Any:
    return standings.of(score, ENGINE, policy, since=time.time())


def test_a_score_of_a_calibrated_pack_has_the_points_and_its_place_on_either_side(
    store: CalibrationStore, standings: Standings
) -> None:
    assert of(standings, 0.5) is None, "no run has calibrated the pack"
    store.put(MADE, SCORES)
    standing = of(standings, 0.5)
    assert (standing.run_id, standing.dataset, standing.made_at, standing.points) == ("run_x", "own", 5.0, POINTS)
    assert (standing.non_mated, standing.mated, standing.unfit) == (Tally(3, 0), Tally(2, 1), None)
    assert of(standings, 0.2).non_mated == Tally(3, 2)


def test_a_calibration_that_was_stored_without_scores_says_only_what_it_knows(
    store: CalibrationStore, standings: Standings
) -> None:
    store.put(MADE)
    standing = of(standings, 0.5)
    assert (standing.points, standing.non_mated, standing.mated, standing.unfit) == (POINTS, None, None, None)
    store.put(MADE, SCORES)
    assert of(standings, 0.5).non_mated == Tally(3, 0), "calibrated again, in a worker that has looked before"


@pytest.mark.parametrize(
    ("made", "policy", "says"),
    [
        (MADE, Policy.REQUIRE_ONE, "the policy was largest, here it is require_one"),
        (replace(MADE, pipeline=None), Policy.LARGEST, "did not record how the run scored"),
    ],
)
def test_of_a_score_that_was_made_otherwise_than_the_runs_nothing_is_said_but_why(
    store: CalibrationStore, standings: Standings, made: Calibration, policy: Policy, says: str
) -> None:
    store.put(made, SCORES)
    standing = of(standings, 0.5, policy)
    assert says in standing.unfit
    assert (standing.points, standing.non_mated, standing.mated) == ((), None, None)


def test_another_run_takes_the_place_of_the_one_before_at_once(
    store: CalibrationStore, standings: Standings, server: RedisSettings
) -> None:
    store.put(MADE, SCORES)
    assert of(standings, 0.25).non_mated == Tally(3, 1)
    store.put(replace(MADE, run_id="run_y"), RunScores.of(non_mated=[0.3, 0.4], mated=[]))
    standing = of(standings, 0.25)
    assert (standing.run_id, standing.non_mated, standing.mated) == ("run_y", Tally(2, 2), None)
    assert {*connect(server).keys("calibration*")} == {f"calibration:{'d' * 64}", "calibration-scores:run_y"}


def test_a_calibration_that_cannot_be_read_is_none(
    store: CalibrationStore, standings: Standings, server: RedisSettings
) -> None:
    store.put(MADE, SCORES)
    connect(server).set(f"calibration:{'d' * 64}", '{"a": "later version"}')
    assert of(standings, 0.5) is None


def test_jobs_that_were_waiting_when_the_calibration_was_asked_for_need_no_question_of_their_own(
    store: CalibrationStore, standings: Standings
) -> None:
    waiting_since = time.time()
    assert of(standings, 0.5) is None, "asked after they had been accepted"
    store.put(MADE, SCORES)
    assert standings.of(0.5, ENGINE, Policy.LARGEST, since=waiting_since) is None
    assert of(standings, 0.5).run_id == "run_x", "accepted after the calibration was there"
