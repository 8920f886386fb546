"""`likeness batch`: many pairs from a terminal."""

import json
import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from likeness.batches import BatchJob
from likeness.cli.api import api_client
from likeness.cli.evaluate.services import progress_bar
from likeness.cli.pair_lists import Bundle, bundles, each_with, read_list
from likeness.cli.terminal import say
from likeness.cli.terms import terms
from likeness.cli.uploading import uploaded
from likeness.client import ApiError, ApiRefused, Client

#: Refusals that pass once batches end.
FULL = (
    *("too_many_batches", "queue_full", "too_many_uploads", "rate_limited", "upload_bytes_exceeded"),
    "too_many_open_uploads",
)
#: Of uploads that were put before and are over.
OVER = ("upload_expired", "upload_missing", "upload_unknown")
LOOK_S = 1.0


@click.command()
@click.argument("pairs", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the photographs lie that PAIRS names. Default: beside PAIRS.",
)
@click.option(
    "--reference",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="In place of PAIRS: compare this photograph with each one of the folder.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for the rows: .csv, or .jsonl for everything that is known of each pair.",
)
@terms
@click.option("--expires-in", type=click.FloatRange(min=0), help="Seconds: cancel a batch that is not begun by then.")
@click.option("--callback-url", help="Where to announce the end of each batch.")
@click.option("--wait/--no-wait", default=True, help="Follow to the end (default), or print ids and return.")
@click.option("--again", is_flag=True, help="Compare anew what was compared before.")
@click.option("--batch-pairs", type=click.IntRange(1), default=2000, show_default=True, help="Pairs a batch, at most.")
@click.option(
    "--batch-photographs", type=click.IntRange(2), default=1000, show_default=True, help="Photographs a batch, at most."
)
@click.option(
    "--batch-mb", type=click.FloatRange(0.1), default=32.0, show_default=True, help="Megabytes a batch, at most."
)
@click.option(
    "--upload/--no-upload",
    default=False,
    help="Put the photographs into the object store, past the API, where the deployment takes uploads: then no batch "
    "is too large in megabytes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print each batch as a JSON document a line.")
@click.option("--url", help="The API. Default: LIKENESS_API_URL, or the running local stack.")
def batch(
    pairs: Path | None,
    folder: Path | None,
    reference: Path | None,
    out: Path | None,
    wait: bool,
    again: bool,
    batch_pairs: int,
    batch_photographs: int,
    batch_mb: float,
    upload: bool,
    as_json: bool,
    url: str | None,
    **fields: Any,
) -> None:
    """Compare the PAIRS of a list: a CSV with the columns reference, probe and maybe custom_id, or JSON Lines.

    \b
      likeness batch pairs.csv --folder photographs/ --out results.csv
      likeness batch --reference one.jpg --folder photographs/ --out results.jsonl

    Each photograph is sent once a batch. A long list becomes several batches. Run again after a break, the same command
    goes on where it was: batches that were accepted within the last day are found and not made again.

    \b
    Exit status: 0 every pair has its row, whatever became of it (or submitted, with --no-wait)
                 1 a batch was refused or the API did not answer
                 4 a batch failed or was cancelled: the rows that there are were written
    """
    if (pairs is None) == (reference is None):
        raise click.UsageError("give a list of PAIRS, or one --reference and the --folder of its probes")
    if out is not None and out.suffix.lower() not in (".csv", ".jsonl"):
        raise click.BadParameter("must end in .csv or .jsonl", param_hint="--out")
    if out is not None and not wait:
        raise click.UsageError("--out has rows to write only with --wait")
    elsewhere: dict[str, Path] = {}
    if pairs is not None:
        listed, lies_in = read_list(pairs), folder or pairs.parent
    elif reference is not None and folder is not None:
        called, listed = each_with(reference, folder, out)
        elsewhere, lies_in = {called: reference}, folder
    else:
        raise click.UsageError("--reference is compared with the photographs of a --folder: name it")
    cut = bundles(
        listed,
        lies_in,
        elsewhere,
        most_pairs=batch_pairs,
        most_photographs=batch_photographs,
        most_bytes=sys.maxsize if upload else int(batch_mb * 1e6),
    )
    salt = secrets.token_hex(8) if again else ""
    with api_client(url) as client, progress_bar(f"{len(listed)} pairs") as move:
        batches = Following(client, total=len(listed), move=move, uploads=upload, looks=wait)
        try:
            for bundle in cut:
                batches.submit(bundle, {name: value for name, value in fields.items() if value is not None}, salt)
            if wait:
                batches.follow()
            if out is not None:
                _write(client, out, batches.all)
        except ApiError:
            for one in batches.all:
                click.echo(f"the batch {one.id} was accepted{'' if one.has_ended else ', and goes on'}", err=True)
            raise
    for one in batches.all:
        if as_json:
            click.echo(json.dumps(dict(one.document)))
        else:
            say(in_a_line(one), indent=4)
    if out is not None and not as_json:
        click.echo(f"rows       {out}")
    if wait and any(one.status != "succeeded" for one in batches.all):
        sys.exit(4)


class Following:
    """Batches that are submitted one after the other, and followed together.

    Unless it `looks`, none is asked for that was accepted: a key may be allowed to submit alone.
    """

    def __init__(
        self,
        client: Client,
        *,
        total: int,
        move: Callable[[int, int], None],
        uploads: bool = False,
        looks: bool = True,
    ) -> None:
        self._client = client
        self._looks = looks
        self._uploads = uploads
        self._total = total
        self._move = move
        self.all: list[BatchJob] = []

    def submit(self, bundle: Bundle, fields: dict[str, Any], salt: str) -> None:
        """One more; where too many are open, once there is room."""
        key, pairs = bundle.key(fields, salt), [pair.document for pair in bundle.pairs]
        photographs: Mapping[str, Path | str] | None = None
        while True:
            try:
                if photographs is None:
                    photographs = uploaded(self._client, bundle.files) if self._uploads else bundle.files
                one = self._client.batches.submit(photographs, pairs, idempotency_key=key, **fields)
            except ApiRefused as error:
                if self._uploads and error.code in OVER:  # it had to wait for too long
                    photographs = None
                    continue
                if error.code == "job_not_found":  # the answer to a key whose batch was erased since
                    raise click.ClickException("these pairs were compared, and erased since: add --again") from None
                if error.code not in FULL:
                    raise
                self._look()
                time.sleep(LOOK_S)
            else:
                self.all.append(one)
                if self._looks:
                    self._look()
                return

    def follow(self) -> None:
        """To the end of all."""
        while not all(one.has_ended for one in self.all):
            waited = next(one for one in self.all if not one.has_ended)
            self._client.batches.get(waited.id, wait_s=LOOK_S)
            self._look()

    def _look(self) -> None:
        self.all = [one if one.has_ended else self._client.batches.get(one.id) for one in self.all]
        self._move(sum(one.done for one in self.all), self._total)


def _write(client: Client, out: Path, batches: Sequence[BatchJob]) -> None:
    """Every row, in the order of the list; whole, or not at all."""
    form = out.suffix.lower().removeprefix(".")
    part = out.with_name(f"{out.name}.part")
    with part.open("w", encoding="utf-8", newline="") as file:
        for number, one in enumerate(batches):
            text = client.batches.file(one.id, form)
            file.write(text if form == "jsonl" or number == 0 else text.partition("\r\n")[2])
    part.replace(out)


def in_a_line(one: BatchJob) -> str:
    """How it stands, for people."""
    counts = one.counts
    said = (
        f"{one.id}  {one.status}, {one.done} of {one.pairs} pairs: {counts['matches']} matches, "
        f"{counts['non_matches']} non-matches, {counts['not_acquired']} not acquired, {counts['failed']} failed"
    )
    error = one.document["error"]
    return f"{said}; {error['code']}: {error['message']}" if error else said
