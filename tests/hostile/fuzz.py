"""Hostile images through the door and the decoder, in a process that may die of them: `make fuzz COUNT=20000`."""

import argparse
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import cos, sin
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from tests.hostile.corpus import CLASSES, make

#: Where an image that killed its process is kept.
FOUND = Path(tempfile.gettempdir()) / "likeness-fuzz"
#: One image may take this long; an honest one of the most pixels takes half a second.
REPLY_WAIT_S = 60.0


@dataclass
class Tally:
    """What a class of images did."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest_ms: dict[str, float] = field(default_factory=lambda: {"inspect": 0.0, "decode": 0.0})
    crashes: list[str] = field(default_factory=list)
    largest_rss_mb: int = 0
    #: Of the process that decodes apart.
    largest_apart_mb: int = 0


def judge(body: bytes, networks: Any = None) -> tuple[str, float, float, int, int]:
    """The outcome, milliseconds of CPU for the look at the header and for decoding, and the memory so far: of this
    process, and of those that decode apart, whose time counts as well. `networks`: what judges liveness as well, of a
    face that somebody says is somewhere in it."""
    from core.comparisons.images import inspect, least_scale, reduced
    from core.errors import ImageRejected
    from core.vocabulary import ImageFormat
    from worker.engine.decode import decode

    watch = [time.process_time()]
    before = cpu_s()
    try:
        facts = inspect(body, max_bytes=10 * 2**20, max_pixels=40_000_000, max_reduced_pixels=200_000_000)
        watch.append(time.process_time())
        before = cpu_s()
        scale = least_scale(facts, 40_000_000)
        pixels = decode(body, facts, scale)
        cropped = facts.format is ImageFormat.HEIC
        assert cropped or {*pixels.shape[:2]} == {reduced(facts.width, scale), reduced(facts.height, scale)}
        assert pixels.size <= 3 * 40_000_000
        if networks is not None:
            found = networks.judge(pixels, _somewhere(body, *pixels.shape[:2]))
            assert (found.score is None) == (found.reason is not None)
            assert found.score is None or 0 <= found.score <= 1
        outcome = "decoded"
    except ImageRejected as error:
        outcome = error.code
    except Exception as error:
        outcome = f"CRASH {type(error).__name__}: {error}"
    watch.append(time.process_time())
    decode_s = cpu_s() - before if len(watch) > 2 else 0.0
    apart_mb = max((largest_rss_mb(child.pid) for child in psutil.Process().children()), default=0)
    return outcome, (watch[1] - watch[0]) * 1000, decode_s * 1000, largest_rss_mb(), apart_mb


def _somewhere(body: bytes, height: int, width: int) -> list[tuple[float, float]]:
    """Keypoints of a face: upright or leaning, within the image for the most part, of any size."""
    from worker.engine.inputs import ARCFACE

    dice = random.Random(body)
    angle, px = dice.uniform(-3.2, 3.2), dice.uniform(0.05, 1.2) * min(height, width) / 112
    x, y = dice.uniform(-0.1, 1.1) * width, dice.uniform(-0.1, 1.1) * height
    turned = [(px * cos(angle), px * sin(angle)) for _ in ARCFACE]
    return [
        (x + (u - 56) * c - (v - 72) * s, y + (u - 56) * s + (v - 72) * c)
        for (u, v), (c, s) in zip(ARCFACE, turned, strict=True)
    ]


def liveness_networks() -> Any:
    """Of a pack that can be held in the head, in this process."""
    from core.packs.catalogue import Pack, PackKind
    from core.vocabulary import Threshold
    from tests.support.liveness_pack import write_liveness_pack
    from worker.engine.liveness import LivenessNetworks

    pack = Pack("brightness", "", "", True, 0, Threshold(0.5, ""), (), (), None, (), (), kind=PackKind.LIVENESS)
    with tempfile.TemporaryDirectory() as directory:
        return LivenessNetworks.load(pack, write_liveness_pack(Path(directory)))


def cpu_s() -> float:
    """Seconds of CPU that this process and its children took, living and dead."""
    dead = resource.getrusage(resource.RUSAGE_CHILDREN)
    living = (child.cpu_times() for child in psutil.Process().children())
    return float(time.process_time() + dead.ru_utime + dead.ru_stime + sum(t.user + t.system for t in living))


def largest_rss_mb(pid: int | str = "self") -> int:
    """The most memory this program has held. Linux counts what the process held before it became this program into
    `ru_maxrss`: there, all that the test runner holds."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) // 1024


def serve(pipe: Connection, with_liveness: bool = False) -> None:
    """The process that may die."""
    networks = liveness_networks() if with_liveness else None
    judge(b"")  # the imports
    pipe.send(None)
    while True:
        pipe.send(judge(pipe.recv_bytes(), networks))


@contextmanager
def process(*, with_liveness: bool = False) -> Iterator[Connection]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=serve, args=(theirs, with_liveness), daemon=True)
    child.start()
    theirs.close()
    try:
        ours.recv()
        yield ours
    finally:
        child.kill()
        child.join()
        ours.close()


def fuzz(count: int, *, first_seed: int = 0, only: str = "", with_liveness: bool = False) -> dict[str, Tally]:
    """About `count` images, as many of each class; `with_liveness`: what is decoded is judged as well."""
    tallies = {name: Tally() for name in CLASSES if only in name}
    todo = [(name, first_seed + i) for i in range(-(-count // len(tallies))) for name in tallies]
    while todo:
        with process(with_liveness=with_liveness) as pipe:
            while todo:
                name, seed = todo.pop(0)
                body = make(name, seed)
                tally = tallies[name]
                try:
                    pipe.send_bytes(body)
                    if not pipe.poll(REPLY_WAIT_S):
                        raise EOFError
                    outcome, inspect_ms, decode_ms, rss_mb, apart_mb = pipe.recv()
                except (EOFError, OSError):
                    outcome, inspect_ms, decode_ms, rss_mb, apart_mb = "CRASH", 0.0, 0.0, 0, 0
                tally.outcomes[outcome.partition(":")[0]] += 1
                tally.slowest_ms["inspect"] = max(tally.slowest_ms["inspect"], inspect_ms)
                tally.slowest_ms["decode"] = max(tally.slowest_ms["decode"], decode_ms)
                tally.largest_rss_mb = max(tally.largest_rss_mb, rss_mb)
                tally.largest_apart_mb = max(tally.largest_apart_mb, apart_mb)
                if outcome.startswith("CRASH"):
                    FOUND.mkdir(exist_ok=True)
                    (FOUND / f"{name.replace(' ', '-')}-{seed}").write_bytes(body)
                    tally.crashes.append(f"{name}, seed {seed}: {outcome}")
                    if outcome == "CRASH":
                        break
    return tallies


def table(tallies: dict[str, Tally]) -> str:
    """For people; the memory is that of the one process that has seen them all so far."""
    columns = ("decoded", "undecodable_image", "image_unsupported", "image_too_large")
    lines = [
        f"{'class':<18}{'tried':>7}{'decoded':>9}{'undecodable':>13}{'unsupported':>13}{'too large':>11}{'crashes':>9}"
        f"{'inspect ms':>12}{'decode ms':>11}{'RSS MB':>8}{'apart MB':>10}"
    ]
    for name, tally in tallies.items():
        counts = [tally.outcomes[c] for c in columns]
        tried = f"{name:<18}{tally.outcomes.total():>7}{counts[0]:>9}{counts[1]:>13}{counts[2]:>13}{counts[3]:>11}"
        slowest = f"{tally.slowest_ms['inspect']:>12.1f}{tally.slowest_ms['decode']:>11.1f}"
        lines.append(f"{tried}{len(tally.crashes):>9}{slowest}{tally.largest_rss_mb:>8}{tally.largest_apart_mb:>10}")
    all_of_them = sum(tally.outcomes.total() for tally in tallies.values())
    return "\n".join([*lines, f"{all_of_them} images, {sum(len(t.crashes) for t in tallies.values())} crashes"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="where to begin; another seed makes other images")
    parser.add_argument("--only", default="", help="classes with this in their name")
    parser.add_argument("--liveness", action="store_true", help="judge the liveness of what is decoded as well")
    given = parser.parse_args()
    tallies = fuzz(given.count, first_seed=given.seed, only=given.only, with_liveness=given.liveness)
    print(table(tallies))
    crashes = [crash for tally in tallies.values() for crash in tally.crashes]
    if crashes:
        sys.exit("\n".join([f"kept in {FOUND}:", *crashes]))


if __name__ == "__main__":
    main()
