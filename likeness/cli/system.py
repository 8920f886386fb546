"""How a deployment stands by its own account: what the API says, where its servers are not to be reached."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from core.times import span
from likeness.cli.api import api_client
from likeness.cli.terminal import say, table


def show_system(url: str, *, as_json: bool) -> None:
    """Ask the API at this URL and print what it says."""
    with api_client(url) as client:
        found = client.system()
    if as_json:
        click.echo(json.dumps(dict(found)))
        return
    if deployment := found["deployment"]:
        rows = table("queue", "waiting", "oldest", "taken by")
        for queue in deployment["queues"]:
            oldest = "" if queue["oldest_s"] is None or not queue["waiting"] else span(queue["oldest_s"])
            rows.add_row(queue["name"], str(queue["waiting"]), oldest, ", ".join(queue["workers"]) or "NOBODY")
        rows.show()
    for line in _lines(found):
        say(line)


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    wrong = "; ".join(check["detail"] for check in found["checks"].values() if not check["ok"])
    yield f"API        {found['version']}, {f'not ready: {wrong}' if wrong else 'ready'}"
    for engine in found["engines"] or ():
        yield f"holds      {engine['pack']} on {engine['provider']}, {engine['workers']} workers"
    of, counts = ("all", found["deployment"]) if found["deployment"] else ("own", found["own"] or {})
    for name in ("comparisons", "batches", "evaluations"):
        if open_ := counts.get(name):
            oldest_s = open_["queued_oldest_s"]
            oldest = "" if oldest_s is None else f", the oldest for {span(oldest_s)}"
            yield f"{of:<10} {name}: {open_['queued']} queued{oldest}; {open_['running']} running"
    for finding in (found["deployment"] or {}).get("findings", ()):
        if finding["verdict"] != "ok":
            yield f"{finding['verdict']:<10} {finding['part']}: {finding['found']}"
            yield f"{'':<10} -> {finding['remedy']}"
