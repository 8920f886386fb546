"""LFW on the workers, cold and cached, beside a plain loop; and comparisons while a run is in flight."""

import json
import sys
import tarfile
import time
import warnings
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
from insightface.app import FaceAnalysis
from rich.console import Console
from rich.progress import track
from rich.table import Table

from api.client import Client
from core.broker import celery_app
from core.comparison import Policy
from core.lifecycle import Status
from core.object_store import ObjectStore
from core.packs import find_pack, load_catalogue
from core.run_requests import request_run
from core.run_store import RunStore
from core.runs import Run
from core.settings import Settings, load_settings
from evaluator.datasets import PairList, canonical_csv, import_dataset, parse_lfw, read_benchmark

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NAME = "bench-lfw"


class Bench:
    """A running stack, and the pairs that both ways compare."""

    def __init__(self, settings: Settings, archive: Path, pairs: PairList) -> None:
        self.settings = settings
        self.archive = archive
        self.pairs = pairs
        self.objects = ObjectStore(settings)
        self.runs = RunStore(settings)
        self.pack = find_pack(settings.default_pack, load_catalogue(settings.home))

    def start_run(self) -> str:
        """A run of the imported pairs, detected as the plain loop detects."""
        return request_run(
            self.runs,
            self.objects,
            celery_app("bench", self.settings),
            dataset=NAME,
            pack=self.pack,
            flip=False,
            policy=Policy.MOST_CENTRAL,
            detection_size=320,
        ).id

    def run_to_its_end(self, run_id: str) -> Run:
        """Follow it; raise SystemExit when it does not succeed."""
        while not (run := self.runs.get(run_id)).status.is_terminal:
            time.sleep(0.05)
        if run.status is not Status.SUCCEEDED:
            sys.exit(f"the run {run_id} is {run.status}: {run.failure}")
        return run

    def forget_embeddings(self) -> None:
        """So that the next run is cold."""
        self.objects.delete(list(self.objects.keys("embeddings/")))

    def plain_loop_s(self) -> float:
        """One process: read, FaceAnalysis.get and the cosine, for both images of every pair."""
        warnings.simplefilter("ignore", FutureWarning)  # insightface on scikit-image
        app = FaceAnalysis(
            str(self.settings.packs_path / self.pack.name),
            allowed_modules=["detection", "recognition"],
            providers=["CPUExecutionProvider"],
        )
        app.prepare(ctx_id=0, det_size=(320, 320))
        wanted = set(self.pairs.image_ids)
        with tarfile.open(self.archive) as members:
            bodies = {
                image_id: file.read()
                for member in members
                if (image_id := "/".join(member.name.split("/")[-2:])) in wanted
                and (file := members.extractfile(member))
            }
        app.get(cv2.imdecode(np.frombuffer(next(iter(bodies.values())), np.uint8), cv2.IMREAD_COLOR))
        began = time.perf_counter()
        for pair in track(self.pairs.pairs, "plain loop", console=Console(stderr=True), transient=True):
            a, b = (
                app.get(cv2.imdecode(np.frombuffer(bodies[i], np.uint8), cv2.IMREAD_COLOR))
                for i in (pair.reference, pair.probe)
            )
            if a and b:
                float(a[0].normed_embedding @ b[0].normed_embedding)
        return time.perf_counter() - began

    def latencies_ms(self, count: int, reference: bytes, probe: bytes) -> list[float]:
        """From upload to answer, one comparison after the other."""
        found = []
        with Client(self.settings.api_url) as client:
            for _ in range(count):
                began = time.perf_counter()
                client.wait(client.submit(reference, probe).id)
                found.append((time.perf_counter() - began) * 1000)
        return found


@click.command(context_settings={"max_content_width": 100})
@click.option("--archive", type=FILE, required=True, help="lfw-deepfunneled.tgz")
@click.option("--pairs", "pairs_file", type=FILE, required=True, help="LFW's pairs.txt")
@click.option("--every", default=1, show_default=True, help="Take every Nth pair: shorter, with the same ratios.")
@click.option("--comparisons", default=60, show_default=True, help="Single comparisons a latency is taken from.")
def main(archive: Path, pairs_file: Path, every: int, comparisons: int) -> None:
    """Measure against the running local stack; write .likeness/bench-evaluation.json."""
    settings = load_settings()
    listed = parse_lfw(pairs_file.read_bytes())
    bench = Bench(settings, archive, PairList(listed.pairs[::every]))
    subset = settings.home / "bench-pairs.csv"
    subset.write_bytes(canonical_csv(bench.pairs))
    import_dataset(bench.objects, NAME, read_benchmark("csv", subset, archive), replace=True)
    samples = [(settings.home / "samples" / name).read_bytes() for name in ("obama.jpg", "obama2.jpg")]

    bench.latencies_ms(5, *samples)
    idle = bench.latencies_ms(comparisons, *samples)
    bench.forget_embeddings()
    run_id = bench.start_run()
    busy = bench.latencies_ms(comparisons, *samples)
    in_flight = not bench.runs.get(run_id).status.is_terminal
    bench.run_to_its_end(run_id)

    bench.forget_embeddings()
    cold_s, cached_s = (timed(bench) for _ in range(2))
    plain_s = bench.plain_loop_s()
    result: dict[str, Any] = {
        "pairs": len(bench.pairs.pairs),
        "images": len(bench.pairs.image_ids),
        "cold_s": cold_s,
        "cached_s": cached_s,
        "plain_loop_s": plain_s,
        "comparison_p50_idle_ms": float(np.percentile(idle, 50)),
        "comparison_p95_idle_ms": float(np.percentile(idle, 95)),
        "comparison_p50_busy_ms": float(np.percentile(busy, 50)),
        "comparison_p95_busy_ms": float(np.percentile(busy, 95)),
        "run_in_flight_to_the_last_comparison": in_flight,
        "ratios": {
            "plain_loop_to_cold": plain_s / cold_s,
            "cold_to_cached": cold_s / cached_s,
            "p95_busy_to_idle": float(np.percentile(busy, 95) / np.percentile(idle, 95)),
        },
    }
    (settings.home / "bench-evaluation.json").write_text(json.dumps(result, indent=2))
    table = Table("what", "value", box=None, pad_edge=False)
    for name, value in {**result.pop("ratios"), **result}.items():
        table.add_row(name.replace("_", " "), f"{value:.2f}" if isinstance(value, float) else str(value))
    Console().print(table)


def timed(bench: Bench) -> float:
    """Seconds from the request to the stored report."""
    began = time.perf_counter()
    bench.run_to_its_end(bench.start_run())
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
