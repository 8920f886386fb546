"""What further looks are worth: `python -m bench.turned --lfw ARCHIVE --pairs pairs.txt`, or `--cfp ARCHIVE`.

Prints the tables of docs/engine.md, "Looks". Needs the fetched pack, and the archives as they are published.
"""

import tarfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np
import numpy.typing as npt

from bench.quality import ARCHIVE, table
from core.packs.catalogue import find_pack, load_catalogue
from core.score import comparison_scores
from core.settings import load_settings
from core.vocabulary import Policy
from evaluator.metrics.folds import FoldAccuracy, accuracy_10fold
from evaluator.metrics.scores import ScoreSet
from worker.engine.contract import Acquired
from worker.engine.engine import Engine

QUARTERS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
TURNS_DEG = (0, 15, -15, 30, -30, 45, -45, 90, 180, 270)
#: A face whose image was turned by more than this did not just lean.
LYING_DEG = 60


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The face of an image, if there was one."""

    embedding: npt.NDArray[np.float32] | None
    turned_deg: int = 0


def turned(body: bytes, clockwise_deg: int) -> bytes:
    """The image in a frame of the same size, its edges repeated; without loss."""
    if not clockwise_deg:
        return body
    image = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR_BGR)
    assert image is not None
    if clockwise_deg in QUARTERS:
        image = cv2.rotate(image, QUARTERS[clockwise_deg])
    else:
        height, width = image.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -clockwise_deg, 1)
        image = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return bytes(cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1])


def find(engine: Engine, body: bytes, policy: Policy) -> Found:
    """As an evaluation does."""
    acquired = engine.acquire(body, policy)
    if not isinstance(acquired, Acquired):
        return Found(None)
    return Found(engine.embed([acquired.crop])[0], acquired.face.turned_deg)


def score(reference: Found, probe: Found) -> float:
    """NaN where either has no face."""
    if reference.embedding is None or probe.embedding is None:
        return float("nan")
    return float(comparison_scores([reference.embedding], [probe.embedding])[0])


def files(archive: Path, wanted: Iterable[str] | None = None) -> dict[str, bytes]:
    """By the name within the archive; with `wanted`, by these last parts of it."""
    ends = None if wanted is None else set(wanted)
    found = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            name = member.name if ends is None else member.name.rsplit("/", 1)[-1]
            if member.isfile() and (ends is None or name in ends) and (file := tar.extractfile(member)):
                found[name] = file.read()
    return found


def lfw_pairs(pairs: Path, *, mated: bool) -> list[tuple[str, str]]:
    """Names of files, in the list's order."""
    rows = [line.split() for line in pairs.read_text(encoding="utf-8").splitlines()[1:]]
    if mated:
        named = [(row[0], row[1], row[0], row[2]) for row in rows if len(row) == 3]
    else:
        named = [(row[0], row[1], row[2], row[3]) for row in rows if len(row) == 4]
    return [(f"{a}_{int(i):04d}.jpg", f"{b}_{int(j):04d}.jpg") for a, i, b, j in named]


def turned_pairs(
    engine: Engine, threshold: float, lfw: Path, pairs: Sequence[tuple[str, str]], policy: Policy, turns: Sequence[int]
) -> str:
    """The reference upright, the probe turned."""
    bodies = files(lfw, {name for pair in pairs for name in pair})
    references = {name: find(engine, bodies[name], policy) for name, _ in pairs}
    rows = []
    for clockwise_deg in turns:
        probes = [turned(bodies[name], clockwise_deg) for _, name in pairs]
        start = time.process_time()
        found = [find(engine, body, policy) for body in probes]
        cost_ms = (time.process_time() - start) * 1000 / len(pairs)
        scores = np.array([score(references[name], probe) for (name, _), probe in zip(pairs, found, strict=True)])
        counts = ((scores >= threshold).sum(), (scores < threshold).sum(), np.isnan(scores).sum())
        looked = sum(probe.turned_deg != 0 for probe in found)
        rows.append(
            [f"{clockwise_deg:+d}", *map(str, counts), f"{np.nanmean(scores):.3f}", str(looked), f"{cost_ms:.1f}"]
        )
    head = ["probe turned by", "match", "non-match", "not acquired", "mean score", "seen turned", "CPU ms a probe"]
    return table(head, rows)


def across_poses(engine: Engine, cfp: Path, policy: Policy) -> str:
    """Both protocols of CFP: ten folds of 350 + 350 pairs; what is not acquired is left out of the accuracy."""
    all_files = files(cfp)
    root = next(name for name in all_files if name.endswith("/Protocol/Pair_list_F.txt")).removesuffix(
        "Pair_list_F.txt"
    )
    found = {name: find(engine, body, policy) for name, body in all_files.items() if name.endswith(".jpg")}

    def listed(letter: str) -> dict[str, str]:
        lines = all_files[f"{root}Pair_list_{letter}.txt"].decode().split("\n")
        parts = (line.split() for line in lines if line.strip())
        return {number: root.removesuffix("Protocol/") + path.removeprefix("../") for number, path in parts}

    frontal, rows = listed("F"), []
    for protocol, probes in (("FF", frontal), ("FP", listed("P"))):
        scores, mated, folds, names = [], [], [], set()
        for fold in range(1, 11):
            for kind in ("same", "diff"):
                text = all_files[f"{root}Split/{protocol}/{fold:02d}/{kind}.txt"].decode()
                for line in filter(str.strip, text.splitlines()):
                    first, second = line.strip().split(",")
                    names |= {frontal[first], probes[second]}
                    scores.append(score(found[frontal[first]], found[probes[second]]))
                    mated.append(kind == "same")
                    folds.append(fold)
        acquired = ~np.isnan(scores)
        accuracy = accuracy_10fold(ScoreSet(np.array(scores), np.array(mated), acquired, np.array(folds)))
        assert isinstance(accuracy, FoldAccuracy)
        lying = sum(LYING_DEG < found[name].turned_deg < 360 - LYING_DEG for name in names)
        leaning = sum(found[name].turned_deg != 0 for name in names) - lying
        missed = sum(found[name].embedding is None for name in names)
        figure = f"{100 * accuracy.mean:.2f} % +- {100 * accuracy.std:.2f}"
        rows.append([protocol, policy, str(len(names)), str(missed), str(leaning), str(lying), figure])
    head = [
        "protocol",
        "policy",
        "images",
        "not acquired",
        "straightened",
        f"turned by more than {LYING_DEG}",
        "accuracy",
    ]
    return table(head, rows)


@click.command()
@click.option("--lfw", type=ARCHIVE, help="lfw-deepfunneled.tgz")
@click.option("--pairs", type=ARCHIVE, help="LFW's pairs.txt")
@click.option("--cfp", type=ARCHIVE, help="cfp-dataset.tgz, in the place of LFW")
@click.option("--pack", "name", default="opencv-zoo", show_default=True, help="The pack whose detector is asked.")
@click.option(
    "--policy", type=click.Choice([policy.value for policy in Policy]), default=Policy.LARGEST.value, show_default=True
)
@click.option("--count", default=300, show_default=True, help="Of LFW's pairs, the first so many; 300 are fold 1.")
@click.option("--non-mated", is_flag=True, help="Pairs of two persons.")
@click.option("--turn", "turns", type=int, multiple=True, default=TURNS_DEG, help="Clockwise, in degrees.")
def main(
    lfw: Path | None,
    pairs: Path | None,
    cfp: Path | None,
    name: str,
    policy: str,
    count: int,
    non_mated: bool,
    turns: tuple[int, ...],
) -> None:
    """Print the tables of docs/engine.md, "Looks"."""
    settings = load_settings()
    pack = find_pack(name, load_catalogue(settings.home))
    engine = Engine.load(pack, settings.packs.path / pack.name, settings.engine)
    if cfp:
        click.echo(across_poses(engine, cfp, Policy(policy)))
    elif lfw and pairs:
        some = lfw_pairs(pairs, mated=not non_mated)[:count]
        click.echo(turned_pairs(engine, pack.threshold.value, lfw, some, Policy(policy), turns))
    else:
        raise click.UsageError("give --lfw and --pairs, or --cfp")


if __name__ == "__main__":
    main()
