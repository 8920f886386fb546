"""Every verb of `evaluate`, with all that they stand on: imported when somebody looks."""

import click

from likeness.cli.evaluate import comparing, datasets, overview, pad, results, runs, transferring

VERBS: tuple[click.Command, ...] = (
    *(datasets.import_, datasets.fetch, datasets.datasets),
    *(runs.run, runs.resume, runs.watch, runs.list_, runs.show, runs.cancel, runs.erase),
    *(results.report, results.recompute, results.calibrate),
    *(comparing.compare, transferring.transfer, overview.index, pad.pad),
)
