"""`likeness doctor`: what is well, what is not, and what to do."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

import click

from core.deployment import findings
from core.deployment.finding import Finding, Verdict, fail, found_by
from core.deployment.standing import Standing, standing
from core.errors import LikenessError
from core.settings import Settings, load_settings
from likeness.cli.doctor import configuration, engine, machine, parts, servers
from likeness.cli.terminal import say, width, wrapped

COLOURS = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of findings.")
def doctor(as_json: bool) -> None:
    """Look at everything that a deployment stands on, and say what to do where it is not well.

    Packages, settings, home, disk, ports, packs and licences, provider, Redis, the object store, clocks, the API,
    workers, queues and deliveries; on this machine, and on the servers that the settings name. An object is stored
    in the bucket and deleted again; nothing else is changed. Where nothing runs, what is needed for a start is told.

    \b
    Exit status: 0 nothing failed; there may be warnings
                 1 a line says fail
    """
    told = []
    for finding in examine(load_settings()):
        told.append(finding)
        if not as_json:
            _tell(finding)
    failed, warned = (sum(f.verdict is verdict for f in told) for verdict in (Verdict.FAIL, Verdict.WARN))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in told], indent=2))
    else:
        click.echo(f"{len(told)} looked at: {failed} failed, {warned} with a warning")
    sys.exit(1 if failed else 0)


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything, in a fixed order. What cannot be looked at for want of something before it is left out."""
    yield from machine.packages()
    yield from found_by("settings", lambda: configuration.configuration(settings), configuration.CORRECT)
    yield from found_by("home", machine.state, "let LIKENESS_HOME name a directory of this user's")
    is_named = _is_named(settings)
    if is_named is None:
        return  # the settings are wrong, and that was said
    found: Standing | None = None
    runs = parts.stack_runs()
    yield from parts.local_stack(settings)
    if not runs:
        yield from machine.ports()
    redis_is_named, store_is_named = is_named
    if redis_is_named:
        of_redis = [*servers.redis(settings)]
        yield from of_redis
        yield from found_by("rabbitmq", lambda: servers.broker(settings), "correct LIKENESS_BROKER_URL")
        if of_redis[0].verdict is not Verdict.FAIL:
            try:
                found = standing(settings)
            except LikenessError as error:
                yield fail("workers", str(error), "see the lines above")
    if store_is_named:
        yield from found_by("object store", lambda: servers.store(settings), "correct LIKENESS_S3_ENDPOINT")
    held = {
        e.pack.name: worker.name for worker in (found.workers if found else ()) if worker.facts
        for e in worker.facts.engines
    }  # fmt: skip
    begun = redis_is_named or runs
    yield from found_by("packs", lambda: engine.packs(settings, held, is_begun=begun), "correct the pack list it names")
    yield from engine.provider(settings)
    if begun:
        yield from parts.api(settings, runs=runs)
    if found:
        yield from findings.workers(found, settings)
        yield from findings.queues(found)
        yield from findings.deliveries(found)


def _is_named(settings: Settings) -> tuple[bool, bool] | None:
    """Whether Redis and the object store are named; None where the settings cannot be read."""
    if settings.faults():
        return None
    return settings.redis.url is not None, settings.objects.endpoint is not None


def _tell(finding: Finding) -> None:
    first, *rest = wrapped(f"{finding.verdict:<5} {finding.part:<22} {finding.found}", width(), indent=29)
    click.echo(click.style(first[:5], fg=COLOURS[finding.verdict]) + first[5:])
    for line in rest:
        click.echo(line)
    if finding.remedy:
        say(f"{'':<28} -> {finding.remedy}", indent=32)
