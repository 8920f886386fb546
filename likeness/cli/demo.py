"""`likeness demo`: everything once, from nothing to two decisions."""

import time

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from core.settings import default_home, load_settings
from likeness.cli.packs import fetch_packs
from likeness.client import Client

PAIRS = (("obama.jpg", "obama2.jpg", "mated"), ("obama.jpg", "biden.jpg", "non-mated"))


@click.command()
def demo() -> None:
    """Start everything, verify a mated and a non-mated pair of real photographs, show the answers, stop."""
    from infra.local.samples import fetch_samples
    from infra.local.stack import start_stack

    began = time.monotonic()
    console = Console(highlight=False, soft_wrap=True)
    fetch_packs(load_settings())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("fetching the sample photographs", total=None)
        samples = fetch_samples(default_home(), lambda done, total: bar.update(task, completed=done, total=total))
    with start_stack(say=console.print) as stack, Client(stack.api_url) as client:
        console.print(f"The stack is up at {stack.api_url} after {time.monotonic() - began:.0f} s.\n")
        for reference, probe, truth in PAIRS:
            submitted_at = time.monotonic()
            job = client.submit(samples[reference].read_bytes(), samples[probe].read_bytes())
            job = client.wait(job.id)
            decision = (job.decision or "no decision").replace("_", "-")
            console.print(f"  reference {reference:<12} probe {probe:<12} ({truth})")
            if job.score is None:
                console.print(f"  [red]{job.status}: {job.document['error'] or job.reasons}[/red]\n")
            else:
                console.print(
                    f"  [bold]{decision}[/bold], score {job.score:.4f}, threshold {job.threshold:g} "
                    f"({job.document['threshold_origin']})\n"
                    f"  pack {job.document['pack']}, "
                    f"{(time.monotonic() - submitted_at) * 1000:.0f} ms from upload to answer\n"
                )
    console.print(
        "Everything is stopped. Next: `make up`, then `.venv/bin/likeness compare ONE.jpg TWO.jpg`; "
        f"photographs to try are in {samples[PAIRS[0][0]].parent}."
    )
