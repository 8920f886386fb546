"""`likeness demo`: everything once, from nothing to two decisions."""

import time
from contextlib import ExitStack

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from core.settings import default_home, load_settings
from likeness.cli.api import api_client
from likeness.cli.packs import fetch_packs
from likeness.client import Client

PAIRS = (("obama.jpg", "obama2.jpg", "mated"), ("obama.jpg", "biden.jpg", "non-mated"))


@click.command()
def demo() -> None:
    """Start everything, verify a mated and a non-mated pair of real photographs, show the answers, stop.

    A stack that is running already is asked instead, and goes on.
    """
    from infra.local.samples import fetch_samples
    from infra.local.stack import StackRunning, start_stack

    began = time.monotonic()
    console = Console(highlight=False, soft_wrap=True)
    fetch_packs(load_settings())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("fetching the sample photographs", total=None)
        samples = fetch_samples(default_home(), lambda done, total: bar.update(task, completed=done, total=total))
    with ExitStack() as until_the_end:
        try:
            url = until_the_end.enter_context(start_stack(say=console.print)).api_url
            client = until_the_end.enter_context(Client(url))
            console.print(f"The stack is up at {url} after {time.monotonic() - began:.0f} s.\n")
            ending = "Everything is stopped. Next: `make up`, then"
        except StackRunning:
            client = until_the_end.enter_context(api_client(None))
            console.print("A stack is running already in this home: it is asked, and goes on.\n")
            ending = "Next:"
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
        f"{ending} `.venv/bin/likeness compare ONE.jpg TWO.jpg`; "
        f"photographs to try are in {samples[PAIRS[0][0]].parent}."
    )
