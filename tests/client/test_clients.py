"""Both clients against a running stack: the same calls, the same answers."""

import asyncio
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_type

import pytest

from likeness import ApiRefused, AsyncClient, BatchJob, Client, ComparisonJob, EvaluationRun
from likeness.batches import AsyncBatches, Batches
from likeness.evaluations import AsyncEvaluations, Evaluations
from tests.support.stack import Stack

BOTH = [(Client, AsyncClient), (Batches, AsyncBatches), (Evaluations, AsyncEvaluations)]


def names(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


@pytest.mark.parametrize(("blocking", "awaiting"), BOTH)
def test_every_method_is_there_in_both_with_its_words_and_arguments(blocking: type, awaiting: type) -> None:
    assert names(blocking) == names(awaiting) >= {"get", "wait", "cancel"}
    for name in names(blocking):
        one, other = getattr(blocking, name), getattr(awaiting, name)
        assert one.__doc__
        assert one.__doc__ == other.__doc__
        assert inspect.signature(one) == inspect.signature(other)
        assert inspect.iscoroutinefunction(other) or inspect.isasyncgenfunction(other)
        assert not inspect.iscoroutinefunction(one)


async def compared(url: str, reference: bytes, probes: list[bytes]) -> list[ComparisonJob]:
    async with AsyncClient(url) as client:

        async def one(probe: bytes) -> ComparisonJob:
            job = await client.submit(reference, probe, threshold=0.4)
            return await client.wait(job.id)

        return await asyncio.gather(*(one(probe) for probe in probes))


def test_comparisons_are_awaited_side_by_side(stack: Stack, samples: dict[str, Path]) -> None:
    reference, *probes = (samples[name].read_bytes() for name in ("obama.jpg", "obama2.jpg", "biden.jpg"))
    jobs = asyncio.run(compared(stack.url, reference, probes))
    assert [(job.status, job.decision, job.threshold) for job in jobs] == [
        ("succeeded", "match", 0.4),
        ("succeeded", "non_match", 0.4),
    ]
    with stack.client() as client:
        assert [client.get(job.id) for job in jobs] == jobs


def test_a_refusal_is_told_by_its_code(stack: Stack, samples: dict[str, Path]) -> None:
    async def refused(url: str) -> ApiRefused:
        async with AsyncClient(url) as client:
            with pytest.raises(ApiRefused) as error:
                await client.submit(b"no image", samples["obama.jpg"].read_bytes())
            return error.value

    error = asyncio.run(refused(stack.url))
    assert (error.code, error.status, error.retryable) == ("image_unsupported", 415, False)
    assert error.request_id
    with stack.client() as client, pytest.raises(ApiRefused) as unknown:
        client.submit(samples["obama.jpg"].read_bytes(), samples["obama.jpg"].read_bytes(), policy="any")
    assert [fault["pointer"] for fault in unknown.value.faults] == ["/policy"]


def test_runs_are_listed_and_refused_by_code(stack: Stack) -> None:
    async def listed(url: str) -> tuple[list[EvaluationRun], str]:
        async with AsyncClient(url) as client:
            with pytest.raises(ApiRefused) as error:
                await client.evaluations.start("nothing-of-this-name")
            return [run async for run in client.evaluations.list()], error.value.code

    runs, code = asyncio.run(listed(stack.url))
    with stack.client() as client:
        assert [*client.evaluations.list()] == runs
    assert code == "dataset_unknown"


def typed(client: Client, waiting: AsyncClient) -> Any:
    """Read by mypy, never run."""
    if TYPE_CHECKING:
        assert_type(client.get("cmp_1"), ComparisonJob)
        assert_type(next(client.jobs()), ComparisonJob)
        assert_type(client.batches.wait("bat_1"), BatchJob)
        assert_type(client.evaluations.start("lfw"), EvaluationRun)
        client.get(7)  # type: ignore[arg-type]

        async def awaited() -> None:
            assert_type(await waiting.get("cmp_1"), ComparisonJob)
            async for run in waiting.evaluations.list():
                assert_type(run, EvaluationRun)
