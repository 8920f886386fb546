"""`evaluate pad`: how well a liveness pack tells attacks from people, on images of one's own."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.errors import SettingsInvalid
from core.packs.catalogue import PackKind, find_pack, load_catalogue
from core.settings import load_settings
from core.vocabulary import Policy
from evaluator.datasets.presentations import Presentation, read_presentations
from evaluator.report import build_pad_page
from evaluator.report.pad import JudgedImage, build_pad_report, pad_lines
from likeness.cli.evaluate.services import FILE, progress_bar
from likeness.cli.terminal import table

if TYPE_CHECKING:
    from worker.engine.engine import Engine


@click.command()
@click.argument("list_file", metavar="CSV", type=FILE)
@click.option(
    "--images",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the images lie that the CSV names. Default: beside it.",
)
@click.option("--liveness-pack", help="The pack that judges. Default: LIKENESS_LIVENESS_PACK.")
@click.option("--pack", help="The pack whose detector finds the faces. Default: LIKENESS_DEFAULT_PACK.")
@click.option(
    "--policy",
    type=click.Choice([policy.value for policy in Policy]),
    help="Which face counts where an image shows several. Default: LIKENESS_DEFAULT_POLICY.",
)
@click.option("--threshold", type=click.FloatRange(0, 1), help="On the liveness score. Default: the deployment's.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the report here, as JSON.")
@click.option(
    "--page", type=click.Path(dir_okay=False, path_type=Path), help="Write the report here, as one HTML page."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def pad(
    list_file: Path,
    images: Path | None,
    liveness_pack: str | None,
    pack: str | None,
    policy: str | None,
    threshold: float | None,
    out: Path | None,
    page: Path | None,
    as_json: bool,
) -> None:
    """Measure presentation attack detection on the images of CSV: APCER by species, BPCER (ISO/IEC 30107-3).

    \b
    The CSV has the columns image, bona_fide, attack: a path, 1 or 0, and the species of attack where it is 0.
    It runs in this process, on this machine's packs and cores; no worker has anything to do with it.
    """
    from worker.engine.engine import Engine
    from worker.engine.liveness import LivenessNetworks
    from worker.packs.verify import verify

    settings = load_settings()
    presentations = read_presentations(list_file, images)
    catalogue = load_catalogue(settings.home)
    name = liveness_pack or settings.packs.liveness
    if name is None:
        raise SettingsInvalid("no pack judges liveness: name one with --liveness-pack, or set LIKENESS_LIVENESS_PACK")
    judge = find_pack(name, catalogue, PackKind.LIVENESS)
    detector = find_pack(pack or settings.packs.default, catalogue, PackKind.RECOGNITION)
    for needed in (judge, detector):
        verify(needed, settings.packs.path / needed.name, settings.packs)
    networks = LivenessNetworks.load(
        judge,
        settings.packs.path / judge.name,
        threshold=settings.packs.liveness_threshold if threshold is None else threshold,
        intra_op_threads=settings.engine.intra_op_threads,
    )
    engine = Engine.load(detector, settings.packs.path / detector.name, settings.engine, liveness=networks)
    face_policy = Policy(policy) if policy else settings.packs.default_policy
    with progress_bar("judging") as progress:
        judged = _judged(engine, presentations, face_policy, settings.engine.threads, progress)
    facts = {
        "list": {"name": list_file.name, "sha256": sha256(list_file.read_bytes()).hexdigest()},
        "liveness_pack": {"name": networks.pack.name, "digest": networks.pack.digest, "licence": judge.licence},
        "detector_pack": {"name": engine.facts.pack.name, "digest": engine.facts.pack.digest},
        "policy": face_policy.value,
        "provider": engine.facts.provider,
        "detection_size": engine.facts.detection_size,
        "detection_threshold": engine.facts.detection_threshold,
        "min_face_px": engine.facts.min_face_px,
        "likeness_version": version("likeness"),
    }
    made = build_pad_report(judged, facts, networks.threshold)
    report = json.dumps(made, indent=2) + "\n"
    if out is not None:
        out.write_text(report, encoding="utf-8")
    if page is not None:
        page.write_text(build_pad_page(made), encoding="utf-8")
    if as_json:
        click.echo(report, nl=False)
        return
    rows = table(f"at threshold {networks.threshold:g}", "rate (95 % interval)", "counts")
    for row in pad_lines(judged, networks.threshold):
        rows.add_row(*row)
    rows.show()
    click.echo(f"{judge.name} {networks.pack.digest}, faces found by {detector.name}, of {len(judged)} images")
    for written in (out, page):
        if written is not None:
            click.echo(f"the report is in {written}")


def _judged(
    engine: "Engine",
    presentations: Sequence[Presentation],
    policy: Policy,
    threads: int,
    progress: Callable[[int, int], None],
) -> list[JudgedImage]:
    def judge(presentation: Presentation) -> JudgedImage:
        body = presentation.path.read_bytes()
        digest = sha256(body).hexdigest()
        return JudgedImage(presentation.image, digest, presentation.species, engine.judge(body, policy))

    judged = []
    with ThreadPoolExecutor(threads, thread_name_prefix="judge") as pool:
        for image in pool.map(judge, presentations):
            judged.append(image)
            progress(len(judged), len(presentations))
    return judged
