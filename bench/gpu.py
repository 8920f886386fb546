"""The engine alone on a GPU, with neither service nor network: `python -m bench.gpu`; docs/engine.md says how.

Prints what decoding, detecting and embedding take on each provider, and what a service would have to feed it with.
"""

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import mean, median

import click
import numpy as np
import onnxruntime

from bench.engine import EngineAlone
from bench.photographs import Pair, sample_pairs
from bench.quality import table
from core.comparisons.images import inspect
from core.errors import ProviderUnavailable
from core.settings import Settings, load_settings
from worker.engine.align import CROP_SIZE
from worker.engine.decode import decode
from worker.engine.embed import BUCKETS
from worker.engine.models import load_models

PROVIDERS = ("cpu", "openvino", "cuda", "tensorrt")
BATCHES = (*BUCKETS, 64)
SIZES = (320, 640)
#: Jobs a second that one API process and one Redis carry (docs/performance.md).
API_PER_S, REDIS_PER_S = 133, 548


def took_ms(work: Callable[[], object], rounds: int) -> float:
    """Milliseconds of the clock: the median, after two rounds that are not counted."""
    times = []
    for _ in range(rounds + 2):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return median(times[2:])


def memory() -> str:
    """MiB: of the GPU, of all who use it; of this process, its most so far."""
    most = f"process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}"
    if not shutil.which("nvidia-smi"):
        return most
    query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    used = subprocess.run(query, capture_output=True, text=True, check=True).stdout.split()
    return f"{most}, GPU {used[0]}"


def steps(settings: Settings, engine: EngineAlone, pairs: Sequence[Pair], rounds: int) -> Iterator[list[str]]:
    """A row each: a step, by itself, and its milliseconds."""
    models = load_models(engine.pack, settings.packs.path / engine.pack.name, settings.engine)
    bodies = [body for pair in pairs for body in (pair.reference, pair.probe)]
    headers = [inspect(body, max_bytes=2**24, max_pixels=10**8) for body in bodies]
    images = [decode(body, header) for body, header in zip(bodies, headers, strict=True)]
    ms = mean(took_ms(partial(decode, body, header), rounds) for body, header in zip(bodies, headers, strict=True))
    yield ["decode an image", f"{ms:.2f}", ""]
    for size in SIZES:
        ms = mean(took_ms(partial(models.detector.find_at, size, image), rounds) for image in images)
        yield [f"look at {size}", f"{ms:.2f}", memory()]
    crops = list(np.random.default_rng(0).integers(0, 256, (BATCHES[-1], CROP_SIZE, CROP_SIZE, 3), np.uint8))
    # TensorRT's engine is built for no more than the largest bucket.
    for batch in BUCKETS if settings.engine.provider == "tensorrt" else BATCHES:
        ms = took_ms(partial(models.recogniser.embed, crops[:batch]), rounds)
        yield [f"embed {batch}", f"{ms:.2f}", memory()]


def needs(engine: EngineAlone, pairs: Sequence[Pair], for_s: float) -> Iterator[list[str]]:
    """A row each: with so many threads so many comparisons a second, and what these take from their surroundings."""
    pair_mb = mean(len(pair.reference) + len(pair.probe) for pair in pairs) / 1e6
    for threads in (engine.cores, 4 * engine.cores):
        start = time.process_time()
        measured = engine.measure(pairs, for_s=for_s, threads=threads)
        cores = (time.process_time() - start) / for_s
        rate = measured.per_s
        yield [
            str(threads),
            f"{rate:.1f}",
            f"{measured.p95_ms:.0f}",
            f"{cores:.1f}",
            f"{rate * pair_mb:.1f}",
            f"{rate / API_PER_S:.2f}",
            f"{rate / REDIS_PER_S:.2f}",
        ]


@click.command()
@click.option("--provider", "asked", type=click.Choice(PROVIDERS), multiple=True, default=PROVIDERS)
@click.option("--photographs", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--rounds", default=20, show_default=True, help="Of each step.")
@click.option("--seconds", default=10.0, show_default=True, help="Of comparisons with each number of threads.")
def main(asked: Sequence[str], photographs: Path, rounds: int, seconds: float) -> None:
    """What the engine takes on each provider that can be had here. PHOTOGRAPHS: where the samples lie."""
    pairs = sample_pairs(photographs)
    click.echo(f"onnxruntime {onnxruntime.__version__}, {os.cpu_count()} cores, {len(pairs)} pairs")
    for provider in asked:
        settings = load_settings().but(provider=provider)
        start = time.perf_counter()
        try:
            engine = EngineAlone(settings)
        except ProviderUnavailable as error:
            click.echo(f"\n{provider}: cannot be had here: {error}")
            continue
        click.echo(f"\n{engine.provider}: loaded and warm after {time.perf_counter() - start:.1f} s")
        click.echo(table(["step", "ms", "memory, MiB"], list(steps(settings, engine, pairs, rounds))))
        head = ["threads", "comparisons/s", "p95 ms", "cores busy", "MB/s from the store", "API processes", "Redis"]
        click.echo(table(head, list(needs(engine, pairs, seconds))))


if __name__ == "__main__":
    main()
