from collections.abc import Sequence
from math import factorial, log
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.simulation import COUNTS, Assumptions, Measured, Observed, Station, run, simulate


def alone(station: Station, *, rate_per_s: float, visits: int = 1) -> Observed:
    return mean_of([station], [station.name] * visits, rate_per_s)


def mean_of(stations: Sequence[Station], route: Sequence[str], rate_per_s: float) -> Observed:
    """Of ten runs: one is off by up to a tenth where a queue is long."""
    runs = [run(stations, route, rate_per_s=rate_per_s, jobs=10_000, seed=seed) for seed in range(10)]
    return Observed(
        fmean(found.throughput_per_s for found in runs),
        {station.name: fmean(found.utilisation[station.name] for found in runs) for station in stations},
        fmean(found.mean_s for found in runs),
        fmean(found.p95_s for found in runs),
    )


def erlang_c(servers: int, load: float) -> float:
    """The chance that a job has to wait, of M/M/c; `load` in servers."""
    waiting = load**servers / factorial(servers) * servers / (servers - load)
    return waiting / (sum(load**n / factorial(n) for n in range(servers)) + waiting)


@pytest.mark.parametrize("rate", [20.0, 50.0, 75.0])
def test_one_server_with_exponential_times_is_an_m_m_1_queue(rate: float) -> None:
    found = alone(Station("one", 1, 0.01), rate_per_s=rate)
    assert found.mean_s == pytest.approx(1 / (100 - rate), rel=0.05)
    assert found.p95_s == pytest.approx(-log(0.05) / (100 - rate), rel=0.05)
    assert found.utilisation["one"] == pytest.approx(rate / 100, rel=0.02)
    assert found.throughput_per_s == pytest.approx(rate, rel=0.02)


@pytest.mark.parametrize(("servers", "rate"), [(2, 140.0), (8, 600.0), (64, 6000.0)])
def test_several_servers_wait_as_erlang_says(servers: int, rate: float) -> None:
    found = alone(Station("many", servers, 0.01), rate_per_s=rate)
    wait = erlang_c(servers, rate * 0.01) / (servers / 0.01 - rate)
    assert found.mean_s == pytest.approx(0.01 + wait, rel=0.05)


@pytest.mark.parametrize("busy", [0.3, 0.6, 0.8])
def test_a_server_with_constant_times_waits_as_pollaczek_and_khinchine_say(busy: float) -> None:
    found = alone(Station("constant", 1, 0.01, constant=True), rate_per_s=100 * busy)
    assert found.mean_s == pytest.approx(0.01 + busy * 0.01 / (2 * (1 - busy)), rel=0.05)


def test_a_second_visit_shares_the_queue_with_the_first() -> None:
    found = alone(Station("twice", 1, 0.02), rate_per_s=35, visits=2)
    assert found.mean_s == pytest.approx(2 / (100 - 2 * 35), rel=0.05)  # Jackson: as if the visits were jobs


def test_stations_in_a_row_add_up() -> None:
    stations = [Station("a", 1, 0.01), Station("b", 1, 0.005)]
    found = mean_of(stations, ["a", "b"], 60)
    assert found.mean_s == pytest.approx(1 / (100 - 60) + 1 / (200 - 60), rel=0.05)


def test_the_same_seed_gives_the_same_figures() -> None:
    station = Station("one", 1, 0.01)
    once, twice = (run([station], ["one"], rate_per_s=50, jobs=1000, seed=3) for _ in range(2))
    assert once == twice


@given(
    sizes=st.lists(st.tuples(st.integers(1, 20), st.floats(1e-4, 0.1)), min_size=1, max_size=4),
    visits=st.integers(1, 2),
    rate=st.floats(1, 10_000),
)
@settings(max_examples=40, deadline=None)
def test_nothing_serves_more_than_its_narrowest_station(
    sizes: list[tuple[int, float]], visits: int, rate: float
) -> None:
    stations = [Station(str(place), *size, constant=True) for place, size in enumerate(sizes)]
    route = [station.name for station in stations] * visits
    found = run(stations, route, rate_per_s=rate, jobs=500, seed=2)
    assert found.throughput_per_s <= min(station.capacity_per_s for station in stations) * (1 + 1e-9)
    assert all(0 <= busy <= 1 + 1e-9 for busy in found.utilisation.values())
    assert found.p95_s >= sum(station.demand_s for station in stations) * (1 - 1e-9)


def measured(**cpu: float) -> dict[str, Any]:
    return {
        "machine": {"cores": 2},
        "photographs": {"mean_pair_bytes": 600_000},
        "comparisons": {"engine": [{"clients": 1, "per_s": 11.0}, {"clients": 2, "per_s": 20.0}]},
        "budget": {
            "cpu_ms_per_job": {"engine": 58.0, "worker beside the engine": 3.0, "api": 5.0, "object store": 10.0}
            | {"redis": 1.0}
            | cpu,
            "wall_ms": {"fetch": 3.0, "decode": 4.0, "align": 1.0, "detect": 25.0},
            "redis_commands_per_job": {"EVALSHA": 5.0, "GET": 7.0},
        },
    }


def firsts(points: Sequence[dict[str, Any]]) -> list[str]:
    return [point["first"] for point in points]


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    simulated = simulate(measured(), jobs=500)
    assert simulated is not None
    return simulated


def test_redis_is_the_ceiling_however_many_gpus_there_are(found: dict[str, Any]) -> None:
    assert [point["count"] for point in found["gpu"]] == list(COUNTS)
    assert firsts(found["gpu"]) == ["GPUs", "GPUs"] + ["Redis"] * (len(COUNTS) - 2)
    last = found["gpu"][-1]
    assert last["throughput_per_s"] == pytest.approx(1000, rel=0.05)
    assert last["utilisation"]["Redis"] == pytest.approx(1, abs=0.05)
    assert "io-threads" in last["then"]


def test_no_point_serves_more_than_its_gpus_or_its_redis_could(found: dict[str, Any]) -> None:
    for point in found["gpu"]:
        assert point["throughput_per_s"] <= min(point["offered_per_s"], 1000)
        assert all(0 <= busy <= 1 + 1e-9 for busy in point["utilisation"].values())
    assert all(point["throughput_per_s"] <= 1.05 * point["offered_per_s"] for point in found["cpu"])


def test_api_processes_are_as_many_as_the_narrowest_station_can_use(found: dict[str, Any]) -> None:
    assert found["gpu"][0]["api_processes"] == 3  # 330/s x 5 ms / 0.7
    assert found["gpu"][-1]["api_processes"] == 8  # 1000/s x 5 ms / 0.7
    assert found["gpu"][-1]["needed"]["API processes"] == 151  # 64 x 330/s x 5 ms / 0.7


def test_ceilings_come_with_the_lowest_first_and_what_to_do_then(found: dict[str, Any]) -> None:
    rates = {ceiling["station"]: ceiling["per_s"] for ceiling in found["ceilings"]}
    assert list(rates.values()) == sorted(rates.values())
    assert rates == {
        "API": pytest.approx(200),
        "cores beside the GPUs": pytest.approx(16 / (5 / 30 * 0.1 + 0.003)),
        "Redis": pytest.approx(1000),
        "object store": pytest.approx(1600),
        "network": pytest.approx(10e9 / 8 / 600_000),
    }
    redis = next(ceiling for ceiling in found["ceilings"] if ceiling["station"] == "Redis")
    assert redis["commands_per_s"] == pytest.approx(12_000)
    assert all(ceiling["then"] for ceiling in found["ceilings"])


def test_workers_without_a_gpu_are_as_fast_as_the_engine_was_measured(found: dict[str, Any]) -> None:
    assert found["cpu"][0]["offered_per_s"] == pytest.approx(2 / (0.1 + 0.003))
    assert firsts(found["cpu"])[0] == "workers"


def test_a_dear_object_store_saturates_before_redis() -> None:
    simulated = simulate(measured(**{"object store": 40.0}), jobs=500)
    assert simulated is not None
    assert firsts(simulated["gpu"])[-1] == "object store"


def test_photographs_that_are_dear_to_decode_keep_the_gpus_waiting() -> None:
    bench = measured()
    bench["budget"]["wall_ms"]["decode"] = 40.0
    simulated = simulate(bench, jobs=500)
    assert simulated is not None
    assert firsts(simulated["gpu"])[0] == "cores beside the GPUs"
    assert simulated["gpu"][0]["needed"]["cores beside each GPU"] == 32


def test_what_one_of_each_carries_goes_by_its_cost_and_by_how_busy_it_is_kept() -> None:
    costs = {"distinct": {"api": 2.0, "redis": 0.5, "object store": 8.0, "embedder": 50.0}}
    uploads = {"api": 14.0, "redis": 2.0, "object store": 20.0, "engine": 50.0, "worker": 6.0}
    variants = {"found": {"uploads": {"cpu_ms_per_job": uploads}}}
    bench = measured() | {"batches": {"mean_cpu_ms_per_pair": costs}, "variants": variants}
    simulated = simulate(bench, jobs=100)
    assert simulated is not None
    found = {one["part"]: one["per_s"] for one in simulated["carries"]}
    assert found["API"] == pytest.approx({"comparisons": 140.0, "uploaded": 50.0, "distinct": 350.0})
    assert found["object store"] == pytest.approx({"comparisons": 1120.0, "uploaded": 560.0, "distinct": 1400.0})
    assert found["worker"] == pytest.approx({"comparisons": 2 * 700 / 61, "uploaded": 25.0, "distinct": 28.0})


def test_commands_may_be_one_number() -> None:
    bench = measured()
    bench["budget"]["redis_commands_per_job"] = 21
    found = Measured.of(bench)
    assert found is not None
    assert found.redis_commands == 21


def test_every_assumption_says_where_it_comes_from(found: dict[str, Any]) -> None:
    assert all(assumed["source"] for assumed in found["assumptions"])
    assert found["assumptions"][0]["value"] == Assumptions().gpu_per_s


@pytest.mark.parametrize("missing", ["budget", "photographs", "machine"])
def test_nothing_is_simulated_without_measurements(missing: str) -> None:
    bench = measured()
    del bench[missing]
    assert Measured.of(bench) is None
    assert simulate(bench) is None
