"""`likeness compare`: two images and a decision, from a terminal."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from likeness.cli.api import api_client
from likeness.cli.terminal import say
from likeness.cli.terms import terms
from likeness.client import ApiError, ComparisonJob

IMAGE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("reference", type=IMAGE)
@click.argument("probe", type=IMAGE)
@click.option("--wait/--no-wait", default=True, help="Wait for the job to end (default), or print its id and return.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0),
    default=120.0,
    show_default=True,
    help="Seconds to wait at most.",
)
@terms
@click.option(
    "--expires-in", type=click.FloatRange(min=0), help="Seconds: cancel it if no worker has begun it by then."
)
@click.option(
    "--upload/--no-upload",
    default=False,
    help="Put both images into the object store, past the API, where the deployment takes uploads.",
)
@click.option("--callback-url", help="Where to announce the end; `likeness webhooks listen` receives it here.")
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
@click.option("--url", help="The API. Default: LIKENESS_API_URL, or the running local stack.")
def compare(
    reference: Path,
    probe: Path,
    wait: bool,
    timeout_s: float,
    pack: str | None,
    policy: str | None,
    threshold: float | None,
    target_fmr: float | None,
    quality: str | None,
    liveness: str | None,
    liveness_sides: str | None,
    expires_in: float | None,
    upload: bool,
    callback_url: str | None,
    as_json: bool,
    url: str | None,
) -> None:
    """Compare the face in PROBE with the face in REFERENCE.

    \b
    Exit status: 0 compared, whatever the decision (or submitted, with --no-wait)
                 1 the request was refused or the API did not answer
                 3 no usable face in one of the images
                 4 the job failed, was cancelled, or did not end in time
    """
    with api_client(url) as client:
        files = {"reference": reference, "probe": probe}
        images = client.uploads.put(files) if upload else {name: file.read_bytes() for name, file in files.items()}
        job = client.submit(
            images["reference"],
            images["probe"],
            pack=pack,
            policy=policy,
            threshold=threshold,
            target_fmr=target_fmr,
            quality=quality,
            liveness=liveness,
            liveness_sides=liveness_sides,
            expires_in=expires_in,
            callback_url=callback_url,
        )
        if wait:
            try:
                job = client.wait(job.id, timeout_s=timeout_s)
            except ApiError:
                click.echo(f"the job {job.id} was accepted, and goes on", err=True)
                raise
    if as_json:
        click.echo(json.dumps(dict(job.document), indent=2))
    else:
        say(describe(job))
    if wait:
        sys.exit(_exit_status(job))


def describe(job: ComparisonJob) -> str:
    """The job in a few lines for people."""
    document = job.document
    lines = [f"job        {job.id} ({job.status})"]
    if job.outcome == "compared":
        lines += [
            f"decision   {(job.decision or '').replace('_', '-')}",
            f"score      {job.score:.4f}  (threshold {job.threshold:g}: {document['threshold_origin']})",
            *_calibration(job),
        ]
    elif job.outcome == "not_acquired":
        lines.append("decision   none: not compared")
        lines += [f"{r['side']:<10} {r['reason']}: {r['detail']}" for r in job.reasons]
    elif document["error"]:
        lines.append(f"error      {document['error']['code']}: {document['error']['message']}")
    turns = {side: face["turned_deg"] for side, face in document["faces"].items()}
    lines += [f"{side:<10} {_seen(seen, turns.get(side, 0))}" for side, seen in job.seen.items()]
    lines += [f"{side:<10} {_judged(pad)}" for side, pad in job.pad.items()]
    lines.append(f"pack       {document['pack']} on {document['provider'] or 'no worker yet'}")
    if timings := document["timings_ms"]:
        lines.append("timings    " + ", ".join(f"{step} {ms:g} ms" for step, ms in timings.items()))
    return "\n".join(lines)


def _calibration(job: ComparisonJob) -> list[str]:
    """Where the score lies among those of the run that calibrated the pack, and the run's thresholds."""
    if (calibration := job.calibration) is None:
        return ["calibrated not: no run says what a score of this pack is worth (likeness evaluate calibrate RUN)"]
    said = [_point(point, job.score or 0.0) for point in calibration["points"]]
    return [f"standing   {calibration['detail']}", *(f"{'calibrated' * (n == 0):<10} {s}" for n, s in enumerate(said))]


def _point(point: Mapping[str, Any], score: float) -> str:
    named = f"FMR at most {point['target']:g}"
    if point["threshold"] is None:
        return f"{named}: refused, {point['refused']}"
    side = "at or above" if score >= point["threshold"] else "below"
    shown = f"{point['errors']} false matches in {point['trials']}: at most {point['high']:.3g}"
    return f"{named}: {side} {point['threshold']:.4f} ({shown}, 95 % confidence)"


def _seen(seen: Mapping[str, Any], turned_deg: int) -> str:
    """What was seen in one image, on a line."""
    said = [f"{seen['width']}x{seen['height']}", f"{seen['faces_found']} face{'s' * (seen['faces_found'] != 1)}"]
    if turned_deg:
        said.append(f"turned by {turned_deg}° to see it upright")
    if measures := seen["measures"]:
        said += [
            f"eyes {measures['inter_eye_distance_px']:.0f} px apart",
            *(f"{angle} {measures[f'{angle}_deg']:.0f}°" for angle in ("yaw", "pitch", "roll")),
            f"sharpness {measures['sharpness']:.2f}",
            f"brightness {measures['brightness']:.2f}",
            f"contrast {measures['contrast']:.2f}",
        ]
    warnings = f"; warnings: {', '.join(seen['warnings'])}" if seen["warnings"] else ""
    return ", ".join(said) + warnings


def _judged(pad: Mapping[str, Any]) -> str:
    """What one image was taken for, on a line."""
    verdict = str(pad["verdict"]).replace("_", " ")
    if pad["score"] is None:
        return f"liveness {verdict}: {pad['detail']}"
    return f"liveness {verdict}: score {pad['score']:.3f} (threshold {pad['threshold']:g}, {pad['pack']})"


def _exit_status(job: ComparisonJob) -> int:
    if job.status != "succeeded":
        return 4
    return 0 if job.outcome == "compared" else 3
